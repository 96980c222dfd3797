//! Docker's daemon gone, and back.

use anyhow::Result;
use beamport_lab::{Image, Lab, NodeOptions, wait_until};

use super::DEADLINE;
use super::client::Client;

const NO_FLAGS: [&str; 0] = [];

#[test]
fn what_demonstrably_runs_is_answered_while_docker_is_away() -> Result<()> {
    let lab = Lab::attach()?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    one.set_live_restore(true)?;
    let agent = one.agent(lab.binary(), NO_FLAGS)?;
    let _other = two.agent(lab.binary(), NO_FLAGS)?;
    let image = lab.image(Image::Otp25)?;
    let a = one.node(&image, &NodeOptions::default())?;
    let b = two.node(&image, &NodeOptions::default())?;
    let doomed = [
        "run", "-d", "--name", "doomed", "-p", "12345", &image, "sleep", "600",
    ];
    one.docker(doomed)?;
    let doomed = one.docker(["inspect", "-f", "{{.State.Pid}}", "doomed"])?;
    let outside = Client::on(two).asking(one.address());
    let held = Client::in_node(&a).register("orders", 12345)?;
    assert!(held.is_some() && b.ping(a.name())?);

    one.kill9_dockerd()?;
    agent.wait_log("Docker does not answer", DEADLINE)?;
    assert_eq!(b.connected()?, [a.name()]);
    b.eval(&format!("erlang:disconnect_node('{}').", a.name()))?;
    assert!(b.ping(a.name())?);
    assert!(outside.lookup("orders")?.is_some());
    assert!(outside.lookup("doomed")?.is_some());
    one.exec(["kill", "-9", &doomed])?;
    wait_until(
        "the name of what died meanwhile to be gone",
        DEADLINE,
        || outside.lookup("doomed").is_ok_and(|port| port.is_none()),
    )?;

    one.start_dockerd()?;
    one.docker([
        "run", "-d", "--name", "new", "-p", "12345", &image, "sleep", "600",
    ])?;
    wait_until("what started since to be known", DEADLINE, || {
        outside.lookup("new").is_ok_and(|port| port.is_some())
    })?;
    assert!(outside.lookup("orders")?.is_some());
    assert!(outside.lookup(&a.container()[..12])?.is_some());
    assert_eq!(b.connected()?, [a.name()]);
    assert_eq!(agent.log().matches("Docker does not answer;").count(), 1);
    Ok(())
}

#[test]
fn an_agent_starts_without_docker_and_finds_it_later() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let image = lab.image(Image::Otp25)?;
    host.stop_dockerd()?;
    let agent = host.agent(lab.binary(), NO_FLAGS)?;
    agent.wait_log("Docker does not answer", DEADLINE)?;
    let local = Client::on(host);
    let _held = local.register("native", 5000)?.unwrap();
    assert_eq!(local.lookup("native")?, Some(5000));
    assert_eq!(local.lookup("web")?, None);
    agent.wait_log("whether a container goes by it cannot be told", DEADLINE)?;

    host.start_dockerd()?;
    host.docker([
        "run", "-d", "--name", "web", "-p", "12345", &image, "sleep", "600",
    ])?;
    wait_until("the container to be known", DEADLINE, || {
        local.lookup("web").is_ok_and(|port| port.is_some())
    })?;
    assert_eq!(local.lookup("native")?, Some(5000));
    Ok(())
}
