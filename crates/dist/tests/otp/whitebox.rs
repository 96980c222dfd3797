//! The scenarios of OTP's `erl_distribution_wb_SUITE`, which plays a node by hand: against a VM, as there, and
//! against a node of ours.

use std::time::Duration;

use beamport_dist::Flags;
use beamport_dist::handshake::stream::Wire;
use beamport_dist::handshake::{Capabilities, HandshakeError, Identity, Refusal};
use beamport_dist::node::{Config, Node};
use md5::{Digest as _, Md5};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout_at;

use crate::handshake::{
    CAPABILITIES, RUST, VM, accept, cookie, dial, dial_as, greet, is_closed, node,
};
use crate::mapper::{Mapper, soon};
use crate::vm::{COOKIE, Vm};

/// A node of ours that listens.
async fn rust_node(mapper: &Mapper) -> Node {
    let config = Config {
        mapper_port: mapper.port(),
        setup_time: Duration::from_secs(30),
        listen: Some(([127, 0, 0, 1], 0).into()),
        ..Config::new(cookie())
    };
    Node::start(RUST.parse().unwrap(), config).await.unwrap()
}

/// Once the VM is about to give a connection's place to another.
const TAKES_OVER: &str = "(fun F() -> \
    case [C || C <- ets:tab2list(sys_dist), lists:member(up_pending, tuple_to_list(C))] of [_ | _] -> ok; [] -> F() end end)()";

/// `pending_up_md5`: who connects again while it is connected is asked, and takes its own place.
///
/// OTP 25 and later close the first connection themselves; OTP 23 waits for us to do that, as the suite does.
#[tokio::test]
async fn whitebox_pending_up_md5() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut first = mapper.connect("vm").await;
    dial(&mut first, "ccc@127.0.0.1").await.unwrap();
    // The VM knows of the first before it is asked about the second.
    assert_eq!(vm.eval("nodes(hidden)").await, "['ccc@127.0.0.1']");
    let mut second = mapper.connect("vm").await;
    let old = vm.release().await < 25;
    let taking_over = dial(&mut second, "ccc@127.0.0.1");
    if old {
        let closing = async {
            assert_eq!(vm.eval(TAKES_OVER).await, "ok");
            drop(first);
        };
        let (established, ()) = tokio::join!(taking_over, closing);
        established.unwrap();
    } else {
        taking_over.await.unwrap();
        assert!(is_closed(&mut first).await);
    }
    assert_eq!(vm.eval("nodes(hidden)").await, "['ccc@127.0.0.1']");

    let node = rust_node(&mapper).await;
    let mut first = mapper.connect("rust").await;
    dial_rust(&mut first, "ccc@127.0.0.1").await.unwrap();
    let mut second = mapper.connect("rust").await;
    dial_rust(&mut second, "ccc@127.0.0.1").await.unwrap();
    assert!(is_closed(&mut first).await);
    assert_eq!(node.connected(), ["ccc@127.0.0.1".parse().unwrap()]);
}

async fn dial_rust(stream: &mut TcpStream, name: &str) -> Result<(), HandshakeError> {
    let identity = Identity::Named(node(name));
    dial_as(stream, identity, CAPABILITIES, RUST, COOKIE)
        .await
        .map(drop)
}

/// `simultaneous_md5` for a name that is less than the other's: the other's connection is the one that stays.
#[tokio::test]
async fn whitebox_simultaneous_md5_of_the_lesser_name() {
    let mapper = Mapper::start();
    let us = "A@127.0.0.1";
    let (listener, _holding) = mapper.publish("A").await;

    let mut vm = Vm::start(&mapper, VM).await;
    vm.begin(&format!("net_kernel:connect_node('{us}')")).await;
    let mut theirs = accept(&listener).await;
    let mut ours = mapper.connect("vm").await;
    assert_eq!(dial(&mut ours, us).await, Err(Refusal::Simultaneous.into()));
    let_in(&mut theirs, us).await;
    assert_eq!(vm.line().await, "true");

    let node = rust_node(&mapper).await;
    let connecting = begin_to_connect(&node, us);
    let mut theirs = accept(&listener).await;
    let mut ours = mapper.connect("rust").await;
    let refused = dial_rust(&mut ours, us).await;
    assert_eq!(refused, Err(Refusal::Simultaneous.into()));
    let_in(&mut theirs, us).await;
    connecting.await.unwrap();
}

