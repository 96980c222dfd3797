//! The boot gate and membership, with real VMs on this machine.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use beamport_dist::node::{Config, Node};
use beamport_dist::tls::Tls;
use beamport_dist::{Cookie, FullName};
use beamport_term::{Atom, Term, atom};
use nix::sys::signal::Signal;
use tokio::runtime::Runtime;

use crate::support::{Running, Surroundings, wait_for_file, wait_until};

pub(crate) const COOKIE: &str = "WITHHELD";

pub(crate) const LIST: &str = "a@127.0.0.1,b@127.0.0.1,c@127.0.0.1";

/// Nodes that share a port mapper.
pub(crate) struct Nodes {
    pub(crate) surroundings: Surroundings,
    runtime: Runtime,
    asker: Node,
}

impl Nodes {
    pub(crate) fn new() -> Self {
        Self::in_surroundings(Surroundings::new(), None)
    }

    /// Nodes that are asked over TLS, if they speak it.
    pub(crate) fn in_surroundings(surroundings: Surroundings, tls: Option<Tls>) -> Self {
        let runtime = Runtime::new().unwrap();
        let cookie: Cookie = COOKIE.parse().unwrap();
        let config = Config {
            tls,
            mapper_port: surroundings.epmd_port,
            hosts: HashMap::from([("127.0.0.1".into(), IpAddr::V4(Ipv4Addr::LOCALHOST))]),
            ..Config::new(cookie)
        };
        let asker = runtime
            .block_on(Node::start("asker@127.0.0.1".parse().unwrap(), config))
            .unwrap();
        Self {
            surroundings,
            runtime,
            asker,
        }
    }

    /// Starts a node that writes down its members when its applications start.
    pub(crate) fn start(&self, name: &str, flags: &[&str]) -> Running {
        self.start_with(name, flags, &[])
    }

    /// The same, with flags for the VM too.
    pub(crate) fn start_with(&self, name: &str, flags: &[&str], vm_flags: &[&str]) -> Running {
        let mark = self.mark(name);
        let program = format!(
            "ok = file:write_file(\"{0}.new\", io_lib:format(\"~0p\", [maps:get(members, \
             persistent_term:get(beamport))])), ok = file:rename(\"{0}.new\", \"{0}\").",
            mark.display()
        );
        let mut run = self.surroundings.run(&["--name", name, "--port", "any"]);
        run.args(flags).env("BEAMPORT_COOKIE", COOKIE);
        Running::start(
            run.args(["--", "erl", "-noinput", "-eval", &program])
                .args(vm_flags),
        )
    }

    pub(crate) fn start_listed(&self, name: &str, consensus: &str) -> Running {
        self.start(name, &["--sentry", LIST, "--consensus", consensus])
    }

    /// What a node writes when its applications start.
    pub(crate) fn mark(&self, name: &str) -> PathBuf {
        self.surroundings
            .folder
            .path()
            .join(format!("{name}.started"))
    }

    pub(crate) fn members_at_start(&self, name: &str) -> String {
        let mark = self.mark(name);
        wait_for_file(&mark);
        std::fs::read_to_string(mark).unwrap()
    }

    /// Calls a function in a node; none while it cannot be called.
    pub(crate) fn call(
        &self,
        name: &str,
        module: Atom,
        function: Atom,
        arguments: &[Term],
    ) -> Option<Term> {
        let peer: FullName = format!("{name}@127.0.0.1").parse().unwrap();
        let arguments = Term::list(arguments.iter().cloned());
        let called = self.asker.rpc(&peer, module, function, arguments);
        self.runtime.block_on(called).ok()
    }

    fn watcher(&self, name: &str) -> Option<Term> {
        let name_of_watcher = Term::from(atom!("beamport"));
        self.call(name, atom!("erlang"), atom!("whereis"), &[name_of_watcher])
    }

    /// Waits until a node's code sees this under a key of what is published.
    pub(crate) fn wait_for(&self, name: &str, key: &str, value: &str) {
        wait_until(&format!("{key} of {name} to be {value}"), || {
            let key_of_all = Term::from(atom!("beamport"));
            self.call(name, atom!("persistent_term"), atom!("get"), &[key_of_all])
                .and_then(|published| published.lookup(key))
                .is_some_and(|found| found.to_string() == value)
        });
    }
}

