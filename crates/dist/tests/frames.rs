//! Senders against receivers, and receivers against whatever.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics says what failed"
)]

use beamport_dist::Flags;
use beamport_dist::frame::{
    Chain, Frame, FrameError, FrameLimits, Frames, Message, Outbox, Receiver, Sender,
};
use beamport_term::{Atom, Term, atom};
use bytes::{Buf as _, Bytes};
use proptest::collection::vec;
use proptest::prelude::*;

/// What peers can have in common.
const FORMATS: [Flags; 4] = [
    Flags::NONE,
    Flags::DIST_HDR_ATOM_CACHE,
    Flags::FRAGMENTS,
    Flags::from_bits(Flags::DIST_HDR_ATOM_CACHE.bits() | Flags::FRAGMENTS.bits()),
];

const BOTH: Flags = FORMATS[3];

fn receive_all(stream: &[u8], chunk: usize) -> Result<Vec<Message>, FrameError> {
    let limits = FrameLimits::default();
    let mut frames = Frames::new(limits.frame);
    let mut receiver = Receiver::new(limits);
    let mut messages = Vec::new();
    for bytes in stream.chunks(chunk) {
        frames.buffer().extend_from_slice(bytes);
        while let Some(frame) = frames.next()? {
            if let Frame::Data(data) = frame {
                messages.extend(receiver.receive(&data)?);
            }
        }
    }
    assert!(frames.buffer().is_empty());
    Ok(messages)
}

/// All that an outbox has, so many bytes at a time.
fn drain(outbox: &mut Outbox, enough: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    while !outbox.is_empty() {
        let mut out = Chain::default();
        outbox.fill(enough, &mut out).unwrap();
        stream.extend_from_slice(&out.copy_to_bytes(out.remaining()));
    }
    stream
}

/// A name of an atom that is one of many, so that slots and segments are used, and used again.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..30_u32).prop_map(|n| format!("atom_{n}")),
        4 => (0..6000_u32).prop_map(|n| format!("a{n}")),
        1 => Just("\u{1F608}".repeat(200)),
        1 => ".{0,255}",
    ]
}

fn term() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![
        3 => name().prop_map(|name| Term::from(Atom::new(&name).unwrap())),
        1 => any::<i64>().prop_map(Term::from),
        1 => vec(any::<u8>(), 0..40).prop_map(Term::binary),
    ];
    leaf.prop_recursive(4, 300, 40, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..40).prop_map(Term::tuple),
            vec(inner, 0..40).prop_map(Term::list),
        ]
    })
}

/// A message in a shape that does not fill the screen when a test fails.
#[derive(Debug, Clone)]
struct Sent {
    sender: u64,
    control: Term,
    payload: Option<Term>,
    /// Beside the payload, to make it large.
    ballast: usize,
}

