//! How the agent gets on with the host: its port, its signals, systemd, and stock epmd's tools.

use std::os::unix::net::UnixDatagram;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::Result;
use beamport_lab::{Host, Image, Lab, NodeOptions, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::DEADLINE;
use super::client::Client;

const NO_FLAGS: [&str; 0] = [];

/// Opens port 4369 and becomes the command, as systemd does with a socket it passes.
const ACTIVATE: &str = r#"
use Socket; use POSIX; $^F = 3;
socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
setsockopt($s, SOL_SOCKET, SO_REUSEADDR, 1) or die; bind($s, sockaddr_in(4369, INADDR_ANY)) or die;
listen($s, 16) or die; POSIX::dup2(fileno($s), 3) or die;
$ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; exec @ARGV or die;"#;

/// Ends what it holds, also when the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_taken_port_is_told_with_who_has_it() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let epmd = host.command("epmd").stdin(Stdio::null()).spawn()?;
    let _epmd = Running(epmd);
    wait_until("epmd to serve", DEADLINE, || {
        host.exec(["epmd", "-names"]).is_ok()
    })?;
    let mut agent = host.spawn_agent(lab.binary(), NO_FLAGS)?;
    assert_eq!(agent.wait_end(DEADLINE)?, Some(69));
    agent.wait_log(
        "cannot listen on 0.0.0.0:4369: it is taken by epmd (process ",
        Duration::ZERO,
    )?;
    agent.wait_log("stop it with `epmd -kill`", Duration::ZERO)
}

#[test]
fn it_ends_in_good_order_when_told_and_not_when_epmd_would() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let mut agent = host.spawn_agent(lab.binary(), NO_FLAGS)?;
    wait_until("the agent to serve", DEADLINE, || {
        host.exec(["epmd", "-names"]).is_ok()
    })?;
    let said = host
        .exec(["epmd", "-kill"])
        .unwrap_or_else(|error| format!("{error:#}"));
    assert!(said.contains("Killing not allowed"), "{said}");
    let process = Pid::from_raw(i32::try_from(agent.id())?);
    kill(process, Signal::SIGTERM)?;
    assert_eq!(agent.wait_end(DEADLINE)?, Some(0));
    agent.wait_log("ending", Duration::ZERO)
}

#[test]
fn it_serves_the_socket_that_systemd_passes_and_says_when_it_is_ready() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let folder = tempfile::tempdir()?;
    let notify = folder.path().join("notify");
    let socket = UnixDatagram::bind(&notify)?;
    socket.set_read_timeout(Some(DEADLINE))?;
    let docker = format!("unix://{}", host.docker_socket().display());
    let mut agent = Running(
        host.command("perl")
            .args(["-e", ACTIVATE])
            .arg(lab.binary())
            // Were it to listen itself, it would fail.
            .args(["agent", "--listen", "192.0.2.1:1", "--docker", &docker])
            .env("NOTIFY_SOCKET", &notify)
            .spawn()?,
    );
    assert_eq!(next(&socket)?, "READY=1");
    let local = Client::on(host);
    let _held = local.register("native", 5000)?.unwrap();
    assert_eq!(local.lookup("native")?, Some(5000));
    kill(Pid::from_raw(i32::try_from(agent.0.id())?), Signal::SIGTERM)?;
    assert_eq!(next(&socket)?, "STOPPING=1");
    assert!(agent.0.wait()?.success());
    Ok(())
}

/// What is sent next, without the line's end.
fn next(socket: &UnixDatagram) -> Result<String> {
    let mut buffer = vec![0; 256];
    let length = socket.recv(&mut buffer)?;
    buffer.truncate(length);
    Ok(String::from_utf8(buffer)?.trim_end().to_owned())
}

/// A node in a container with the host's network registers at the agent as it would at stock epmd.
#[test]
fn nodes_with_the_hosts_network_are_reached_on_their_own_port() -> Result<()> {
    let lab = Lab::attach()?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let agent = one.agent(lab.binary(), NO_FLAGS)?;
    let _other = two.agent(lab.binary(), NO_FLAGS)?;
    let image = lab.image(Image::Otp25)?;
    let script = "exec erl -noinput -name native@10.99.0.1 -setcookie lab -start_epmd false \
                  -kernel inet_dist_listen_min 15000 inet_dist_listen_max 15000";
    one.docker([
        "run",
        "-d",
        "--network",
        "host",
        "--name",
        "there",
        &image,
        "sh",
        "-c",
        script,
    ])?;
    let outside = Client::on(two).asking(one.address());
    wait_until("the node to register", DEADLINE, || {
        outside
            .lookup("native")
            .is_ok_and(|port| port == Some(15000))
    })?;
    let asking = two.node(&image, &NodeOptions::default())?;
    assert!(asking.ping("native@10.99.0.1")?);
    assert!(!asking.ping("there@10.99.0.1")?);
    agent.wait_log("container there", DEADLINE)?;
    agent.wait_log("has the host's network", DEADLINE)
}

#[test]
fn the_command_names_lists_what_agents_know() -> Result<()> {
    let lab = Lab::attach()?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let _agent = one.agent(lab.binary(), NO_FLAGS)?;
    let image = lab.image(Image::Otp25)?;
    one.docker([
        "run",
        "-d",
        "-p",
        "5001:12345",
        "-l",
        "beamport.name=shop",
        &image,
        "sleep",
        "600",
    ])?;
    let names = |host: &Host, arguments: &[&str]| -> Result<(String, String, Option<i32>)> {
        let ended = host
            .command(lab.binary())
            .arg("names")
            .args(arguments)
            .output()?;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ok((
            text(&ended.stdout),
            text(&ended.stderr),
            ended.status.code(),
        ))
    };
    let listed = || names(two, &["10.99.0.1"]);
    wait_until("the container to be listed", DEADLINE, || {
        listed().is_ok_and(|(out, ..)| out.contains("shop"))
    })?;
    assert_eq!(listed()?.0, "10.99.0.1\n  NAME  PORT\n  shop  5001\n");
    assert_eq!(listed()?.2, Some(0));

    let (out, error, code) = names(two, &["10.99.0.1", "10.99.0.2", "--json"])?;
    let answers: serde_json::Value = serde_json::from_str(&out)?;
    assert_eq!(answers[0]["nodes"][0]["name"], "shop");
    assert_eq!(answers[0]["nodes"][0]["port"], 5001);
    let refused = answers[1]["error"].as_str().unwrap_or_default();
    assert!(refused.contains("connection refused"), "{out}");
    assert_eq!((error.as_str(), code), ("", Some(1)));
    Ok(())
}
