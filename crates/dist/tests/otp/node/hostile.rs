//! Peers that have the cookie, or have not, and mean harm: what they cost is bounded, and others go on.

use std::time::Duration;

use beamport_dist::Flags;
use beamport_dist::frame::{Chain, FrameLimits, Sender};
use beamport_dist::node::{Address, Config, DownReason, Mailbox, Node, NodeEvent, Received};
use beamport_term::{Pid, Term, atom};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use super::{RUST, config, listener, listener_with, name, next_event, receive};
use crate::mapper::{Mapper, soon};
use crate::peer::{accept_as, dial_with};

/// All that a peer can send.
const FLAGS: Flags = Flags::from_bits(
    Flags::MANDATORY_26.bits() | Flags::DIST_HDR_ATOM_CACHE.bits() | Flags::FRAGMENTS.bits(),
);

/// Why a connection with a peer ended that sent `frames` again and again, and how many bytes it got rid of.
async fn outcome(limits: FrameLimits, frames: impl Fn(u64) -> Vec<u8>) -> (DownReason, usize) {
    let mapper = Mapper::start();
    let config = Config {
        limits,
        ..config(&mapper)
    };
    let node = listener_with(RUST, config).await;
    let mut events = node.events();
    let mut peer = dial_with(&mapper, "hostile", RUST, FLAGS).await;
    assert!(matches!(
        next_event(&mut events).await,
        NodeEvent::Up { .. }
    ));
    let mut sent = 0;
    let down = next_event(&mut events);
    let send = async {
        let mut round = 0;
        loop {
            let frames = frames(round);
            // Once it fails, the event is on its way.
            if peer.write_all(&frames).await.is_err() {
                return std::future::pending::<()>().await;
            }
            sent += frames.len();
            round += 1;
        }
    };
    tokio::select! {
        event = down => match event {
            NodeEvent::Down { reason, .. } => (reason, sent),
            event => panic!("{event:?}"),
        },
        () = send => unreachable!("it sends for ever"),
    }
}

fn frame(parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&(body.len() as u32).to_be_bytes()[..], &body].concat()
}

fn first(sequence: u64, number: u64, data: &[u8]) -> Vec<u8> {
    let (sequence, number) = (sequence.to_be_bytes(), number.to_be_bytes());
    frame(&[b"\x83\x45", &sequence, &number, b"\0", data])
}

fn next(sequence: u64, number: u64, data: &[u8]) -> Vec<u8> {
    let (sequence, number) = (sequence.to_be_bytes(), number.to_be_bytes());
    frame(&[b"\x83\x46", &sequence, &number, data])
}

fn misbehaved(reason: DownReason) -> String {
    match reason {
        DownReason::Misbehaved(what) => what,
        other => panic!("not the peer's fault: {other}"),
    }
}

#[tokio::test]
async fn a_frame_of_four_gigabytes_is_not_waited_for() {
    let (reason, _) = outcome(FrameLimits::default(), |_| vec![0xFF; 1000]).await;
    assert!(misbehaved(reason).contains("a frame of 4294967295 bytes"));
}

/// With the socket's buffers, which are some megabytes, no more is taken than the limit says.
#[tokio::test]
async fn a_message_that_never_ends_is_given_up() {
    let limits = FrameLimits {
        unfinished_bytes: 4 << 20,
        ..FrameLimits::default()
    };
    for size in [1, 60_000] {
        let data = vec![7; size];
        let (reason, sent) = outcome(limits, |round| match round {
            0 => first(1, u64::MAX, &data),
            _ => next(1, u64::MAX - round, &data),
        })
        .await;
        assert!(misbehaved(reason).contains("unfinished"));
        assert!(sent < 64 << 20, "{sent}");
    }
}

#[tokio::test]
async fn messages_begun_by_the_thousand_are_given_up() {
    let limits = FrameLimits {
        unfinished: 1000,
        ..FrameLimits::default()
    };
    let (reason, _) = outcome(limits, |round| first(round, 2, b"jm\0\0")).await;
    assert!(misbehaved(reason).contains("unfinished"));
}

