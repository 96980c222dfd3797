//! Handshakes with a VM, in both directions.

use beamport_dist::handshake::accept::{Caller, Greeting};
use beamport_dist::handshake::stream::Wire;
use beamport_dist::handshake::{
    Capabilities, Established, HandshakeError, Identity, Incarnation, Refusal, Step,
};
use beamport_dist::{Cookie, Flags};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::mapper::{Mapper, soon};
use crate::vm::{COOKIE, Vm};

pub(crate) const VM: &str = "vm@127.0.0.1";
pub(crate) const RUST: &str = "rust@127.0.0.1";

pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    offered: Flags::MANDATORY_26,
    required: Flags::MANDATORY_25,
};

pub(crate) fn node(name: &str) -> Incarnation {
    Incarnation {
        name: name.parse().unwrap(),
        creation: 7,
    }
}

pub(crate) fn cookie() -> Cookie {
    COOKIE.parse().unwrap()
}

/// Dials the VM over `stream` as the node `name`.
pub(crate) async fn dial(
    stream: &mut TcpStream,
    name: &str,
) -> Result<Established, HandshakeError> {
    let identity = Identity::Named(node(name));
    dial_as(stream, identity, CAPABILITIES, VM, COOKIE).await
}

pub(crate) async fn dial_as(
    stream: &mut TcpStream,
    identity: Identity,
    capabilities: Capabilities,
    peer: &str,
    cookie: &str,
) -> Result<Established, HandshakeError> {
    let (peer, cookie) = (peer.parse().unwrap(), cookie.parse().unwrap());
    Wire::new(stream, soon())
        .dial(identity, capabilities, peer, &cookie, 0xFFFF_FFF0)
        .await
}

/// Accepts a connection of a VM to the node `name`, up to the decision.
pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.unwrap().0
}

pub(crate) async fn greet(wire: &mut Wire<'_, TcpStream>, name: &str) -> Caller {
    match wire.greet(node(name), CAPABILITIES).await.unwrap() {
        Greeting::Named(caller) => caller,
        Greeting::Nameless(_) => panic!("a nameless caller"),
    }
}

/// Whether the peer has closed the connection.
pub(crate) async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.is_ok()
}

#[tokio::test]
async fn a_vm_takes_us_for_a_hidden_node() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut stream = mapper.connect("vm").await;
    let established = dial(&mut stream, RUST).await.unwrap();
    assert_eq!(established.peer.name.as_str(), VM);
    assert!(established.peer.creation > 3);
    assert!(established.flags.contains(Flags::MANDATORY_25));
    assert!(!established.flags.contains(Flags::SPAWN), "not offered");
    assert!(established.peer_flags.contains(Flags::SPAWN));
    let seen = vm.eval("{nodes(), nodes(hidden)}").await;
    assert_eq!(seen, format!("{{[],['{RUST}']}}"));
}

#[tokio::test]
async fn why_a_vm_does_not_take_us_is_told() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    // Each with a connection of its own, which is closed before the next.
    let attempt = async |capabilities, peer, cookie| {
        let mut stream = mapper.connect("vm").await;
        let us = Identity::Named(node(RUST));
        dial_as(&mut stream, us, capabilities, peer, cookie)
            .await
            .unwrap_err()
    };

    let refused = attempt(CAPABILITIES, VM, "other").await;
    assert_eq!(refused, HandshakeError::Closed { step: Step::Ack });

    let refused = attempt(CAPABILITIES, "vm@localhost.localdomain", COOKIE).await;
    let found = VM.parse().unwrap();
    assert_eq!(refused, Refusal::OtherNode { found }.into());

    let poor = Capabilities {
        offered: Flags::NONE,
        ..CAPABILITIES
    };
    let refused = attempt(poor, VM, COOKIE).await;
    assert_eq!(refused, Refusal::NotAllowed.into());

    let (step, missing) = (Step::Challenge, Flags::from_bits(1 << 60));
    let future = Capabilities {
        required: Flags::MANDATORY_25 | missing,
        ..CAPABILITIES
    };
    let refused = attempt(future, VM, COOKIE).await;
    assert_eq!(refused, HandshakeError::Incompatible { step, missing });

    vm.eval("net_kernel:allow(['friend@127.0.0.1'])").await;
    let refused = attempt(CAPABILITIES, VM, COOKIE).await;
    assert_eq!(refused, Refusal::NotAllowed.into());
}

