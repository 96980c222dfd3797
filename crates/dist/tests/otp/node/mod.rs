//! Nodes among VMs.

mod aliases;
mod calls;
mod connections;
mod erpc;
mod hostile;
mod lifetime;
mod local;
mod options;
mod peers;
mod signals;
mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use beamport_dist::FullName;
use beamport_dist::node::{
    Address, Config, DownReason, Mailbox, Node, NodeEvent, NodeKind, Received,
};
use beamport_term::{Term, atom};
use tokio::sync::broadcast;
use tokio::time::timeout_at;

use crate::mapper::{Mapper, soon};
use crate::vm::{COOKIE, Vm};

pub(crate) const VM: &str = "vm@127.0.0.1";
pub(crate) const RUST: &str = "rust@127.0.0.1";

pub(crate) fn name(text: &str) -> FullName {
    text.parse().unwrap()
}

pub(crate) fn config(mapper: &Mapper) -> Config {
    Config {
        mapper_port: mapper.port(),
        // A loaded machine is slow.
        setup_time: Duration::from_secs(30),
        call_time: Duration::from_secs(30),
        ..Config::new(COOKIE.parse().unwrap())
    }
}

/// A node that dials only.
pub(crate) async fn dialler(mapper: &Mapper) -> Node {
    Node::start(name(RUST), config(mapper)).await.unwrap()
}

/// A node that listens too.
pub(crate) async fn listener(mapper: &Mapper, own: &str) -> Node {
    listener_with(own, config(mapper)).await
}

pub(crate) async fn listener_with(own: &str, config: Config) -> Node {
    let config = Config {
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ..config
    };
    Node::start(name(own), config).await.unwrap()
}

pub(crate) async fn receive(mailbox: &mut Mailbox) -> Received {
    timeout_at(soon(), mailbox.receive())
        .await
        .unwrap()
        .expect("the mailbox has ended")
}

pub(crate) async fn next_event(events: &mut broadcast::Receiver<NodeEvent>) -> NodeEvent {
    timeout_at(soon(), events.recv()).await.unwrap().unwrap()
}

pub(crate) fn up(node: &str, kind: NodeKind) -> NodeEvent {
    let node = name(node);
    NodeEvent::Up { node, kind }
}

pub(crate) fn down(node: &str, kind: NodeKind, reason: DownReason) -> NodeEvent {
    let node = name(node);
    NodeEvent::Down { node, kind, reason }
}

/// A pid that the VM prints by evaluating `expression`, told by message.
pub(crate) async fn pid_of(
    vm: &mut Vm,
    mailbox: &mut Mailbox,
    own: &str,
    expression: &str,
) -> Address {
    let name = atom!("pids");
    let _ = mailbox.register(name);
    vm.eval(&format!("{{pids, '{own}'}} ! {expression}")).await;
    match receive(mailbox).await {
        Received::Message(Term::Pid(pid)) => pid.into(),
        other => panic!("no pid: {other:?}"),
    }
}
