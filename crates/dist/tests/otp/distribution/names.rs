//! Names of nodes and hosts.

use beamport_dist::FullName;
use beamport_dist::node::Node;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout_at;

use crate::mapper::{Mapper, soon};
use crate::node::{RUST, VM, config, listener, name};
use crate::vm::Vm;

#[tokio::test]
async fn nodenames() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    for legal in ["a1@127.0.0.1", "a-1@127.0.0.1", "a_1@127.0.0.1"] {
        let _node = listener(&mapper, legal).await;
        let ping = format!("net_adm:ping('{legal}')");
        assert_eq!(vm.eval(&ping).await, "pong", "{legal}");
    }
    assert!("te\u{6b22}st@a".parse::<FullName>().is_err());
}

/// A VM does not ask whether a node is on the host that it says.
#[tokio::test]
async fn hostnames() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    for legal in ["one@short", "two@some.where.example", "three@1-a.2_b"] {
        let node = Node::start(name(legal), config(&mapper)).await.unwrap();
        node.ping(&name(VM)).await.unwrap();
        let seen = format!("lists:member('{legal}', nodes(hidden))");
        assert_eq!(vm.eval(&seen).await, "true", "{legal}");
    }
}

/// Names that are none come to nothing, on either side, and do no harm.
#[tokio::test]
async fn illegal_nodenames() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    for illegal in ["no_host", "@host", "name@", "a@b@c", "a b@c", "a@b\n"] {
        assert!(illegal.parse::<FullName>().is_err(), "{illegal:?}");
        let mut stream = mapper.connect("rust").await;
        let length = u16::try_from(illegal.len()).unwrap();
        let flags = beamport_dist::Flags::MANDATORY_26.bits().to_be_bytes();
        let message = [
            b"N",
            &flags[..],
            &[0, 0, 0, 7],
            &length.to_be_bytes(),
            illegal.as_bytes(),
        ]
        .concat();
        let size = u16::try_from(message.len()).unwrap().to_be_bytes();
        stream
            .write_all(&[&size, &message[..]].concat())
            .await
            .unwrap();
        let mut answer = Vec::new();
        let closed = timeout_at(soon(), stream.read_to_end(&mut answer)).await;
        closed.unwrap().unwrap();
        assert!(answer.is_empty(), "{illegal:?}");
    }
    assert!(node.connected().is_empty());
    assert_eq!(vm.eval(&format!("net_adm:ping('{RUST}')")).await, "pong");
}
