//! Peers that misbehave.

use std::time::Duration;

use beamport_dist::Flags;
use beamport_dist::frame::{Frame, Frames};
use beamport_dist::node::{Address, Config, DownReason, Node, NodeKind, Received};
use beamport_term::{Term, atom};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{RUST, VM, config, dialler, down, listener, name, next_event, receive, up};
use crate::mapper::Mapper;
use crate::peer;
use crate::vm::Vm;

/// A peer that falls silent is given up, and has been given signs of life until then.
#[tokio::test]
async fn a_silent_peer_is_given_up() {
    let mapper = Mapper::start();
    let node = Node::start(
        name(RUST),
        Config {
            tick_time: Duration::from_secs(2),
            ..config(&mapper)
        },
    )
    .await
    .unwrap();
    let mut mailbox = node.mailbox();
    let somebody = Address::name(atom!("somebody"), &name("silent@127.0.0.1"));
    let flags = Flags::MANDATORY_26;
    let (mut silent, monitor) = tokio::join!(peer::accept_as(&mapper, "silent", flags), async {
        // The name is there only when the peer is.
        loop {
            if let Ok(monitor) = mailbox.monitor(&somebody).await {
                break monitor;
            }
        }
    });
    let Received::Down {
        reference, reason, ..
    } = receive(&mut mailbox).await
    else {
        panic!("not told");
    };
    assert_eq!(reference, monitor);
    assert!(reason.is_atom("noconnection"));
    let mut sent = Frames::new(1024);
    while silent.read_buf(sent.buffer()).await.unwrap() > 0 {}
    let frames = std::iter::from_fn(|| sent.next().unwrap());
    let ticks = frames.filter(|frame| *frame == Frame::Tick).count();
    assert!(ticks >= 2, "{ticks} signs of life");
}

/// Whatever a peer sends after its handshake, the connection ends at the worst.
#[tokio::test]
async fn a_peer_that_sends_nonsense_is_dropped() {
    let mapper = Mapper::start();
    let node = dialler(&mapper).await;
    let peer = name("odd@127.0.0.1");
    for nonsense in [
        &b"\0\0\0\x01x"[..],
        b"\xff\xff\xff\xff",
        b"\0\0\0\x07p\x83\x6c\xff\xff\xff\xff",
        b"\0\0\0\x05p\x83\x68\x01\x61",
        b"\0\0\0\x06p\x83\x68\x01\x61\x63",
    ] {
        let connecting = async {
            while node.connect(&peer).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        let (mut odd, ()) = tokio::join!(
            peer::accept_as(&mapper, "odd", Flags::MANDATORY_26),
            connecting
        );
        odd.write_all(nonsense).await.unwrap();
        // Its end may come as a reset, as the node does not read on.
        let _ = odd.read_to_end(&mut Vec::new()).await;
        while !node.connected().is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

/// Who sends to a peer that does not read waits; the connection is given up, and nothing piles up until then.
#[tokio::test]
async fn a_peer_that_stops_reading_is_given_up() {
    let mapper = Mapper::start();
    let node = Node::start(
        name(RUST),
        Config {
            tick_time: Duration::from_millis(400),
            ..config(&mapper)
        },
    )
    .await
    .unwrap();
    let mut events = node.events();
    let mailbox = node.mailbox();
    let somebody = Address::name(atom!("somebody"), &name("stuck@127.0.0.1"));
    let sending = async {
        let large = Term::binary(vec![7; 1 << 20]);
        while mailbox.send(&somebody, large.clone()).await.is_err() {}
        let mut sent = 1;
        while mailbox.send(&somebody, large.clone()).await.is_ok() {
            sent += 1;
            assert!(sent < 1000, "nothing holds up who sends");
        }
    };
    // It gives signs of life, as slowly as peers do, and reads nothing.
    let stuck = async {
        let mut stream = peer::accept_as(&mapper, "stuck", Flags::MANDATORY_26).await;
        while stream.write_all(&[0; 4]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = sending => {}
        () = stuck => {}
    }
    let stuck = "stuck@127.0.0.1";
    let hidden = NodeKind::Hidden;
    assert_eq!(next_event(&mut events).await, up(stuck, hidden));
    let silent = down(stuck, hidden, DownReason::Silent);
    assert_eq!(next_event(&mut events).await, silent);
}

#[tokio::test]
async fn a_peer_that_dies_within_a_frame_is_down() {
    let mapper = Mapper::start();
    let node = listener(&mapper, RUST).await;
    let mut events = node.events();
    let mut peer = peer::dial_as(&mapper, "dying", RUST).await;
    peer.write_all(b"\0\0\x10\0p\x83\x68").await.unwrap();
    drop(peer);
    let dying = "dying@127.0.0.1";
    let hidden = NodeKind::Hidden;
    assert_eq!(next_event(&mut events).await, up(dying, hidden));
    let closed = down(dying, hidden, DownReason::Closed);
    assert_eq!(next_event(&mut events).await, closed);
}

/// Who says the name of a peer and proves nothing keeps nobody from the peer.
#[tokio::test]
async fn a_stranger_by_the_name_of_a_peer_does_not_stand_in_its_way() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut stranger = mapper.connect("rust").await;
    let flags = Flags::MANDATORY_26.bits().to_be_bytes();
    let message = [b"\0\x1bN", &flags[..], b"\0\0\0\x07\0\x0cvm@127.0.0.1"].concat();
    stranger.write_all(&message).await.unwrap();
    let mut welcome = [0; 5];
    stranger.read_exact(&mut welcome).await.unwrap();
    assert_eq!(&welcome, b"\0\x03sok");
    let peer = name(VM);
    let (connected, ()) = tokio::join!(biased; node.ping(&peer), async { drop(stranger) });
    connected.unwrap();
}