/// Waits for its end with this code, and gives what it has told.
pub(crate) fn ends_with(running: Running, code: i32) -> String {
    let ended = running.ended();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(code), "{told}");
    told
}

#[test]
fn three_nodes_are_held_until_all_three_are_connected() {
    let nodes = Nodes::new();
    let (a, b) = (nodes.start_listed("a", "3"), nodes.start_listed("b", "3"));
    nodes.wait_for("a", "members", "['a@127.0.0.1','b@127.0.0.1']");
    nodes.wait_for("b", "phase", "assembling");
    let held = ["a", "b"].iter().all(|name| !nodes.mark(name).exists());
    assert!(held, "an application has started with two of three");
    let c = nodes.start_listed("c", "3");
    for name in ["a", "b", "c"] {
        let all = "['a@127.0.0.1','b@127.0.0.1','c@127.0.0.1']";
        assert_eq!(nodes.members_at_start(name), all);
        nodes.wait_for(name, "leader", "'a@127.0.0.1'");
        nodes.wait_for(name, "phase", "ready");
    }
    c.signal(Signal::SIGTERM);
    ends_with(c, 0);
    nodes.wait_for("b", "members", "['a@127.0.0.1','b@127.0.0.1']");
    nodes.wait_for("b", "phase", "degraded");
    drop((a, b));
}

#[test]
fn one_node_alone_starts_if_one_is_enough() {
    let nodes = Nodes::new();
    let a = nodes.start_listed("a", "1");
    assert_eq!(nodes.members_at_start("a"), "['a@127.0.0.1']");
    nodes.wait_for("a", "phase", "ready");
    drop(a);
}

#[test]
fn who_waits_in_vain_ends_and_says_whom_it_missed() {
    let nodes = Nodes::new();
    let flags = [
        "--sentry",
        LIST,
        "--consensus",
        "2",
        "--consensus-timeout",
        "3",
    ];
    let told = ends_with(nodes.start("a", &flags), 75);
    assert!(told.contains("1 of 2 nodes are connected"), "{told}");
    for name in ["b", "c"] {
        let why = format!("does not know {name}");
        assert!(told.contains("missing") && told.contains(&why), "{told}");
    }
    assert!(!nodes.mark("a").exists());
}

#[test]
fn who_waits_in_vain_starts_all_the_same_if_told_to() {
    let nodes = Nodes::new();
    let flags = [
        "--sentry",
        LIST,
        "--consensus",
        "2",
        "--consensus-timeout",
        "2",
        "--on-timeout",
        "open",
    ];
    let a = nodes.start("a", &flags);
    assert_eq!(nodes.members_at_start("a"), "['a@127.0.0.1']");
    nodes.wait_for("a", "phase", "degraded");
    let b = nodes.start_listed("b", "2");
    nodes.wait_for("a", "phase", "ready");
    drop((a, b));
}

#[test]
fn a_held_node_ends_when_it_is_told_to() {
    let nodes = Nodes::new();
    let a = nodes.start_listed("a", "2");
    nodes.wait_for("a", "phase", "assembling");
    a.signal(Signal::SIGTERM);
    ends_with(a, 143);
    assert!(!nodes.mark("a").exists());
}

#[test]
fn a_watcher_that_was_killed_is_followed_by_another() {
    let nodes = Nodes::new();
    let a = nodes.start_listed("a", "2");
    nodes.wait_for("a", "phase", "assembling");
    let watcher = nodes.watcher("a").unwrap();
    let kill = [watcher.clone(), atom!("kill").into()];
    nodes.call("a", atom!("erlang"), atom!("exit"), &kill);
    wait_until("another watcher", || {
        let now = nodes.watcher("a");
        now.is_some_and(|now| now != watcher && now.as_pid().is_some())
    });
    let b = nodes.start_listed("b", "2");
    nodes.wait_for("a", "phase", "ready");
    assert_eq!(nodes.members_at_start("a"), "['a@127.0.0.1','b@127.0.0.1']");
    drop((a, b));
}