/// `simultaneous_md5` for a name that is greater than the other's: our connection is the one that stays.
#[tokio::test]
async fn whitebox_simultaneous_md5_of_the_greater_name() {
    let mapper = Mapper::start();
    let us = "zzzzzzzzzzzzzz@127.0.0.1";
    let (listener, _holding) = mapper.publish("zzzzzzzzzzzzzz").await;

    let mut vm = Vm::start(&mapper, VM).await;
    vm.begin(&format!("net_kernel:connect_node('{us}')")).await;
    let mut theirs = accept(&listener).await;
    let mut ours = mapper.connect("vm").await;
    dial(&mut ours, us).await.unwrap();
    assert_eq!(vm.line().await, "true");
    assert!(is_closed(&mut theirs).await);

    let node = rust_node(&mapper).await;
    let connecting = begin_to_connect(&node, us);
    let mut theirs = accept(&listener).await;
    let mut ours = mapper.connect("rust").await;
    dial_rust(&mut ours, us).await.unwrap();
    connecting.await.unwrap();
    assert!(is_closed(&mut theirs).await);
}

fn begin_to_connect(node: &Node, peer: &str) -> tokio::task::JoinHandle<()> {
    let (node, peer) = (node.clone(), peer.parse().unwrap());
    tokio::spawn(async move { node.connect(&peer).await.unwrap() })
}

/// Lets who has dialled connect, as the node `name` that dials at the same time and has the lesser name.
async fn let_in(stream: &mut TcpStream, name: &str) {
    let mut wire = Wire::new(stream, soon());
    let state = greet(&mut wire, name).await.resolve(1, wire.out()).unwrap();
    wire.establish(state, &cookie()).await.unwrap();
}

/// The part of `whitebox` with the name in the form of before OTP 23, and its complement.
///
/// OTP 25.0 to 25.2 close the connection, against what the documentation says; 25.3, with kernel 8.5.4, takes it
/// again.
#[tokio::test]
async fn whitebox_old_form_of_the_name() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let kernel = "{_, _, V} = lists:keyfind(kernel, 1, application:which_applications()), \
                  [list_to_integer(N) || N <- string:tokens(V, \".\")] < [8,5,4]";
    let closes = vm.release().await == 25 && vm.eval(kernel).await == "true";
    let mut stream = mapper.connect("vm").await;
    assert_eq!(dial_in_the_old_form(&mut stream).await.is_err(), closes);

    let node = rust_node(&mapper).await;
    let mut stream = mapper.connect("rust").await;
    dial_in_the_old_form(&mut stream).await.unwrap();
    while node.connected().is_empty() {
        tokio::task::yield_now().await;
    }
}

/// What OTP 22 would send, if it knew of the later handshake.
async fn dial_in_the_old_form(stream: &mut TcpStream) -> std::io::Result<()> {
    const CHALLENGE: u32 = 7;
    let flags = Flags::MANDATORY_26.bits();
    let (upper, lower) = ((flags >> 32) as u32, flags as u32);
    let name = [b"n\0\x05", &lower.to_be_bytes()[..], b"old@127.0.0.1"].concat();
    write_message(stream, &name).await?;
    assert_eq!(read_message(stream).await?, b"sok");
    let challenge = read_message(stream).await?;
    let rest = challenge.strip_prefix(b"N").unwrap();
    let (_flags, rest) = rest.split_first_chunk::<8>().unwrap();
    let theirs = u32::from_be_bytes(*rest.first_chunk().unwrap());
    let complement = [b"c", &upper.to_be_bytes()[..], &[0, 0, 0, 4]].concat();
    write_message(stream, &complement).await?;
    let digest = |challenge: u32| Md5::digest(format!("{COOKIE}{challenge}"));
    let reply = [b"r", &CHALLENGE.to_be_bytes()[..], &digest(theirs)].concat();
    write_message(stream, &reply).await?;
    let ack = [b"a", &digest(CHALLENGE)[..]].concat();
    assert_eq!(read_message(stream).await?, ack);
    Ok(())
}

