//! `beamport run` with real VMs (Debian's `erl`), without Docker: names, cookies, the port mapper and the relay.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::ports::free_port;
use crate::support::{Running, Surroundings, wait_for_file, wait_until};
use beamport_epmd::client;
use beamport_epmd::local::LocalDirectory;
use beamport_epmd::server::{Config, Server, listen};
use nix::sys::signal::Signal;
use tokio::runtime::Runtime;
use tokio::time::Instant;

const COOKIE: &str = "WITHHELDFROMPS";

/// A node that stays until it is told to end.
fn node(surroundings: &Surroundings, flags: &[&str]) -> Running {
    let mut run = surroundings.run(flags);
    run.env("BEAMPORT_COOKIE", COOKIE);
    Running::start(run.args(["--", "erl", "-noinput"]))
}

/// Starts a node, has it evaluate `expression`, and gives what that is.
fn evaluate(command: &mut Command, expression: &str) -> String {
    let program = format!("io:format(\"~0p\", [{expression}]), halt().");
    command.args(["--", "erl", "-noinput", "-eval", &program]);
    let ended = Running::start(command).ended();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{told}");
    String::from_utf8(ended.stdout).unwrap()
}

fn names_at(port: u16) -> Vec<String> {
    let mapper = SocketAddr::from(([127, 0, 0, 1], port));
    let listing = Runtime::new().unwrap().block_on(client::names(
        mapper,
        Instant::now() + Duration::from_secs(5),
    ));
    listing
        .map(|listing| listing.nodes.iter().map(|n| n.name.to_string()).collect())
        .unwrap_or_default()
}

fn wait_for_name(port: u16, name: &str) {
    wait_until(&format!("{name} at port {port}"), || {
        names_at(port).iter().any(|listed| listed == name)
    });
}

#[test]
fn two_nodes_find_each_other_and_the_cookie_is_in_no_command_line() {
    let surroundings = Surroundings::new();
    let port = free_port().to_string();
    let a = node(&surroundings, &["--name", "a", "--port", &port]);
    wait_for_name(surroundings.epmd_port, "a");
    let mut b = surroundings.run(&["--name", "b", "--port", "any"]);
    b.env("BEAMPORT_COOKIE", COOKIE);
    let pinged = evaluate(
        &mut b,
        "{node(), net_adm:ping('a@127.0.0.1'), net_kernel:longnames()}",
    );
    assert_eq!(pinged, "{'b@127.0.0.1',pong,true}");

    for process in fs::read_dir("/proc").unwrap().flatten() {
        let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&words).contains(COOKIE));
    }
    a.signal(Signal::SIGTERM);
    assert_eq!(a.ended().status.code(), Some(0));
}

#[test]
fn exec_gives_a_command_the_nodes_identity_without_its_port() {
    let surroundings = Surroundings::new();
    let port = free_port().to_string();
    let a = node(&surroundings, &["--name", "a", "--port", &port]);
    wait_for_name(surroundings.epmd_port, "a");
    let called = evaluate(
        &mut surroundings.beamport("exec"),
        "rpc:call(list_to_atom(os:getenv(\"BEAMPORT_NODE\")), erlang, node, [])",
    );
    assert_eq!(called, "'a@127.0.0.1'");
    // It is the command itself: its exit status and its process.
    let mut command = surroundings.beamport("exec");
    let exec = Running::start(command.args(["--", "sh", "-c", "echo $$; exit 9"]));
    let id = exec.id();
    let ended = exec.ended();
    assert_eq!(ended.status.code(), Some(9));
    assert_eq!(
        String::from_utf8_lossy(&ended.stdout).trim(),
        id.to_string()
    );
    drop(a);
}

#[test]
fn exec_without_a_node_says_so() {
    let surroundings = Surroundings::new();
    let ended = Running::start(surroundings.beamport("exec").args(["--", "true"])).ended();
    assert_eq!(ended.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("no node that `beamport run` started"));
}