#[test]
fn nodes_of_a_service_find_each_other_and_leave_other_clusters_alone() {
    let nodes = Nodes::new();
    let flags = |cluster| {
        [
            "--sentry",
            "dns://localhost",
            "--cluster",
            cluster,
            "--consensus",
            "2",
        ]
    };
    let running = [
        nodes.start("shop-1", &flags("shop")),
        nodes.start("other-1", &flags("other")),
        nodes.start("shop-2", &flags("shop")),
        nodes.start("other-2", &flags("other")),
    ];
    for name in ["shop-1", "shop-2"] {
        nodes.wait_for(name, "phase", "ready");
        nodes.wait_for(name, "members", "['shop-1@127.0.0.1','shop-2@127.0.0.1']");
    }
    for name in ["other-1", "other-2"] {
        nodes.wait_for(name, "members", "['other-1@127.0.0.1','other-2@127.0.0.1']");
    }
    drop(running);
}

#[test]
fn what_cannot_work_is_refused_before_anything_starts() {
    let surroundings = Surroundings::new();
    for (flags, told) in [
        (&["--sentry", "app.local"][..], "dns://app.local"),
        (&["--consensus", "3"], "--sentry"),
        (&["--sentry", LIST, "--gate", "ajar"], "--gate"),
        (
            &["--sentry", LIST, "--launcher", "rabbitmq"],
            "--gate launch",
        ),
    ] {
        let mut run = surroundings.run(flags);
        run.env("BEAMPORT_COOKIE", COOKIE).args(["--", "true"]);
        let error = ends_with(Running::start(&mut run), 2);
        assert!(error.contains(told), "{flags:?}: {error}");
    }
    // A home without a cookie.
    let surroundings = Surroundings::new();
    let mut run = surroundings.run(&["--sentry", LIST]);
    let error = ends_with(Running::start(run.args(["--", "true"])), 78);
    assert!(error.contains("BEAMPORT_COOKIE"), "{error}");
}

#[test]
fn who_listens_is_told_of_every_change_in_order() {
    let nodes = Nodes::new();
    let folder = nodes.surroundings.folder.path().to_owned();
    let source = "-module(my_listener).\n-export([on_state_change/3]).\n\
        on_state_change(From, To, #{members := Members, phase := To}) ->\n\
            Line = io_lib:format(\"~p ~p ~p~n\", [From, To, length(Members)]),\n\
            ok = file:write_file(\"heard\", Line, [append]),\n\
            %% What it does next is its own affair.\n\
            1 = length(Members).\n";
    std::fs::write(folder.join("my_listener.erl"), source).unwrap();
    let compiled = std::process::Command::new("erlc")
        .arg("my_listener.erl")
        .current_dir(&folder)
        .status();
    assert!(compiled.unwrap().success());
    let flags = |name: &str| {
        let command = format!("cat >> {name}.changes; echo >> {name}.changes");
        [
            "--sentry",
            LIST,
            "--consensus",
            "2",
            "--listener",
            "my_listener",
            "--on-change",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain([command])
        .collect::<Vec<_>>()
    };
    let start = |name: &str| {
        let flags = flags(name);
        nodes.start(name, &flags.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let a = start("a");
    let heard = |text: &str| {
        wait_until(&format!("the listener to hear {text}"), || {
            let heard = std::fs::read_to_string(folder.join("heard")).unwrap_or_default();
            heard.lines().any(|line| line == text)
        });
    };
    heard("assembling assembling 1");
    let b = nodes.start_listed("b", "2");
    heard("assembling ready 2");
    b.signal(Signal::SIGTERM);
    heard("ready degraded 1");
    wait_until("the command to be told", || {
        let changes = std::fs::read_to_string(folder.join("a.changes")).unwrap_or_default();
        let last = changes.lines().rfind(|line| !line.is_empty());
        last.is_some_and(|line| line.contains("\"phase\":\"degraded\""))
    });
    drop((a, b));
}
