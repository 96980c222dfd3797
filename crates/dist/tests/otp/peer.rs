//! A peer that shakes hands and then does what a test wants.

use std::net::Ipv4Addr;

use beamport_dist::Flags;
use beamport_dist::handshake::accept::Greeting;
use beamport_dist::handshake::stream::Wire;
use beamport_dist::handshake::{Capabilities, Identity, Incarnation};
use tokio::net::TcpStream;

use crate::mapper::{Mapper, soon};
use crate::vm::COOKIE;

/// Lets the next node that dials `name@127.0.0.1` connect.
pub(crate) async fn accept_as(mapper: &Mapper, name: &str, flags: Flags) -> TcpStream {
    let (listener, _holding) = mapper.publish(name).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let node = Incarnation {
        name: format!("{name}@{}", Ipv4Addr::LOCALHOST).parse().unwrap(),
        creation: 7,
    };
    let capabilities = Capabilities {
        offered: flags,
        required: Flags::MANDATORY_25,
    };
    let mut wire = Wire::new(&mut stream, soon());
    let Greeting::Named(caller) = wire.greet(node, capabilities).await.unwrap() else {
        panic!("a nameless caller");
    };
    let state = caller.welcome(1, wire.out());
    wire.establish(state, &COOKIE.parse().unwrap())
        .await
        .unwrap();
    stream
}

/// Connects to a node as `name@127.0.0.1`.
pub(crate) async fn dial_as(mapper: &Mapper, name: &str, node: &str) -> TcpStream {
    dial_with(mapper, name, node, Flags::MANDATORY_26).await
}

/// Connects to a node as `name@127.0.0.1` that has these flags.
pub(crate) async fn dial_with(mapper: &Mapper, name: &str, node: &str, flags: Flags) -> TcpStream {
    let (short, _) = node.split_once('@').unwrap();
    let mut stream = mapper.connect(short).await;
    let identity = Identity::Named(Incarnation {
        name: format!("{name}@{}", Ipv4Addr::LOCALHOST).parse().unwrap(),
        creation: 7,
    });
    let capabilities = Capabilities {
        offered: flags,
        required: Flags::MANDATORY_25,
    };
    let (node, cookie) = (node.parse().unwrap(), COOKIE.parse().unwrap());
    Wire::new(&mut stream, soon())
        .dial(identity, capabilities, node, &cookie, 2)
        .await
        .unwrap();
    stream
}
