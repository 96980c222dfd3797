//! Names that nodes register: whose they are, where they lead, and how long they last.

use std::time::Instant;

use anyhow::Result;
use beamport_lab::{Host, Image, Lab, wait_until};

use super::DEADLINE;
use super::client::Client;
use super::lookups::published;

const NO_FLAGS: [&str; 0] = [];

fn run(host: &Host, image: &str, name: &str) -> Result<String> {
    let ports = ["-p", "12345", "-p", "5000"];
    let words = ["run", "-d", "--name", name].into_iter().chain(ports);
    host.docker(words.chain([image, "sleep", "600"]))
}

#[test]
fn several_nodes_of_a_container_lead_to_its_published_ports() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let agent = host.agent(lab.binary(), NO_FLAGS)?;
    let container = run(host, &lab.image(Image::Otp25)?, "web")?;
    host.docker(["network", "create", "other"])?;
    host.docker(["network", "connect", "other", "web"])?;
    let inside = Client::in_container(host, &container);

    let _a = inside.register("a", 12345)?.unwrap();
    // Whichever of its networks it comes from, it is the same container.
    let gateway = host.docker([
        "network",
        "inspect",
        "-f",
        "{{(index .IPAM.Config 0).Gateway}}",
        "other",
    ])?;
    let gateway: std::net::IpAddr = gateway.parse()?;
    let b = inside.clone().asking(gateway).register("b", 5000)?.unwrap();
    let _c = inside.register("c", 6000)?.unwrap();

    let outside = Client::on(lab.host(2)?).asking(host.address());
    assert_eq!(outside.lookup("a")?, Some(published(host, "web", 12345)?));
    assert_eq!(outside.lookup("b")?, Some(published(host, "web", 5000)?));
    assert_eq!(outside.lookup("c")?, None);
    agent.wait_log(
        "does not publish port 6000: start it with `-p 6000`",
        DEADLINE,
    )?;
    drop(b);
    wait_until("the name to be given back", DEADLINE, || {
        outside.lookup("b").is_ok_and(|port| port.is_none())
    })
}

#[test]
fn a_name_has_one_owner() -> Result<()> {
    let lab = Lab::attach()?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let agent = one.agent(lab.binary(), NO_FLAGS)?;
    let image = lab.image(Image::Otp25)?;
    let (a, b) = (run(one, &image, "shop")?, run(one, &image, "till")?);
    let (in_a, in_b) = (Client::in_container(one, &a), Client::in_container(one, &b));
    let outside = Client::on(two).asking(one.address());

    let _held = in_a.register("orders", 12345)?.unwrap();
    for (client, name) in [
        // What is registered: not for another container, nor for another node of the same, nor for the host.
        (&in_b, "orders"),
        (&in_a, "orders"),
        (&Client::on(one), "orders"),
        // What another container goes by.
        (&in_b, "shop"),
        (&in_b, &a[..12]),
        (&in_b, &a),
        (&Client::on(one), "shop"),
        // What is the agent's.
        (&in_b, "beamport.agent"),
    ] {
        assert!(client.register(name, 12345)?.is_none(), "{name}");
    }
    assert_eq!(in_b.stop("orders")?, b"");
    assert_eq!(Client::on(one).stop("orders")?, b"");
    assert_eq!(
        outside.lookup("orders")?,
        Some(published(one, "shop", 12345)?)
    );
    assert_eq!(
        outside.lookup("shop")?,
        Some(published(one, "shop", 12345)?)
    );

    // A container's own name is its node's to register, on another port too.
    let _own = in_a.register("shop", 5000)?.unwrap();
    assert_eq!(outside.lookup("shop")?, Some(published(one, "shop", 5000)?));

    // Neither another host, nor a container there.
    assert!(outside.register("x", 12345)?.is_none());
    let there = run(two, &image, "shop")?;
    let there = Client::in_container(two, &there).asking(one.address());
    assert!(there.register("x", 12345)?.is_none());
    agent.wait_log("10.99.0.2 is no container of this host", DEADLINE)
}

#[test]
fn a_killed_container_loses_its_names_at_once() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let _agent = host.agent(lab.binary(), NO_FLAGS)?;
    let container = run(host, &lab.image(Image::Otp25)?, "web")?;
    // The connection is held by this test, so that it does not end with the container.
    let mut held = Client::in_container(host, &container)
        .register("orders", 12345)?
        .unwrap();
    let outside = Client::on(lab.host(2)?).asking(host.address());
    assert!(outside.lookup("orders")?.is_some());

    host.docker(["kill", "web"])?;
    let killed = Instant::now();
    wait_until("its names to be gone", DEADLINE, || {
        ["orders", "web", &container[..12]]
            .iter()
            .all(|name| outside.lookup(name).is_ok_and(|port| port.is_none()))
    })?;
    wait_until("its connection to be closed", DEADLINE, || held.is_lost())?;
    println!(
        "names gone {:?} after `docker kill` returned",
        killed.elapsed()
    );
    Ok(())
}

#[test]
fn a_restarted_container_is_found_on_its_new_port() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let _agent = host.agent(lab.binary(), NO_FLAGS)?;
    let container = run(host, &lab.image(Image::Otp25)?, "web")?;
    let inside = Client::in_container(host, &container);
    let outside = Client::on(lab.host(2)?).asking(host.address());
    let before = published(host, "web", 12345)?;
    let mut old = inside.register("orders", 12345)?.unwrap();
    assert_eq!(outside.lookup("orders")?, Some(before));

    host.docker(["restart", "--time", "0", "web"])?;
    let after = published(host, "web", 12345)?;
    assert_ne!(after, before);
    wait_until("the old registration to be gone", DEADLINE, || {
        old.is_lost()
    })?;
    // As a node does that starts with its container: the agent may not have heard of it yet.
    let _new = inside.register("orders", 12345)?.unwrap();
    assert_eq!(outside.lookup("orders")?, Some(after));
    assert_eq!(outside.lookup("web")?, Some(after));
    Ok(())
}

#[test]
fn a_container_that_registers_as_it_starts_is_known() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let _agent = host.agent(lab.binary(), NO_FLAGS)?;
    let image = lab.image(Image::Otp25)?;
    for round in 0..5 {
        let container = run(host, &image, &format!("web{round}"))?;
        let held = Client::in_container(host, &container).register("orders", 12345)?;
        assert!(held.is_some(), "round {round}");
        host.docker(["rm", "-f", "--volumes", &container])?;
    }
    Ok(())
}
