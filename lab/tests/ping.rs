//! `beamport ping` among Docker hosts: every release, what agents say of names they do not give, lost packets.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use beamport_lab::{Host, Image, Lab, NodeOptions, wait_until};

const DEADLINE: Duration = Duration::from_secs(60);

const NO_FLAGS: [&str; 0] = [];

/// What a command printed, and whether all went well.
fn beamport(lab: &Lab, host: &Host, words: &[&str]) -> Result<(String, bool)> {
    let output = host
        .command(lab.binary())
        .args(words)
        .env("BEAMPORT_COOKIE", "lab")
        .stdin(Stdio::null())
        .output()?;
    let printed = [output.stdout, output.stderr].concat();
    Ok((String::from_utf8(printed)?, output.status.success()))
}

/// All releases are spoken to, and it is told which of them do not speak to one another.
#[test]
fn every_release_is_reached_and_recognised() -> Result<()> {
    let lab = Lab::attach()?;
    let _agent = lab.host(1)?.agent(lab.binary(), NO_FLAGS)?;
    let mut nodes = Vec::new();
    for otp in lab.otps() {
        let image = lab.image(otp)?;
        let node = lab.host(1)?.node(&image, &NodeOptions::default())?;
        let (told, is_pong) = beamport(&lab, lab.host(2)?, &["ping", node.name()])?;
        assert!(is_pong, "{told}");
        let release = match otp {
            Image::Otp23 => "OTP 23 (OTP 26 and later do not connect with it), creation ",
            Image::Otp25 | Image::Otp27 => "OTP 24 to 27, creation ",
            _ => "OTP 29 or later, creation ",
        };
        assert!(told.contains(release), "{otp}: {told}");
        let (sum, _) = beamport(
            &lab,
            lab.host(2)?,
            &["rpc", node.name(), "lists:sum([1,2])"],
        )?;
        assert_eq!(sum, "3\n", "{otp}");
        nodes.push((otp, node));
    }
    // As it is told, so it is.
    let find = |wanted| {
        let found = nodes.iter().find(|(otp, _)| *otp == wanted);
        found.map(|(_, node)| node).context("no such release")
    };
    let (old, new) = (find(Image::Otp23)?, find(Image::Otp27)?);
    assert!(!old.ping(new.name())? && !new.ping(old.name())?);
    Ok(())
}

/// An agent answers lookups with "not found" only; asked for why, it says why.
#[test]
fn an_agent_tells_why_it_gives_no_port() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let asking = lab.host(2)?;
    let agent = host.agent(lab.binary(), NO_FLAGS)?;
    let image = lab.image(Image::Otp25)?;
    let start = |name: &str, flags: &[&str]| {
        let words = [
            &["run", "-d", "--name", name],
            flags,
            &[&image, "sleep", "600"],
        ];
        host.docker(words.concat())
    };
    start("unpublished", &[])?;
    start("stopped", &["-p", "12345"])?;
    host.docker(["kill", "stopped"])?;
    start("shop", &["-p", "12345"])?;
    for (name, reason) in [
        (
            "unpublished",
            "does not publish port 12345: start it with `-p 12345`",
        ),
        ("stopped", "is stopped: start it"),
        (
            "shpo",
            "no container of this host goes by it; similar: shop",
        ),
    ] {
        let node = format!("{name}@10.99.0.1");
        let mut told = String::new();
        // The agent may not have heard from Docker yet.
        wait_until(reason, DEADLINE, || {
            let said = beamport(&lab, asking, &["ping", &node]);
            told = said.map(|(told, _)| told).unwrap_or_default();
            told.contains(reason)
        })
        .with_context(|| told.clone())?;
        assert!(
            told.contains(&format!(
                "the agent 10.99.0.1:4369 does not give a port for {name}: "
            )),
            "{told}"
        );
        assert!(told.contains("whose fault: the node's host's"), "{told}");
    }
    // What was only asked about is nothing to complain of.
    assert!(!agent.log().contains("why."), "{}", agent.log());
    Ok(())
}

