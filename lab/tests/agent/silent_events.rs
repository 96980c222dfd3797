//! An event stream that stops without a word: open, and nothing comes.

use anyhow::Result;
use beamport_lab::{Image, Lab, wait_until};

use super::DEADLINE;
use super::client::Client;
use super::proxy::Proxy;

const NOTICED: &str = "shows changes that no event told of; following events anew";

#[test]
fn what_a_silent_event_stream_does_not_tell_is_found_out() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let image = lab.image(Image::Otp25)?;
    let run = |name: &str| {
        host.docker([
            "run", "-d", "--name", name, "-p", "12345", &image, "sleep", "600",
        ])
    };
    run("first")?;
    let proxy = Proxy::start(host)?;
    let agent = host.agent(lab.binary(), ["--docker", &proxy.endpoint()])?;
    agent.wait_log("following Docker", DEADLINE)?;
    wait_until("an event stream", DEADLINE, || proxy.event_streams() == 1)?;
    let local = Client::on(host);
    let is_known = |name: &str| local.lookup(name).is_ok_and(|port| port.is_some());
    assert!(is_known("first"));

    proxy.silence_events();
    run("second")?;
    agent.wait_log(NOTICED, DEADLINE)?;
    wait_until("the container to be known", DEADLINE, || is_known("second"))?;
    wait_until("another event stream", DEADLINE, || {
        proxy.event_streams() == 2
    })?;

    proxy.silence_events();
    host.docker(["kill", "first"])?;
    // The agent has not heard of it, and sees the process gone.
    assert!(!is_known("first"));
    wait_until("it to be noticed", DEADLINE, || {
        agent.log().matches(NOTICED).count() == 2
    })?;
    assert!(is_known("second") && !is_known("first"));
    agent.wait_log("is stopped: start it", DEADLINE)
}