impl Sent {
    /// The sender tells who it is in the control term.
    fn message(&self) -> Message {
        let ballast = Term::binary(vec![7; self.ballast]);
        Message {
            control: Term::from((self.sender, self.control.clone())),
            payload: self
                .payload
                .clone()
                .map(|payload| Term::from((payload.clone(), ballast, payload))),
        }
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let ballast = prop_oneof![3 => Just(0), 1 => 0..300_000_usize];
    (0..3_u64, term(), prop::option::of(term()), ballast).prop_map(
        |(sender, control, payload, ballast)| Sent {
            sender,
            control,
            payload,
            ballast,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// In any format, however the bytes arrive, and with large messages interleaved: each sender's messages arrive
    /// as they were sent, in their order.
    #[test]
    fn what_is_sent_arrives(
        flags in prop::sample::select(&FORMATS[..]),
        sent in vec(sent(), 1..12),
        chunk in 1..200_000_usize,
    ) {
        let mut outbox = Outbox::new(Sender::new(flags));
        for sent in &sent {
            outbox.push(sent.sender, sent.message()).unwrap();
        }
        let stream = drain(&mut outbox, 1);
        prop_assert_eq!((outbox.bytes(), outbox.waiting()), (0, 0));
        let received = receive_all(&stream, chunk).unwrap();
        prop_assert_eq!(received.len(), sent.len());
        for sender in 0..3 {
            let mut theirs = sent.iter().filter(|sent| sent.sender == sender);
            let mut ours = received.iter().filter(|message| from(message) == sender);
            prop_assert!(ours.all(|message| theirs.next().map(Sent::message).as_ref() == Some(message)));
        }
    }

    /// Whatever a peer sends is a message or an error.
    #[test]
    fn no_frame_does_harm(frames in vec(vec(any::<u8>(), 0..60), 1..6), kind in 0..4_usize) {
        let heads: [&[u8]; 4] = [b"p\x83", b"\x83\x44", b"\x83\x45", b"\x83\x46"];
        let mut receiver = Receiver::new(FrameLimits::default());
        for frame in frames {
            let frame = [heads[kind], &frame].concat();
            if receiver.receive(&frame.into()).is_err() {
                break;
            }
        }
    }

    /// A good stream with a byte changed is messages or an error.
    #[test]
    fn no_damage_does_harm(sent in sent(), at in any::<prop::sample::Index>(), with in 1..=255_u8) {
        let mut outbox = Outbox::new(Sender::new(BOTH));
        outbox.push(1, sent.message()).unwrap();
        let mut stream = drain(&mut outbox, usize::MAX);
        let at = at.index(stream.len());
        stream[at] ^= with;
        let mut frames = Frames::new(1 << 20);
        let mut receiver = Receiver::new(FrameLimits::default());
        frames.buffer().extend_from_slice(&stream);
        while let Ok(Some(Frame::Data(data))) = frames.next() {
            if receiver.receive(&data).is_err() {
                break;
            }
        }
    }
}

fn from(message: &Message) -> u64 {
    message.control.as_tuple().unwrap()[0].as_u64().unwrap()
}

fn frame(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

fn receiver() -> Receiver {
    Receiver::new(FrameLimits::default())
}

/// The header of OTP's documentation, by hand: one new atom, in segment 1, and then the same by its slot.
#[test]
fn an_atom_is_told_once() {
    let mut receiver = receiver();
    let first = receiver.receive(&frame(b"\x83\x44\x01\x09\x07\x02okR\0"));
    assert_eq!(first.unwrap().unwrap().control, Term::from(atom!("ok")));
    let second = receiver.receive(&frame(b"\x83\x44\x01\x01\x07R\0"));
    assert_eq!(second.unwrap().unwrap().control, Term::from(atom!("ok")));
    let unknown = receiver.receive(&frame(b"\x83\x44\x01\x02\x07R\0"));
    assert_eq!(unknown, Err(FrameError::UncachedAtom));
}

#[test]
fn a_sender_tells_an_atom_once() {
    let mut sender = Sender::new(BOTH);
    let long = Term::from(Atom::new(&"an_atom".repeat(20)).unwrap());
    let mut lengths = (0..2).map(|_| {
        let mut out = Chain::default();
        assert!(sender.send(1, &long, None, &mut out).unwrap().is_none());
        out.remaining()
    });
    assert!(lengths.next() > Some(140));
    assert_eq!(lengths.next(), Some(4 + 2 + 1 + 1 + 1 + 2));
}

/// By the time a message ends, others may have put other atoms into the slots that it began with.
#[test]
fn fragments_keep_the_atoms_they_began_with() {
    let mut receiver = receiver();
    let fragments: [&[u8]; 2] = [
        b"\x83\x45\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x02\x01\x08\x07\x03oneh\x01R\0m",
        b"\x83\x46\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x01\0\0\0\x02hi",
    ];
    assert_eq!(receiver.receive(&frame(fragments[0])), Ok(None));
    let between = receiver.receive(&frame(b"\x83\x44\x01\x08\x07\x03twoR\0"));
    assert_eq!(between.unwrap().unwrap().control, Term::from(atom!("two")));
    let whole = receiver.receive(&frame(fragments[1])).unwrap().unwrap();
    assert_eq!(whole.control, Term::tuple([atom!("one")]));
    assert_eq!(whole.payload, Some(Term::from("hi")));
}

#[test]
fn fragments_that_do_not_fit_are_refused() {
    let first = |sequence: u8, number: u8| {
        let head = [
            0x83, 0x45, 0, 0, 0, 0, 0, 0, 0, sequence, 0, 0, 0, 0, 0, 0, 0, number,
        ];
        frame(&[&head[..], b"\0jm\0\0"].concat())
    };
    let next = |sequence: u8, number: u8| {
        let head = [
            0x83, 0x46, 0, 0, 0, 0, 0, 0, 0, sequence, 0, 0, 0, 0, 0, 0, 0, number,
        ];
        frame(&head)
    };
    for wrong in [
        vec![first(1, 0)],
        vec![next(1, 1)],
        vec![first(1, 3), first(1, 3)],
        vec![first(1, 3), next(1, 3)],
        vec![first(1, 3), next(1, 1)],
        vec![first(1, 3), next(2, 2)],
    ] {
        let mut receiver = receiver();
        let last = wrong.iter().map(|frame| receiver.receive(frame)).last();
        assert_eq!(last, Some(Err(FrameError::Fragment)), "{wrong:?}");
    }
}

#[test]
fn unfinished_messages_are_bounded() {
    let limits = FrameLimits {
        unfinished: 2,
        // Each fragment counts as 64 more than it has.
        unfinished_bytes: 2 * 64 + 100,
        ..FrameLimits::default()
    };
    let first = |sequence: u8, size: usize| {
        let head = [
            0x83, 0x45, 0, 0, 0, 0, 0, 0, 0, sequence, 0, 0, 0, 0, 0, 0, 0, 9,
        ];
        frame(&[&head[..], b"\0", &vec![0; size]].concat())
    };
    let mut receiver = Receiver::new(limits);
    assert_eq!(receiver.receive(&first(1, 1)), Ok(None));
    assert_eq!(receiver.receive(&first(2, 1)), Ok(None));
    let many = receiver.receive(&first(3, 1));
    assert_eq!(many, Err(FrameError::TooMuchUnfinished));

    let mut receiver = Receiver::new(limits);
    assert_eq!(receiver.receive(&first(1, 60)), Ok(None));
    let much = receiver.receive(&first(2, 60));
    assert_eq!(much, Err(FrameError::TooMuchUnfinished));
}

/// A large message goes in fragments, and those of others between them.
#[test]
fn a_small_message_does_not_wait_for_a_large_one() {
    let mut outbox = Outbox::new(Sender::new(BOTH));
    let message = |number: i32, size: usize| Message {
        control: Term::from((number, 0)),
        payload: Some(Term::binary(vec![7; size])),
    };
    outbox.push(1, message(1, 1 << 20)).unwrap();
    outbox.push(1, message(2, 1)).unwrap();
    outbox.push(2, message(3, 1)).unwrap();
    assert_eq!(outbox.waiting(), 2);
    let stream = drain(&mut outbox, usize::MAX);
    let numbers: Vec<u64> = receive_all(&stream, 1 << 16)
        .unwrap()
        .iter()
        .map(from)
        .collect();
    assert_eq!(numbers, [3, 1, 2]);
}

/// What cannot be encoded leaves both ends in agreement about their atoms.
#[test]
fn a_message_that_cannot_be_sent_is_as_if_it_had_not_been() {
    let mut sender = Sender::new(BOTH);
    let local = Term::Local(Bytes::from_static(b"private"));
    let new = Term::from(atom!("never_told_before"));
    let impossible = Term::from((new.clone(), local));
    let mut stream = Chain::default();
    assert!(sender.send(1, &impossible, None, &mut stream).is_err());
    assert!(!stream.has_remaining());
    sender.send(1, &new, None, &mut stream).unwrap();
    assert_eq!(receive_all(stream.chunk(), 100).unwrap()[0].control, new);
}

#[test]
fn hostile_lengths_are_refused() {
    let list = frame(b"p\x83\x6c\xff\xff\xff\xff");
    assert!(matches!(
        receiver().receive(&list),
        Err(FrameError::Term(_))
    ));
    for broken in [
        &b"\x83\x44\xff"[..],
        b"\x83\x44\x01\x08\x07\xffok",
        b"\x83\x45\0",
    ] {
        assert_eq!(receiver().receive(&frame(broken)), Err(FrameError::Header));
    }
    assert_eq!(receiver().receive(&frame(b"")), Err(FrameError::Unknown));
    let more = frame(b"p\x83\x61\x01\x83\x61\x02\x83");
    assert_eq!(receiver().receive(&more), Err(FrameError::Trailing));
}
