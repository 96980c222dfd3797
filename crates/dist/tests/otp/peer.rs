//! A peer that shakes hands and then does what a test wants.

use std::net::Ipv4Addr;

use beamport_dist::Flags;
use beamport_dist::handshake::accept::Greeting;
use beamport_dist::handshake::stream::Wire;
use beamport_dist::handshake::{Capabilities, Incarnation};
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
