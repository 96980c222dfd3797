//! Who nodes are, and that they reach each other under that name.

use anyhow::{Result, ensure};
use beamport_lab::{Image, Lab, wait_until};

use crate::support::{DEADLINE, ERL, Node, Recipe, address, agents};

#[test]
fn every_compatible_pair_of_otp_releases_connects_across_hosts_and_on_one() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let mut nodes = Vec::new();
    for host in lab.hosts() {
        for image in lab.otps() {
            nodes.push((image, Recipe::plain(image).start(&lab, host)?));
        }
    }
    for (_, node) in &nodes {
        node.wait_registered(1)?;
    }
    for (image, node) in &nodes {
        let others: Vec<&Node> = nodes
            .iter()
            .filter(|(other, _)| image.connects_to(*other))
            .map(|(_, other)| other)
            .filter(|other| other.name != node.name)
            .collect();
        ensure!(others.len() > 2);
        node.ping(&others)?;
    }
    Ok(())
}

#[test]
fn names_and_hosts_are_chosen_and_made_of_what_is_known() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let plain = Recipe::plain(Image::Otp25);
    let shop = Recipe::shop();
    let templated = Recipe {
        docker: &["-p", "12345", "--name", "web.1"],
        run: &["--name", "{container_name}-of-shop@{host}"],
        name: Some("web_1-of-shop"),
        ..plain
    };
    // No id is to be seen in its host name: it is the agent's answer that tells.
    let renamed = Recipe {
        docker: &["-p", "12345", "--hostname", "renamed"],
        ..plain
    };
    let shop = shop.registered(&lab, one)?;
    let templated = templated.registered(&lab, two)?;
    let renamed = renamed.registered(&lab, one)?;
    shop.ping(&[&templated, &renamed])?;
    templated.ping(&[&shop, &renamed])?;
    renamed.ping(&[&templated, &shop])
}

#[test]
fn two_nodes_in_one_container_each_have_a_port() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let both = Recipe {
        docker: &["-p", "12345", "-p", "12346"],
        run: &["--name", "first", "--port", "12345-12346"],
        command: &[
            "sh",
            "-c",
            "beamport run --name second --port 12345-12346 -- erl -noinput & exec erl -noinput",
        ],
        name: Some("first"),
        ..Recipe::plain(Image::Otp25)
    };
    let first = both.start(&lab, lab.host(1)?)?;
    first.wait_registered(2)?;
    let second = format!("second@{}", first.host.address());
    let peer = Recipe::plain(Image::Otp27).registered(&lab, lab.host(2)?)?;
    let said = peer.evaluate(&format!(
        "[net_adm:ping(N) || N <- ['{}', '{second}']]",
        first.name
    ))?;
    ensure!(said == "[pong,pong]", "{said}:\n{}", first.logs());
    let pids = peer.evaluate("[rpc:call(N, os, getpid, []) || N <- lists:sort(nodes())]")?;
    let [a, b] = pids.split(',').collect::<Vec<_>>()[..] else {
        anyhow::bail!("two processes were expected: {pids}");
    };
    ensure!(a.trim_matches('[') != b.trim_matches(']'), "{pids}");
    Ok(())
}

#[test]
fn a_restarted_container_is_found_at_its_new_port_at_once() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let shop = Recipe::shop();
    let shop = shop.registered(&lab, lab.host(1)?)?;
    let peer = Recipe::plain(Image::Otp25).registered(&lab, lab.host(2)?)?;
    peer.ping(&[&shop])?;
    let before = shop.docker(["port"])?;
    // Docker may give the same port again; then it is not the case that this test is about.
    wait_until("another published port", DEADLINE, || {
        shop.docker(["restart"]).is_ok() && shop.docker(["port"]).is_ok_and(|now| now != before)
    })?;
    let times = shop.logs().matches("starting node=").count();
    shop.wait_registered(times)?;
    peer.ping(&[&shop])
}

#[test]
fn without_agents_nodes_on_a_shared_network_reach_each_other_by_address() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    host.docker(["network", "create", "shared"])?;
    let alone = Recipe {
        docker: &["--network", "shared"],
        run: &["--agent", "none", "--name", "app"],
        command: ERL,
        ..Recipe::plain(Image::Otp25)
    };
    let mut nodes = [alone.start(&lab, host)?, alone.start(&lab, host)?];
    for node in &mut nodes {
        let address = address(host, &node.container)?;
        node.name = format!("app@{address}");
        wait_until("the node to be up", DEADLINE, || {
            node.evaluate("node()")
                .is_ok_and(|said| said == format!("'{}'", node.name))
        })?;
    }
    let [a, b] = &nodes;
    a.ping(&[b])?;
    b.ping(&[a])
}
