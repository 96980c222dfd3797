//! `--gate launch`: VMs that are not started before as many entrypoints are there.

use std::process::Command;

use nix::sys::signal::Signal;

use crate::assemble::{COOKIE, LIST, Nodes, ends_with};
use crate::support::{Running, wait_for_file, wait_until};

/// Starts an entrypoint; its VM leaves a file when it is started.
fn start(nodes: &Nodes, name: &str, flags: &[&str]) -> Running {
    let program = format!(
        "ok = file:write_file(\"{}\", []).",
        nodes.mark(name).display()
    );
    let mut run = nodes.surroundings.run(&["--name", name, "--port", "any"]);
    run.args(["--gate", "launch", "--sentry"]).args(flags);
    run.env("BEAMPORT_COOKIE", COOKIE);
    Running::start(run.args(["--", "erl", "-noinput", "-eval", &program]))
}

/// Waits for VMs to have been started, and wants three entrypoints to have been there by then. That no VM is there at
/// some moment before proves little: it takes a while from its start to the file.
fn all_started_with_three(nodes: &Nodes, running: [(&str, &Running); 3]) {
    for (name, node) in running {
        wait_for_file(&nodes.mark(name));
        let told = node.told();
        assert!(told.contains("the VM is started have=3"), "{told}");
    }
}

/// What the port mapper lists.
fn listed(nodes: &Nodes) -> String {
    let mut names = Command::new(env!("CARGO_BIN_EXE_beamport"));
    names.args(["names", "127.0.0.1", "--port"]);
    let output = names.arg(nodes.surroundings.epmd_port.to_string()).output();
    String::from_utf8(output.unwrap().stdout).unwrap()
}

#[test]
fn no_vm_is_started_before_the_third_entrypoint_is_there() {
    let nodes = Nodes::new();
    for sentry in [LIST, "dns://localhost"] {
        let begin = |name| start(&nodes, name, &[sentry, "--consensus", "3"]);
        let (a, b) = (begin("a"), begin("b"));
        wait_until("a to find b", || a.told().contains("have=2"));
        wait_until("b to find a", || b.told().contains("have=2"));
        let listed = listed(&nodes);
        assert!(
            listed.contains("entry.a") && listed.contains("entry.b"),
            "{listed}"
        );
        let held = ["a", "b"].iter().all(|name| !nodes.mark(name).exists());
        assert!(held, "a VM was started with two of three");
        let c = begin("c");
        all_started_with_three(&nodes, [("a", &a), ("b", &b), ("c", &c)]);
        for name in ["a", "b", "c"] {
            nodes.wait_for(name, "phase", "ready");
        }
        // Who comes back finds a cluster that runs.
        c.signal(Signal::SIGTERM);
        drop(c);
        std::fs::remove_file(nodes.mark("c")).unwrap();
        nodes.wait_for("a", "phase", "degraded");
        let c = begin("c");
        wait_for_file(&nodes.mark("c"));
        nodes.wait_for("a", "phase", "ready");
        drop((a, b, c));
        for name in ["a", "b", "c"] {
            std::fs::remove_file(nodes.mark(name)).unwrap();
        }
    }
}

#[test]
fn an_entrypoint_that_dies_while_it_waits_does_not_count() {
    let nodes = Nodes::new();
    let begin = |name| start(&nodes, name, &[LIST, "--consensus", "3"]);
    let (a, b) = (begin("a"), begin("b"));
    wait_until("a to find b", || a.told().contains("have=2"));
    b.signal(Signal::SIGKILL);
    wait_until("a to miss b", || {
        a.told().contains("a node is not about to start any more")
    });
    let c = begin("c");
    wait_until("c to find a", || c.told().contains("have=2"));
    wait_until("a to find c", || a.told().matches("have=2").count() == 2);
    assert!(!nodes.mark("a").exists() && !nodes.mark("c").exists());
    let b = begin("b");
    all_started_with_three(&nodes, [("a", &a), ("b", &b), ("c", &c)]);
    drop((a, b, c));
}

#[test]
fn who_waits_in_vain_for_entrypoints_ends_and_says_whom_it_missed() {
    let nodes = Nodes::new();
    let flags = [LIST, "--consensus", "2", "--consensus-timeout", "3"];
    let told = ends_with(start(&nodes, "a", &flags), 75);
    assert!(
        told.contains("knows neither b nor an entrypoint of it"),
        "{told}"
    );
    assert!(!nodes.mark("a").exists());
    let open = [&flags[..], &["--on-timeout", "open"]].concat();
    let a = start(&nodes, "a", &open);
    wait_for_file(&nodes.mark("a"));
    drop(a);
}

#[test]
fn who_waits_for_entrypoints_ends_when_it_is_told_to() {
    let nodes = Nodes::new();
    let a = start(&nodes, "a", &[LIST, "--consensus", "2"]);
    wait_until("the entry", || listed(&nodes).contains("entry.a"));
    a.signal(Signal::SIGTERM);
    ends_with(a, 143);
    assert!(!nodes.mark("a").exists());
}
