//! How nodes come by their names, and end.

use std::time::Duration;

use beamport_dist::Flags;
use beamport_dist::node::{
    Address, Config, ConnectError, DownReason, Node, NodeEvent, NodeKind, StartError,
};
use beamport_term::{Term, atom};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::time::{timeout, timeout_at};

use super::{RUST, VM, config, dialler, down, listener, listener_with, name, next_event, up};
use crate::mapper::{Mapper, soon};
use crate::peer;
use crate::vm::Vm;

#[tokio::test]
async fn a_node_without_a_name_is_given_one() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let host = || "127.0.0.1".parse().unwrap();
    let node = Node::start_nameless(host(), &name(VM), config(&mapper))
        .await
        .unwrap();
    assert_eq!(node.name().host(), "127.0.0.1");
    assert_eq!(node.connected(), [name(VM)]);
    let echo = Term::list([Term::list([node.name().to_atom()])]);
    let peer = name(VM);
    let own = node.rpc(&peer, atom!("erlang"), atom!("hd"), echo).await;
    assert!(own.unwrap().is_atom(node.name().as_str()));
    // Who has its answer is connected for the VM too, which ends the handshake before it enters the node.
    let seen = vm.eval("nodes(hidden)").await;
    assert_eq!(seen, format!("['{}']", node.name()));

    // It keeps its name, under which others see it.
    let mut events = node.events();
    node.disconnect(&name(VM));
    // To a node that it names, a VM does not say that it is visible.
    let gone = down(VM, NodeKind::Hidden, DownReason::Disconnected);
    assert_eq!(next_event(&mut events).await, gone);
    node.ping(&name(VM)).await.unwrap();
    assert_eq!(vm.eval("nodes(hidden)").await, seen);

    let ours = listener(&mapper, RUST).await;
    let second = Node::start_nameless(host(), ours.name(), config(&mapper))
        .await
        .unwrap();
    assert_eq!(ours.connected(), [second.name().clone()]);
    let nowhere = name("nowhere@127.0.0.1");
    let nobody = Node::start_nameless(host(), &nowhere, config(&mapper)).await;
    assert!(matches!(
        nobody,
        Err(StartError::Nameless(ConnectError::NotRegistered { .. }))
    ));
}

#[tokio::test]
async fn a_node_that_stops_leaves_nothing() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    node.ping(&name(VM)).await.unwrap();

    // Somebody dials, and says nothing.
    let _silent = mapper.connect("rust").await;
    // Somebody is dialled, and says nothing.
    let (_listener, _holding) = mapper.publish("mute").await;
    let waiting = node.clone();
    let waiting = tokio::spawn(async move { waiting.connect(&name("mute@127.0.0.1")).await });

    // Somebody has begun to connect, and is waited for.
    let mut half = mapper.connect("rust").await;
    let flags = Flags::MANDATORY_26.bits().to_be_bytes();
    let begin = [b"\0\x1dN", &flags[..], b"\0\0\0\x07\0\x0ehalf@127.0.0.1"].concat();
    half.write_all(&begin).await.unwrap();
    let mut welcome = [0; 5];
    half.read_exact(&mut welcome).await.unwrap();
    let waiting_for_half = node.clone();
    let waiting_for_half =
        tokio::spawn(async move { waiting_for_half.connect(&name("half@127.0.0.1")).await });
    tokio::task::yield_now().await;

    node.stop().await;
    assert!(waiting_for_half.await.unwrap().is_err());
    assert!(node.connected().is_empty());
    assert!(!mapper.knows("rust").await);
    assert_eq!(mailbox.receive().await, None);
    assert!(waiting.await.unwrap().is_err());
    assert!(node.connect(&name(VM)).await.is_err());
    let gone = "(fun F() -> case nodes(hidden) of [] -> ok; _ -> F() end end)()";
    assert_eq!(vm.eval(gone).await, "ok");
    // Its name can be had again.
    drop(listener(&mapper, RUST).await);
}

/// What has been sent when a node ends arrives, whether its end is waited for or not.
#[tokio::test]
async fn what_was_sent_before_the_end_arrives() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval("register(sink, self())").await;
    let sink = Address::name(atom!("sink"), &name(VM));
    let large = Term::binary(vec![7; 256 << 10]);
    for waited_for in [true, false] {
        let node = dialler(&mapper).await;
        let mailbox = node.mailbox();
        for n in 1..=40 {
            let message = Term::from((n, large.clone()));
            mailbox.send(&sink, message).await.unwrap();
        }
        if waited_for {
            node.stop().await;
        }
        drop(node);
        let count = "length([receive {N, _} -> N end || N <- lists:seq(1, 40)])";
        assert_eq!(vm.eval(count).await, "40");
    }
}

/// A peer that takes nothing does not keep a node from ending.
#[tokio::test]
async fn a_stop_takes_no_longer_than_it_may() {
    let mapper = Mapper::start();
    let config = Config {
        stop_time: Duration::from_millis(100),
        ..config(&mapper)
    };
    let node = listener_with(RUST, config).await;
    let _peer = peer::dial_as(&mapper, "stuck", RUST).await;
    while node.connected().is_empty() {
        tokio::task::yield_now().await;
    }
    let mailbox = node.mailbox();
    let somebody = Address::name(atom!("somebody"), &name("stuck@127.0.0.1"));
    let large = Term::binary(vec![7; 1 << 20]);
    let full = Duration::from_millis(200);
    while timeout(full, mailbox.send(&somebody, large.clone()))
        .await
        .is_ok()
    {}
    timeout_at(soon(), node.stop()).await.unwrap();
}

#[tokio::test]
async fn the_example_sees_who_comes_and_goes() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut other = Vm::start(&mapper, "other@127.0.0.1").await;
    assert_eq!(vm.eval("net_adm:ping('other@127.0.0.1')").await, "pong");
    let (tell, mut told) = mpsc::unbounded_channel::<NodeEvent>();
    let config = config(&mapper);
    let watching = tokio::spawn(async move {
        let tell = move |event| tell.send(event).unwrap();
        crate::watch::run(config, name(VM), tell).await.is_ok()
    });
    let come = up("other@127.0.0.1", NodeKind::Visible);
    assert_eq!(told.recv().await, Some(come));
    other.begin("halt()").await;
    let gone = down("other@127.0.0.1", NodeKind::Visible, DownReason::Closed);
    assert_eq!(told.recv().await, Some(gone));
    watching.abort();
}