async fn write_message(stream: &mut TcpStream, message: &[u8]) -> std::io::Result<()> {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, message].concat()).await
}

async fn read_message(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let read = async {
        let mut message = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut message).await?;
        Ok(message)
    };
    timeout_at(soon(), read).await.unwrap()
}

#[tokio::test]
async fn missing_compulsory_dflags() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let _node = rust_node(&mapper).await;
    let all = Flags::MANDATORY_25.without(Flags::HANDSHAKE_23);
    let mut lacking = vec![Flags::NONE];
    // OTP 23 can do without some of them.
    if vm.release().await >= 25 {
        let each = (0..64).map(|bit| Flags::from_bits(1 << bit));
        lacking.extend(
            each.filter(|bit| all.contains(*bit))
                .map(|bit| all.without(bit)),
        );
    }
    for offered in lacking {
        for (short, peer) in [("vm", VM), ("rust", RUST)] {
            let mut stream = mapper.connect(short).await;
            let poor = Capabilities {
                offered,
                ..CAPABILITIES
            };
            let us = Identity::Named(node("missing@127.0.0.1"));
            let refused = dial_as(&mut stream, us, poor, peer, COOKIE).await;
            assert_eq!(
                refused,
                Err(Refusal::NotAllowed.into()),
                "{offered} at {peer}"
            );
        }
    }
}

/// One bit may stand for all that OTP 25 demands. OTP 23 does not know it.
#[tokio::test]
async fn dflag_mandatory_25() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let knows_it = vm.release().await >= 25;
    let _node = rust_node(&mapper).await;
    let short = Capabilities {
        // What OTP 26 demands beyond that has to be spelled out.
        offered: Flags::MANDATORY_25_DIGEST | Flags::MANDATORY_26.without(Flags::MANDATORY_25),
        ..CAPABILITIES
    };
    let digest = || Identity::Named(node("digest@127.0.0.1"));
    let mut stream = mapper.connect("vm").await;
    let at_vm = dial_as(&mut stream, digest(), short, VM, COOKIE).await;
    assert_eq!(at_vm.is_ok(), knows_it);
    let mut stream = mapper.connect("rust").await;
    dial_as(&mut stream, digest(), short, RUST, COOKIE)
        .await
        .unwrap();

    // And the other way round: what a VM sends in full, it may be answered in short.
    if knows_it {
        let (listener, _holding) = mapper.publish("answer").await;
        answers_in_short(&mut vm, &listener, short).await;
    }
}

async fn answers_in_short(vm: &mut Vm, listener: &TcpListener, short: Capabilities) {
    vm.begin("net_kernel:connect_node('answer@127.0.0.1')")
        .await;
    let mut stream = accept(listener).await;
    let mut wire = Wire::new(&mut stream, soon());
    let greeting = wire.greet(node("answer@127.0.0.1"), short).await.unwrap();
    let beamport_dist::handshake::accept::Greeting::Named(caller) = greeting else {
        panic!("a nameless caller");
    };
    let state = caller.welcome(1, wire.out());
    wire.establish(state, &cookie()).await.unwrap();
    assert_eq!(vm.line().await, "true");
}

/// What is no handshake at all ends the connection, and nothing else.
#[tokio::test]
async fn whitebox_nonsense() {
    let mapper = Mapper::start();
    let node = rust_node(&mapper).await;
    for nonsense in [
        &b"\0\0"[..],
        b"\0\x01N",
        b"\0\x02sx",
        b"\xff\xff",
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = mapper.connect("rust").await;
        stream.write_all(nonsense).await.unwrap();
        // Its end may come as a reset, as the node does not read on.
        let mut rest = Vec::new();
        let _ = timeout_at(soon(), stream.read_to_end(&mut rest))
            .await
            .unwrap();
        assert!(rest.is_empty());
    }
    assert!(node.connected().is_empty());
    let mut stream = mapper.connect("rust").await;
    dial_rust(&mut stream, "sane@127.0.0.1").await.unwrap();
}
