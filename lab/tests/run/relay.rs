//! Registrations outlive the agent.

use std::time::Instant;

use anyhow::{Result, ensure};
use beamport_lab::{Image, Lab};

use crate::support::{Recipe, agents};

/// OTP 23's VM registers once in its life: if it is back, that is the relay's doing.
#[test]
fn names_are_back_after_the_agent_was_killed_and_links_stay_up() -> Result<()> {
    let lab = Lab::attach()?;
    let mut agents = agents(&lab)?;
    let plain = Recipe::plain(Image::Otp23);
    let shop = Recipe {
        image: Image::Otp23,
        ..Recipe::shop()
    };
    let shop = shop.registered(&lab, lab.host(1)?)?;
    let peer = plain.registered(&lab, lab.host(2)?)?;
    peer.ping(&[&shop])?;

    agents[0].kill9()?;
    let during = peer.evaluate(&format!("lists:member('{}', nodes())", shop.name))?;
    ensure!(during == "true", "the link went with the agent");

    let begun = Instant::now();
    agents[0].start()?;
    shop.wait_registered(2)?;
    eprintln!(
        "registered again {:?} after the agent was started",
        begun.elapsed()
    );

    // A node that has never connected has to ask the agent.
    let late = plain.registered(&lab, lab.host(2)?)?;
    late.ping(&[&shop])
}

#[test]
fn a_node_starts_before_its_agent_where_its_name_is_given() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let address = host.address().to_string();
    let early = Recipe {
        run: &["--name", "early", "--host", &address],
        name: Some("early"),
        ..Recipe::plain(Image::Otp25)
    };
    let early = early.start(&lab, host)?;
    let _agents = agents(&lab)?;
    early.wait_registered(1)?;
    let peer = Recipe::plain(Image::Otp25).registered(&lab, lab.host(2)?)?;
    peer.ping(&[&early])
}

#[test]
fn a_name_that_another_container_holds_is_refused_and_the_vm_ends() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let shop = Recipe::shop();
    let first = shop.registered(&lab, lab.host(1)?)?;
    let second = shop.start(&lab, lab.host(1)?)?;
    ensure!(second.docker(["wait"])? == "1", "{}", second.logs());
    ensure!(second.logs().contains("the agent refuses the name"));
    let peer = Recipe::plain(Image::Otp25).registered(&lab, lab.host(2)?)?;
    peer.ping(&[&first])
}

/// The agent gives a dead container's name back within a second; nodes that start meanwhile wait for it.
#[test]
fn a_name_goes_from_a_killed_container_to_the_next() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let shop = Recipe::shop();
    let host = lab.host(1)?;
    let peer = Recipe::plain(Image::Otp25).registered(&lab, lab.host(2)?)?;
    let mut current = shop.registered(&lab, host)?;
    for _ in 0..3 {
        current.docker(["kill"])?;
        current = shop.registered(&lab, host)?;
        peer.ping(&[&current])?;
    }
    Ok(())
}
