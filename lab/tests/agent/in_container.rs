//! The agent in a container, with a published port like any other.

use anyhow::Result;
use beamport_lab::{Image, Lab, NodeOptions, wait_until};

use super::DEADLINE;
use super::client::Client;
use super::lookups::published;

#[test]
fn an_agent_in_a_container_serves_other_hosts() -> Result<()> {
    let lab = Lab::attach()?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let image = lab.image(Image::Otp25)?;
    let socket = format!("{}:/var/run/docker.sock", one.docker_socket().display());
    let binary = format!("{}:/usr/bin/beamport:ro", lab.binary().display());
    let mut words = vec!["run", "-d", "--name", "agent", "-p", "4369:4369"];
    words.extend(["-v", &socket, "-v", &binary, &image]);
    words.extend(["beamport", "agent", "--advertise", "10.99.0.1"]);
    one.docker(words)?;
    let _other = two.agent(lab.binary(), [""; 0])?;

    let outside = Client::on(two).asking(one.address());
    // Its port is for the address that is dialled, and not for the one that the agent sees dialled.
    let run = ["run", "-d", "--name", "web", "-p", "10.99.0.1::12345"];
    one.docker(run.into_iter().chain([image.as_str(), "sleep", "600"]))?;
    let port = published(one, "web", 12345)?;
    wait_until("the container to be known", DEADLINE, || {
        outside.lookup("web").is_ok_and(|found| found == Some(port))
    })?;
    let a = one.node(&image, &NodeOptions::default())?;
    let b = two.node(&image, &NodeOptions::default())?;
    assert!(b.ping(a.name())? && a.ping(b.name())?);

    one.docker(["kill", "web"])?;
    wait_until("its name to be gone", DEADLINE, || {
        outside.lookup("web").is_ok_and(|port| port.is_none())
    })
}
