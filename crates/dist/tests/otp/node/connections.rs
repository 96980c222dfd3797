//! How connections come about, and end.

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;

use beamport_dist::Flags;
use beamport_dist::handshake::{HandshakeError, Refusal, Step};
use beamport_dist::node::{
    Address, Config, ConnectError, DownReason, Node, NodeKind, Reached, Received,
};
use beamport_term::atom;
use tokio::sync::mpsc;

use super::{RUST, VM, config, dialler, down, listener, name, next_event, receive, up};
use crate::mapper::Mapper;
use crate::peer;
use crate::vm::{COOKIE, Vm};

#[tokio::test]
async fn a_vm_pings_a_node() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut events = node.events();
    assert_eq!(vm.eval(&format!("net_adm:ping('{RUST}')")).await, "pong");
    assert_eq!(next_event(&mut events).await, up(VM, NodeKind::Visible));
    assert_eq!(
        vm.eval("{nodes(), nodes(hidden)}").await,
        format!("{{[],['{RUST}']}}")
    );
    assert_eq!(node.connected(), [name(VM)]);
    let names = vm.eval("element(2, erl_epmd:names({127,0,0,1}))").await;
    assert!(names.contains("{\"rust\","), "{names}");
    vm.eval(&format!("net_kernel:disconnect('{RUST}')")).await;
    let closed = down(VM, NodeKind::Visible, DownReason::Closed);
    assert_eq!(next_event(&mut events).await, closed);
    assert_eq!(vm.eval(&format!("net_adm:ping('{RUST}')")).await, "pong");

    drop(node);
    let gone = format!(
        "(fun F() -> case nodes(hidden) of [] -> net_adm:ping('{RUST}'); _ -> F() end end)()"
    );
    assert_eq!(vm.eval(&gone).await, "pang");
}

#[tokio::test]
async fn why_a_node_cannot_be_reached_is_told() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let attempt = async |peer: &str, config: Config| -> Arc<ConnectError> {
        let node = Node::start(name(RUST), config).await.unwrap();
        node.connect(&name(peer)).await.unwrap_err()
    };
    let error = attempt("else@127.0.0.1", config(&mapper)).await;
    assert!(
        matches!(*error, ConnectError::NotRegistered { .. }),
        "{error}"
    );

    let error = attempt("vm@nowhere.invalid", config(&mapper)).await;
    assert!(
        matches!(
            *error,
            ConnectError::UnknownHost { .. }
                | ConnectError::Host { .. }
                | ConnectError::HostTimeout { .. }
        ),
        "{error}"
    );

    let error = attempt(RUST, config(&mapper)).await;
    assert!(matches!(*error, ConnectError::Itself), "{error}");

    let other = Config {
        cookie: "other".parse().unwrap(),
        ..config(&mapper)
    };
    let error = attempt(VM, other.clone()).await;
    let at = Step::Ack;
    assert!(
        matches!(*error, ConnectError::Handshake(HandshakeError::Closed { step }) if step == at),
        "{error}"
    );
    // A cookie for this peer only makes it good.
    let mut known = other;
    known.cookies.insert(name(VM), COOKIE.parse().unwrap());
    let node = Node::start(name(RUST), known).await.unwrap();
    node.ping(&name(VM)).await.unwrap();

    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mapper_port = unused.local_addr().unwrap().port();
    drop(unused);
    let error = attempt(
        VM,
        Config {
            mapper_port,
            ..config(&mapper)
        },
    )
    .await;
    assert!(matches!(*error, ConnectError::Mapper(_)), "{error}");
}

/// What an observer was told, in a word each.
async fn observed(node: &Node, peer: &str) -> (Vec<&'static str>, Result<(), Arc<ConnectError>>) {
    let (told, mut hears) = mpsc::unbounded_channel();
    let observer = move |reached: Reached<'_>, _| {
        told.send(match reached {
            Reached::Host([address]) if address.is_loopback() => "host",
            Reached::Mapper(_, node) if node.name.as_str() == "vm" => "mapper",
            Reached::Port(_) => "port",
            Reached::Welcome => "welcome",
            Reached::Peer(peer, flags)
                if peer.name == name(VM) && flags.contains(Flags::PUBLISHED) =>
            {
                "peer"
            }
            Reached::Proof => "proof",
            _ => "something else",
        })
        .unwrap();
    };
    let outcome = node.connect_observed(&name(peer), observer).await;
    let mut words = Vec::new();
    while let Ok(word) = hears.try_recv() {
        words.push(word);
    }
    (words, outcome)
}

#[tokio::test]
async fn an_observer_is_told_how_far_a_node_gets() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let (words, outcome) = observed(&node, "else@127.0.0.1").await;
    assert!(outcome.is_err());
    assert_eq!(words, ["host"]);
    let all = ["host", "mapper", "port", "welcome", "peer", "proof"];
    let (words, outcome) = observed(&node, VM).await;
    outcome.unwrap();
    assert_eq!(words, all);
    // There is nothing to be seen any more.
    assert_eq!(observed(&node, VM).await.0, [""; 0]);

    let other = Config {
        cookie: "other".parse().unwrap(),
        ..config(&mapper)
    };
    let node = Node::start(name("other@127.0.0.1"), other).await.unwrap();
    let (words, outcome) = observed(&node, VM).await;
    assert!(outcome.is_err());
    assert_eq!(words, all[..5]);
}