#[tokio::test]
async fn a_vm_gives_us_a_name() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut stream = mapper.connect("vm").await;
    let nameless = Identity::Nameless("127.0.0.1".parse().unwrap());
    let established = dial_as(&mut stream, nameless, CAPABILITIES, VM, COOKIE)
        .await
        .unwrap();
    assert!(established.local.creation > 3);
    let seen = vm.eval("nodes(hidden)").await;
    assert_eq!(seen, format!("['{}']", established.local.name));
}

#[tokio::test]
async fn a_vm_connects_to_us() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let (listener, _holding) = mapper.publish("rust").await;
    vm.begin(&format!("net_kernel:connect_node('{RUST}')"))
        .await;
    let mut stream = accept(&listener).await;
    let mut wire = Wire::new(&mut stream, soon());
    let caller = greet(&mut wire, RUST).await;
    assert_eq!(caller.name().as_str(), VM);
    let state = caller.welcome(1, wire.out());
    let established = wire.establish(state, &cookie()).await.unwrap();
    assert_eq!(vm.line().await, "true");
    assert!(established.peer.creation > 3);
    assert!(established.peer_flags.contains(Flags::PUBLISHED));
}

#[tokio::test]
async fn why_we_do_not_take_a_vm_is_told() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let (listener, _holding) = mapper.publish("rust").await;
    let connect = format!("net_kernel:connect_node('{RUST}')");

    vm.begin(&connect).await;
    let mut stream = accept(&listener).await;
    let mut wire = Wire::new(&mut stream, soon());
    let state = greet(&mut wire, RUST).await.welcome(1, wire.out());
    let refused = wire.establish(state, &"other".parse().unwrap()).await;
    assert_eq!(refused, Err(Refusal::Cookie.into()));
    drop(stream);
    assert_eq!(vm.line().await, "false");

    // The VM finds another node at the address than it dialled.
    vm.begin(&connect).await;
    let mut stream = accept(&listener).await;
    let mut wire = Wire::new(&mut stream, soon());
    let state = greet(&mut wire, "else@127.0.0.1")
        .await
        .welcome(1, wire.out());
    let refused = wire.establish(state, &cookie()).await;
    assert_eq!(refused, Err(HandshakeError::Closed { step: Step::Reply }));
    assert_eq!(vm.line().await, "false");

    vm.begin(&connect).await;
    let mut stream = accept(&listener).await;
    let mut wire = Wire::new(&mut stream, soon());
    let refusal = greet(&mut wire, RUST).await.refuse(wire.out());
    assert_eq!(refusal, Refusal::Unwanted.into());
    wire.flush(Step::Name).await.unwrap();
    assert_eq!(vm.line().await, "false");
}

#[tokio::test]
async fn a_vm_takes_over_its_own_older_connection() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let (listener, _holding) = mapper.publish("rust").await;
    vm.begin(&format!("net_kernel:connect_node('{RUST}')"))
        .await;
    let mut stream = accept(&listener).await;
    let mut wire = Wire::new(&mut stream, soon());
    let state = greet(&mut wire, RUST).await.ask_to_take_over(wire.out());
    let state = wire.hear_take_over(state, 1).await.unwrap();
    let established = wire.establish(state, &cookie()).await.unwrap();
    assert!(established.replaces);
    assert_eq!(vm.line().await, "true");
}

#[tokio::test]
async fn we_give_a_vm_a_name() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, "undefined@127.0.0.1").await;
    let (listener, _holding) = mapper.publish("rust").await;
    vm.begin(&format!("{{net_kernel:connect_node('{RUST}'), node()}}"))
        .await;
    let mut stream = accept(&listener).await;
    let mut wire = Wire::new(&mut stream, soon());
    let greeting = wire.greet(node(RUST), CAPABILITIES).await.unwrap();
    let Greeting::Nameless(caller) = greeting else {
        panic!("a named caller");
    };
    assert_eq!(caller.host().as_str(), "127.0.0.1");
    let state = caller.name(node("GIVEN@127.0.0.1"), 1, wire.out());
    let established = wire.establish(state, &cookie()).await.unwrap();
    assert_eq!(established.peer, node("GIVEN@127.0.0.1"));
    assert_eq!(vm.line().await, "{true,'GIVEN@127.0.0.1'}");
}