#[tokio::test]
async fn fragments_that_belong_nowhere_are_no_message() {
    for fragment in [first(1, 0, b"jj"), next(1, 0, b""), next(1, 5, b"jj")] {
        let (reason, _) = outcome(FrameLimits::default(), |_| fragment.clone()).await;
        assert!(misbehaved(reason).contains("out of order"));
    }
}

#[tokio::test]
async fn an_atom_that_was_never_told_is_none() {
    let unknown = frame(&[b"\x83\x44\x01\x02\x07R\0"]);
    let (reason, _) = outcome(FrameLimits::default(), |_| unknown.clone()).await;
    assert!(misbehaved(reason).contains("an atom that it did not send"));
}

/// Messages as a peer sends them.
struct Talker {
    stream: TcpStream,
    sender: Sender,
}

impl Talker {
    async fn new(mapper: &Mapper) -> Self {
        Self {
            stream: dial_with(mapper, "talker", RUST, FLAGS).await,
            sender: Sender::new(FLAGS),
        }
    }

    /// Sends so many messages, numbered, to a name.
    async fn send(&mut self, to: &str, count: u64) {
        for number in 0..count {
            self.send_term(to, &Term::from(number)).await;
        }
    }

    async fn send_term(&mut self, to: &str, payload: &Term) {
        let from = Pid {
            node: atom!("talker@127.0.0.1"),
            id: 1,
            serial: 0,
            creation: 7,
        };
        let to = beamport_term::Atom::new(to).unwrap();
        let control = Term::from((6, from, atom!(""), to));
        let mut out = Chain::default();
        let left = self.sender.send(1, &control, Some(payload), &mut out);
        if let Some(mut left) = left.unwrap() {
            while left.send_next(&mut out) {}
        }
        self.stream.write_all_buf(&mut out).await.unwrap();
    }
}

async fn mailboxes(mapper: &Mapper, inbox: usize) -> (Node, Mailbox, Mailbox) {
    let config = Config {
        inbox,
        ..config(mapper)
    };
    mailboxes_with(config).await
}

async fn mailboxes_with(config: Config) -> (Node, Mailbox, Mailbox) {
    let node = listener_with(RUST, config).await;
    let [busy, lazy] = [atom!("busy"), atom!("lazy")].map(|name| {
        let mailbox = node.mailbox();
        mailbox.register(name).unwrap();
        mailbox
    });
    (node, busy, lazy)
}

/// Its mailbox ends, and holds no more than it may; what comes for others then goes on.
#[tokio::test]
async fn a_flood_that_nobody_reads_ends_where_it_goes_to() {
    let mapper = Mapper::start();
    let (_node, mut busy, mut lazy) = mailboxes(&mapper, 100).await;
    let mut talker = Talker::new(&mapper).await;
    talker.send("lazy", 10_000).await;
    talker.send("busy", 1).await;
    assert_eq!(receive(&mut busy).await, Received::Message(Term::from(0)));
    for number in 0..100_u64 {
        assert_eq!(
            receive(&mut lazy).await,
            Received::Message(Term::from(number))
        );
    }
    assert_eq!(lazy.receive().await, None);
}