#[test]
fn a_container_whose_vm_does_not_listen_is_no_node() -> Result<()> {
    let lab = Lab::attach()?;
    let (host, asking) = (lab.host(1)?, lab.host(2)?);
    let _agent = host.agent(lab.binary(), NO_FLAGS)?;
    let image = lab.image(Image::Otp25)?;
    host.docker([
        "run", "-d", "--name", "idle", "-p", "12345", &image, "sleep", "600",
    ])?;
    let ping = ["ping", "--json", "idle@10.99.0.1"];
    let mut told = String::new();
    wait_until("the container to be known", DEADLINE, || {
        let said = beamport(&lab, asking, &ping);
        told = said.map(|(told, _)| told).unwrap_or_default();
        !told.contains("not_registered")
    })?;
    // Docker refuses by itself, or takes the connection and then finds nobody.
    let codes = ["\"port_refused\"", "\"closed\""];
    assert!(codes.iter().any(|code| told.contains(code)), "{told}");
    Ok(())
}

#[test]
fn lost_packets_are_the_networks_fault() -> Result<()> {
    let lab = Lab::attach()?;
    // Nobody has this address.
    let ping = ["ping", "--json", "a@10.99.0.77", "--timeout", "1s"];
    let (told, _) = beamport(&lab, lab.host(2)?, &ping)?;
    assert!(told.contains("\"fault\": \"network\""), "{told}");
    let codes = ["\"mapper_unreachable\"", "\"mapper_unroutable\""];
    assert!(codes.iter().any(|code| told.contains(code)), "{told}");
    Ok(())
}

/// Where `beamport run` has started a node, its name and cookie need not be said.
#[test]
fn in_a_container_the_nodes_own_cookie_is_found() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let _agent = host.agent(lab.binary(), NO_FLAGS)?;
    let image = lab.image(Image::Otp25)?;
    let mount = format!("{}:/usr/local/bin/beamport:ro", lab.binary().display());
    let words = [
        "run",
        "-d",
        "-v",
        &mount,
        "-e",
        "BEAMPORT_COOKIE=other",
        "-p",
        "12345",
        &image,
    ];
    let run = ["beamport", "run", "--name", "app", "--", "erl", "-noinput"];
    let container = host.docker(words.into_iter().chain(run))?;
    // As `docker exec` in a container that was given the cookie by a file.
    let exec = [
        "exec",
        "-e",
        "BEAMPORT_COOKIE=",
        &container,
        "beamport",
        "ping",
        "app",
    ];
    let mut told = String::new();
    wait_until("a pong", DEADLINE, || {
        told = host
            .docker(exec)
            .unwrap_or_else(|error| format!("{error:#}"));
        told.contains("pong from app@10.99.0.1")
    })
    .with_context(|| told.clone())?;
    assert!(
        told.contains("`beamport run`, which gave it to app@10.99.0.1"),
        "{told}"
    );
    Ok(())
}

/// With name servers that do not answer.
#[test]
fn silent_name_servers_are_told_of() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let image = lab.image(Image::Otp25)?;
    let mount = format!("{}:/usr/local/bin/beamport:ro", lab.binary().display());
    let container = host.docker([
        "run",
        "-d",
        "-v",
        &mount,
        "-e",
        "BEAMPORT_COOKIE=lab",
        "--dns",
        "10.99.0.77",
        &image,
        "sleep",
        "600",
    ])?;
    let ping = "beamport ping --json a@some.where --timeout 1s; true";
    let told = host.docker(["exec", &container, "sh", "-c", ping])?;
    let codes = ["\"dns_timeout\"", "\"dns_failed\""];
    assert!(codes.iter().any(|code| told.contains(code)), "{told}");
    assert!(told.contains("\"fault\": \"here\""), "{told}");
    Ok(())
}