/// Two nodes of one name: the second is to leave the first alone.
#[tokio::test]
async fn the_place_of_another_connection_is_not_taken_if_that_is_not_wanted() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let first = dialler(&mapper).await;
    first.ping(&name(VM)).await.unwrap();
    let considerate = Config {
        take_over: false,
        ..config(&mapper)
    };
    let second = Node::start(name(RUST), considerate).await.unwrap();
    let error = second.connect(&name(VM)).await.unwrap_err();
    assert!(
        matches!(&*error, ConnectError::Handshake(HandshakeError::Refused(refusal)) if *refusal == Refusal::Alive),
        "{error}"
    );
    assert_eq!(vm.eval("nodes(hidden)").await, format!("['{RUST}']"));
    first.ping(&name(VM)).await.unwrap();
}

/// Both sides dial at the same time, again and again; each time one connection comes of it and both can use it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_may_connect_at_once() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    for own in ["a@127.0.0.1", "z@127.0.0.1"] {
        let node = listener(&mapper, own).await;
        for _ in 0..20 {
            vm.begin(&format!("net_adm:ping('{own}')")).await;
            node.ping(&name(VM)).await.unwrap();
            assert_eq!(vm.line().await, "pong");
            assert_eq!(node.connected(), [name(VM)]);
            vm.eval(&format!(
                "net_kernel:disconnect('{own}'), (fun F() -> case nodes(hidden) of [] -> ok; _ -> F() end end)()"
            ))
            .await;
            while !node.connected().is_empty() {
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn a_node_names_a_vm_that_has_no_name() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, "undefined@127.0.0.1").await;
    let node = listener(&mapper, RUST).await;
    assert_eq!(
        vm.eval(&format!("net_kernel:connect_node('{RUST}')")).await,
        "true"
    );
    assert_eq!(vm.eval(&format!("net_adm:ping('{RUST}')")).await, "pong");
    let given = vm.eval("node()").await;
    let [peer] = node.connected().try_into().unwrap();
    assert_eq!(given, format!("'{peer}'"));
    node.ping(&peer).await.unwrap();
}

/// A name is registered again with a port mapper that comes back.
#[tokio::test]
async fn a_port_mapper_that_comes_back_is_told_again() {
    let mapper = Mapper::start();
    let node = listener(&mapper, RUST).await;
    let port = mapper.port();
    drop(mapper);
    let mapper = Mapper::start_on(port).await;
    let mut vm = Vm::start(&mapper, VM).await;
    let ping =
        format!("(fun F() -> case net_adm:ping('{RUST}') of pong -> pong; pang -> F() end end)()");
    assert_eq!(vm.eval(&ping).await, "pong");
    assert_eq!(node.connected(), [name(VM)]);
}

/// A peer that comes again while its older connection seems to stand takes its place, and its processes are new.
#[tokio::test]
async fn a_peer_that_comes_again_is_down_and_up() {
    let mapper = Mapper::start();
    let node = listener(&mapper, RUST).await;
    let mut events = node.events();
    let peer = || up("again@127.0.0.1", NodeKind::Hidden);
    let first = peer::dial_as(&mapper, "again", RUST).await;
    assert_eq!(events.recv().await, Ok(peer()));
    let mut mailbox = node.mailbox();
    let somebody = Address::name(atom!("somebody"), &name("again@127.0.0.1"));
    mailbox.monitor(&somebody).await.unwrap();

    let second = peer::dial_as(&mapper, "again", RUST).await;
    let down = down("again@127.0.0.1", NodeKind::Hidden, DownReason::Replaced);
    assert_eq!(events.recv().await, Ok(down));
    assert_eq!(events.recv().await, Ok(peer()));
    let Received::Down { reason, .. } = receive(&mut mailbox).await else {
        panic!("not told");
    };
    assert!(reason.is_atom("noconnection"));
    assert_eq!(node.connected(), [name("again@127.0.0.1")]);
    drop((first, second));
}

#[tokio::test]
async fn nodes_talk_over_ipv6() {
    let mapper = Mapper::start_at(Ipv6Addr::LOCALHOST.into());
    let mut vm = Vm::start_with(&mapper, "vm@::1", &["-proto_dist", "inet6_tcp"]).await;
    let config = Config {
        listen: Some(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))),
        ..config(&mapper)
    };
    let node = Node::start(name("rust@::1"), config).await.unwrap();
    node.ping(&name("vm@::1")).await.unwrap();
    node.disconnect(&name("vm@::1"));
    let again =
        "(fun F() -> case nodes(hidden) of [] -> net_adm:ping('rust@::1'); _ -> F() end end)()";
    assert_eq!(vm.eval(again).await, "pong");
}

/// As by `/etc/hosts`.
#[tokio::test]
async fn hosts_are_looked_up() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, "vm@localhost").await;
    let node = dialler(&mapper).await;
    node.ping(&name("vm@localhost")).await.unwrap();
}