/// The peer waits for who reads slowly: nothing is lost.
#[tokio::test]
async fn a_flood_waits_for_who_reads_slowly() {
    let mapper = Mapper::start();
    let (_node, mut busy, _lazy) = mailboxes(&mapper, 2).await;
    let mut talker = Talker::new(&mapper).await;
    let read = async {
        for number in 0..3000_u64 {
            assert_eq!(
                receive(&mut busy).await,
                Received::Message(Term::from(number))
            );
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(read, talker.send("busy", 3000));
}

/// The same by bytes: as many messages are held as it takes to have no room, however few that are.
#[tokio::test]
async fn a_flood_of_large_messages_ends_where_it_goes_to() {
    let mapper = Mapper::start();
    let large = Term::binary(vec![7; 1 << 20]);
    let config = Config {
        inbox_bytes: 8 << 20,
        ..config(&mapper)
    };
    let (_node, mut busy, mut lazy) = mailboxes_with(config).await;
    let mut talker = Talker::new(&mapper).await;
    for _ in 0..100 {
        talker.send_term("lazy", &large).await;
    }
    talker.send("busy", 1).await;
    assert_eq!(receive(&mut busy).await, Received::Message(Term::from(0)));
    for _ in 0..8 {
        assert!(receive(&mut lazy).await == Received::Message(large.clone()));
    }
    assert_eq!(lazy.receive().await, None);
}

/// A peer with large messages waits too, and a message may be larger than all that a mailbox holds.
#[tokio::test]
async fn large_messages_wait_for_who_reads_slowly() {
    let mapper = Mapper::start();
    let config = Config {
        inbox_bytes: 1000,
        ..config(&mapper)
    };
    let (_node, mut busy, _lazy) = mailboxes_with(config).await;
    let mut talker = Talker::new(&mapper).await;
    let message = |number: u64| Term::from((number, Term::binary(vec![7; 100_000])));
    let read = async {
        for number in 0..100 {
            assert!(receive(&mut busy).await == Received::Message(message(number)));
            tokio::task::yield_now().await;
        }
    };
    let send = async {
        for number in 0..100 {
            talker.send_term("busy", &message(number)).await;
        }
    };
    tokio::join!(read, send);
}

/// Signs of life by the million are that, and nothing more.
#[tokio::test]
async fn ticks_without_end_keep_nobody_from_being_heard() {
    let mapper = Mapper::start();
    let (_node, mut busy, _lazy) = mailboxes(&mapper, 100).await;
    let mut talker = Talker::new(&mapper).await;
    talker.stream.write_all(&vec![0; 8 << 20]).await.unwrap();
    talker.send("busy", 1).await;
    assert_eq!(receive(&mut busy).await, Received::Message(Term::from(0)));
}

/// Who sends to it waits; who sends to another node does not.
#[tokio::test]
async fn a_peer_that_stops_reading_holds_up_none_but_who_sends_to_it() {
    let mapper = Mapper::start();
    let other = listener(&mapper, "other@127.0.0.1").await;
    let mut reader = other.mailbox();
    reader.register(atom!("reader")).unwrap();
    let node = Node::start(name(RUST), config(&mapper)).await.unwrap();
    let (to_stuck, to_other) = (node.mailbox(), node.mailbox());
    let peer = name("stuck@127.0.0.1");
    let connect = async { while node.connect(&peer).await.is_err() {} };
    let (_stuck, ()) = tokio::join!(accept_as(&mapper, "stuck", FLAGS), connect);
    let flood = async {
        let stuck = Address::name(atom!("anybody"), &peer);
        let large = Term::binary(vec![7; 1 << 20]);
        for sent in 0.. {
            to_stuck.send(&stuck, large.clone()).await.unwrap();
            assert!(sent < 1000, "nothing holds up who sends");
        }
    };
    let others = async {
        let reader_address = Address::name(atom!("reader"), other.name());
        for number in 0..1000 {
            let message = Term::from(number);
            to_other
                .send(&reader_address, message.clone())
                .await
                .unwrap();
            assert_eq!(receive(&mut reader).await, Received::Message(message));
        }
    };
    tokio::select! {
        () = flood => unreachable!("it waits for ever"),
        () = others => {}
    }
}

/// A byte now and then does not make a handshake last longer than it may, nor do many keep peers away for longer.
#[tokio::test]
async fn slow_and_many_handshakes_end_in_time() {
    let mapper = Mapper::start();
    let config = Config {
        setup_time: Duration::from_millis(500),
        handshakes: 8,
        ..config(&mapper)
    };
    let _node = listener_with(RUST, config).await;
    let mut slow = mapper.connect("rust").await;
    let mut idle = Vec::new();
    for _ in 0..32 {
        idle.push(mapper.connect("rust").await);
    }
    let drip = async {
        while slow.write_all(b"\0").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout_at(soon(), drip).await.unwrap();
    // They take turns, eight at a time.
    for mut idle in idle {
        let end = timeout_at(soon(), idle.read_to_end(&mut Vec::new())).await;
        assert_eq!(end.unwrap().unwrap(), 0);
    }
    let _peer = dial_with(&mapper, "late", RUST, FLAGS).await;
}
