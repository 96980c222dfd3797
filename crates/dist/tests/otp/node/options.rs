//! What a node can be told about whom it connects with.

use beamport_dist::handshake::{HandshakeError, Refusal};
use beamport_dist::node::{Address, AutoConnect, Config, ConnectError, Node, NodeKind};
use beamport_term::{Term, atom};

use super::{RUST, VM, config, listener_with, name, next_event, up};
use crate::mapper::Mapper;
use crate::vm::{COOKIE, Vm};

fn is_unwanted(error: &ConnectError) -> bool {
    let unwanted = HandshakeError::Refused(Refusal::Unwanted);
    matches!(error, ConnectError::Handshake(error) if *error == unwanted)
}

fn ping() -> String {
    format!("net_adm:ping('{RUST}')")
}

#[tokio::test]
async fn who_is_not_allowed_is_not_connected_with() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut stranger = Vm::start(&mapper, "stranger@127.0.0.1").await;
    let choosy = Config {
        allowed: Some([name(VM)].into()),
        ..config(&mapper)
    };
    let node = listener_with(RUST, choosy).await;
    assert_eq!(stranger.eval(&ping()).await, "pang");
    let error = node.connect(&name("stranger@127.0.0.1")).await.unwrap_err();
    assert!(is_unwanted(&error), "{error}");
    assert_eq!(vm.eval(&ping()).await, "pong");
    assert_eq!(node.connected(), [name(VM)]);
}

#[tokio::test]
async fn there_are_no_more_connections_than_there_may_be() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut second = Vm::start(&mapper, "second@127.0.0.1").await;
    let small = Config {
        connections: 1,
        ..config(&mapper)
    };
    let node = listener_with(RUST, small).await;
    let mut events = node.events();
    assert_eq!(vm.eval(&ping()).await, "pong");
    assert_eq!(second.eval(&ping()).await, "pang");
    vm.eval(&format!("net_kernel:disconnect('{RUST}')")).await;
    assert_eq!(next_event(&mut events).await, up(VM, NodeKind::Visible));
    next_event(&mut events).await;
    assert_eq!(second.eval(&ping()).await, "pong");
}

#[tokio::test]
async fn a_node_connects_by_itself_as_it_is_told_to() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let init = Address::name(atom!("init"), &name(VM));
    let send = async |node: &Node| {
        let mailbox = node.mailbox();
        mailbox.send(&init, Term::from(1)).await
    };
    let start = async |auto_connect| {
        let config = Config {
            auto_connect,
            ..config(&mapper)
        };
        Node::start(name(RUST), config).await.unwrap()
    };

    let never = start(AutoConnect::Never).await;
    let error = send(&never).await.unwrap_err();
    assert!(is_unwanted(&error), "{error}");
    never.connect(&name(VM)).await.unwrap();
    send(&never).await.unwrap();
    drop(never);

    let once = start(AutoConnect::Once).await;
    let mut events = once.events();
    send(&once).await.unwrap();
    once.disconnect(&name(VM));
    next_event(&mut events).await;
    next_event(&mut events).await;
    let error = send(&once).await.unwrap_err();
    assert!(is_unwanted(&error), "{error}");
    once.connect(&name(VM)).await.unwrap();
    send(&once).await.unwrap();
}

#[tokio::test]
async fn cookies_change_while_a_node_runs() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let other = Config {
        cookie: "other".parse().unwrap(),
        ..config(&mapper)
    };
    let node = listener_with(RUST, other).await;
    let peer = name(VM);
    node.connect(&peer).await.unwrap_err();
    assert_eq!(vm.eval(&ping()).await, "pang");
    node.set_cookie(peer.clone(), COOKIE.parse().unwrap());
    assert_eq!(vm.eval(&ping()).await, "pong");

    // The one for all others does not matter for this peer.
    let mut events = node.events();
    node.set_own_cookie("third".parse().unwrap());
    vm.eval(&format!("net_kernel:disconnect('{RUST}')")).await;
    next_event(&mut events).await;
    node.ping(&peer).await.unwrap();
    let mut second = Vm::start(&mapper, "second@127.0.0.1").await;
    second.eval("erlang:set_cookie(node(), third)").await;
    assert_eq!(second.eval(&ping()).await, "pong");
}