#[test]
fn a_taken_port_is_told_in_words_and_a_range_has_room() {
    let surroundings = Surroundings::new();
    let taken = std::net::TcpListener::bind(("0.0.0.0", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut run = surroundings.run(&["--port", &port.to_string()]);
    let ended = Running::start(run.args(["--", "true"])).ended();
    assert_eq!(ended.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("need a range"));
    let range = format!("{port}-{}", port.saturating_add(20));
    let mut run = surroundings.run(&["--name", "c", "--port", &range]);
    assert_eq!(
        evaluate(run.env("BEAMPORT_COOKIE", COOKIE), "node()"),
        "'c@127.0.0.1'"
    );
}

#[test]
fn what_is_no_port_mapper_on_the_port_is_told_in_words() {
    let surroundings = Surroundings::new();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", surroundings.epmd_port)).unwrap();
    let ended = Running::start(surroundings.run(&["--port", "any"]).args(["--", "true"])).ended();
    assert_eq!(ended.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("is no port mapper"));
}

#[test]
fn a_port_mapper_that_is_there_is_used_and_succeeded() {
    let surroundings = Surroundings::new();
    let first = node(&surroundings, &["--name", "first", "--port", "any"]);
    wait_for_name(surroundings.epmd_port, "first");
    let second = node(&surroundings, &["--name", "second", "--port", "any"]);
    wait_for_name(surroundings.epmd_port, "second");
    first.signal(Signal::SIGTERM);
    assert_eq!(first.ended().status.code(), Some(0));
    // The second VM, of OTP 23.3 or later, registers again with the mapper that has taken over.
    wait_until("the second node alone", || {
        names_at(surroundings.epmd_port) == ["second"]
    });
    drop(second);
}

/// A port mapper where the agent would be. What only an agent does is tested in the lab.
struct Elsewhere {
    port: u16,
    _runtime: Runtime,
}

impl Elsewhere {
    fn start(port: u16) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
        let config = Config {
            port,
            ..Config::default()
        };
        let server = Server::new(config, Arc::new(LocalDirectory::new()));
        runtime.spawn(server.serve(vec![listener], std::future::pending()));
        Self {
            port,
            _runtime: runtime,
        }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

fn relayed(surroundings: &Surroundings, name: &str, elsewhere: &str) -> Running {
    let mut run = surroundings.beamport("run");
    run.args([
        "--agent",
        elsewhere,
        "--agent-wait",
        "0",
        "--host",
        "127.0.0.1",
    ]);
    run.args(["--name", name, "--port", "any", "--", "erl", "-noinput"]);
    run.args(["-eval", "ok = file:write_file(\"up\", \"\")."]);
    Running::start(run.env("BEAMPORT_COOKIE", COOKIE))
}

#[test]
fn names_are_relayed_come_back_and_go_with_the_vm() {
    let surroundings = Surroundings::new();
    let elsewhere = Elsewhere::start(free_port());
    let port = elsewhere.port;
    let run = relayed(&surroundings, "a", &elsewhere.address());
    wait_for_name(port, "a");
    drop(elsewhere);
    let elsewhere = Elsewhere::start(port);
    wait_for_name(port, "a");
    assert_eq!(names_at(surroundings.epmd_port), ["a"]);
    // A VM that has its name and has not booted to the end loses a TERM.
    wait_for_file(&surroundings.folder.path().join("up"));
    run.signal(Signal::SIGTERM);
    assert_eq!(run.ended().status.code(), Some(0));
    wait_until("the name to go", || names_at(elsewhere.port).is_empty());
}

#[test]
fn a_vm_starts_without_its_agent_and_is_registered_once_that_comes() {
    let surroundings = Surroundings::new();
    let port = free_port();
    let run = relayed(&surroundings, "a", &format!("127.0.0.1:{port}"));
    wait_for_name(surroundings.epmd_port, "a");
    let elsewhere = Elsewhere::start(port);
    wait_for_name(elsewhere.port, "a");
    drop(run);
}

#[test]
fn a_name_that_the_agent_refuses_is_refused_to_the_vm() {
    let (ours, theirs) = (Surroundings::new(), Surroundings::new());
    let elsewhere = Elsewhere::start(free_port());
    let first = relayed(&theirs, "a", &elsewhere.address());
    wait_for_name(elsewhere.port, "a");
    let ended = relayed(&ours, "a", &elsewhere.address()).ended();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("the agent refuses the name"));
    drop(first);
}

#[test]
fn an_agent_that_has_to_be_there_and_is_not_is_told_in_words() {
    let surroundings = Surroundings::new();
    let nobody = format!("127.0.0.1:{}", free_port());
    let mut run = surroundings.beamport("run");
    run.args([
        "--agent",
        &nobody,
        "--agent-wait",
        "0.1",
        "--port",
        "any",
        "--",
        "true",
    ]);
    let ended = Running::start(&mut run).ended();
    assert_eq!(ended.status.code(), Some(69));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("the agent does not answer"));
}
