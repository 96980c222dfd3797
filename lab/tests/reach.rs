//! Stock Erlang nodes reach each other across Docker hosts with VM flags alone: no Beamport in any container.

use std::time::Duration;

use anyhow::Result;
use beamport_lab::{Agent, Host, Image, Lab, Node, NodeOptions, wait_until};

const DEADLINE: Duration = Duration::from_secs(60);

/// A node that lists itself to others, and one that does not; neither is told of third ones by those it meets.
const FLAGS: [&[&str]; 2] = [
    &["-connect_all", "false"],
    &["-connect_all", "false", "-hidden"],
];

/// Two nodes of each OTP on each host, one of them hidden: each connects to each, both ways.
///
/// That has pairs across hosts and on one host, of equal and of different releases. `-connect_all false` keeps a
/// connection from causing others, so that each ping makes its own.
#[test]
fn every_compatible_pair_connects_both_ways() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let nodes = start(&lab, &lab.otps(), &FLAGS)?;
    assert_eq!(
        nodes.len(),
        lab.otps().len() * lab.hosts().len() * FLAGS.len()
    );
    let mut wrong = Vec::new();
    for (from_otp, from) in &nodes {
        for (to_otp, to) in nodes.iter().filter(|(_, to)| to.name() != from.name()) {
            let reached = from.ping(to.name())?;
            if reached != from_otp.connects_to(*to_otp) {
                wrong.push(format!(
                    "{from_otp} {from} -> {to_otp} {to}: reached: {reached}"
                ));
            }
            if reached {
                disconnect(from, to)?;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

/// With no flag about connections, one ping each to a first node makes a full mesh, which then stays.
#[test]
fn nodes_of_compatible_releases_form_a_mesh() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let (old, new): (Vec<_>, Vec<_>) = lab.otps().into_iter().partition(|otp| *otp == Image::Otp23);
    mesh(&start(&lab, &new, &[&[]])?)?;
    let old = [old, vec![Image::Otp25]].concat();
    // The others are left alone: 23 and 27 refuse each other, and a mesh has all or none.
    mesh(&start(&lab, &old, &[&[]])?)
}

/// A container's name, full id and label are names for its node too, if the VM was given one of them.
#[test]
fn a_node_may_be_named_after_its_container_or_label() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let image = lab.image(Image::Otp25)?;
    let asking = lab.host(2)?.node(&image, &NodeOptions::default())?;
    for docker in [["--name", "orders"], ["--label", "beamport.name=orders"]] {
        let options = NodeOptions {
            name: Some("orders"),
            docker: &docker,
            ..NodeOptions::default()
        };
        let node = lab.host(1)?.node(&image, &options)?;
        assert!(asking.ping("orders@10.99.0.1")?, "{docker:?}");
        lab.host(1)?.docker(["rm", "--force", node.container()])?;
        wait_until("the node to be gone", DEADLINE, || {
            asking
                .connected()
                .is_ok_and(|connected| connected.is_empty())
        })?;
    }
    Ok(())
}

/// Docker publishes a restarted container on a new port. The agent knows at once.
#[test]
fn a_restarted_container_is_found_under_its_new_port() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let image = lab.image(Image::Otp25)?;
    let asking = lab.host(1)?.node(&image, &NodeOptions::default())?;
    let mut restarted = lab.host(2)?.node(&image, &NodeOptions::default())?;
    assert!(asking.ping(restarted.name())?);
    let before = restarted.published_port()?;
    let host = lab.host(2)?;
    host.docker(["kill", restarted.container()])?;
    // Another container takes the port, so that it cannot come back by chance.
    let taken = format!("{before}:{before}");
    host.docker([
        "run",
        "--detach",
        "--publish",
        &taken,
        &image,
        "sleep",
        "600",
    ])?;
    host.docker(["start", restarted.container()])?;
    restarted.wait_up()?;
    assert_ne!(restarted.published_port()?, before);
    assert!(asking.ping(restarted.name())?);
    Ok(())
}

fn agents(lab: &Lab) -> Result<Vec<Agent>> {
    lab.hosts()
        .iter()
        .map(|host| host.agent(lab.binary(), [""; 0]))
        .collect()
}

/// Starts on every host, for each release, one node for each set of VM flags; hosts work at the same time.
fn start(lab: &Lab, otps: &[Image], flags: &[&[&str]]) -> Result<Vec<(Image, Node)>> {
    let on_host = |host: &Host| -> Result<Vec<(Image, Node)>> {
        let mut nodes = Vec::new();
        for otp in otps {
            let image = lab.image(*otp)?;
            for erl in flags {
                let options = NodeOptions {
                    erl,
                    ..NodeOptions::default()
                };
                nodes.push((*otp, host.node(&image, &options)?));
            }
        }
        Ok(nodes)
    };
    let on_hosts = std::thread::scope(|scope| {
        let threads: Vec<_> = lab
            .hosts()
            .iter()
            .map(|host| scope.spawn(move || on_host(host)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("starting nodes panicked"))
            .collect::<Result<Vec<_>>>()
    })?;
    Ok(on_hosts.concat())
}

/// A last message under way makes VMs connect again by themselves, so they are told until both are alone.
fn disconnect(from: &Node, to: &Node) -> Result<()> {
    let leave = |node: &Node| {
        let all = "[erlang:disconnect_node(N) || N <- nodes(connected)] =:= [].";
        node.eval(all).is_ok_and(|alone| alone == "true")
    };
    wait_until(&format!("{from} and {to} to be alone"), DEADLINE, || {
        leave(from) & leave(to)
    })
}

fn mesh(nodes: &[(Image, Node)]) -> Result<()> {
    let Some(((_, first), others)) = nodes.split_first() else {
        return Ok(());
    };
    for (_, node) in others {
        assert!(node.ping(first.name())?, "{node} -> {first}");
    }
    for (_, node) in nodes {
        wait_until(&format!("{node} to be connected to all"), DEADLINE, || {
            node.connected()
                .is_ok_and(|connected| connected.len() == others.len())
        })?;
    }
    Ok(())
}
