//! What holds of the distribution protocol for every input, shared by the fuzz targets and by the test that replays
//! the corpus with a stable toolchain (`crates/dist/tests/corpus.rs`).
//!
//! Everywhere: no panic, the same outcome in whatever pieces the bytes arrive, and what was understood is understood
//! in the same way when it is sent on.

#![allow(dead_code, reason = "each fuzz target uses some")]

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use beamport_dist::control::Control;
use beamport_dist::frame::{
    Chain, Frame, FrameError, FrameLimits, Frames, Message, Outbox, Receiver, Sender,
};
use beamport_dist::handshake::accept::Greeting;
use beamport_dist::handshake::stream::{Prefix, Wire};
use beamport_dist::handshake::{
    Capabilities, Established, HandshakeError, Identity, Incarnation, Step,
};
use beamport_dist::{Cookie, Flags, FullName};
use beamport_term::{Atom, Decoder, Limits, Term, decode, encode};
use bytes::Buf as _;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Small, so that input finds them.
const LIMITS: FrameLimits = FrameLimits {
    frame: 1 << 16,
    unfinished_bytes: 1 << 17,
    unfinished: 4,
    terms: Limits {
        depth: 200,
        bytes: 1 << 17,
        elements: 10_000,
    },
};

/// What peers can have in common.
const FORMATS: [Flags; 4] = [
    Flags::NONE,
    Flags::DIST_HDR_ATOM_CACHE,
    Flags::FRAGMENTS,
    Flags::from_bits(Flags::DIST_HDR_ATOM_CACHE.bits() | Flags::FRAGMENTS.bits()),
];

/// Numbers that a node would draw; fixed, so that the corpus has proofs that agree with them.
const CHALLENGE: u32 = 4711;

const CAPABILITIES: Capabilities = Capabilities {
    offered: Flags::ALL.without(Flags::NAME_ME),
    required: Flags::MANDATORY_25,
};

/// Any bytes from whoever is dialled, or dials: a byte for the role, one for the size of pieces, the stream.
pub(crate) fn dist_handshake(bytes: &[u8]) {
    let [role, size, stream @ ..] = bytes else {
        return;
    };
    let (whole, rest) = shake(*role, stream, usize::MAX);
    let (pieces, same_rest) = shake(*role, stream, 1 + usize::from(*size % 16));
    assert_eq!((&whole, rest), (&pieces, same_rest));
    match whole {
        Ok(established) => {
            assert!(established.peer_flags.contains(Flags::MANDATORY_25));
            let offered = CAPABILITIES.offered | Flags::NAME_ME;
            assert!((offered & established.peer_flags).contains(established.flags));
            assert_ne!(established.peer.name, established.local.name);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The bit of a role that says that messages are behind lengths of 32 bits.
const LONG: u8 = 0x80;

/// Shakes hands with a peer that says `stream` and closes; with how many bytes were left of that.
fn shake(role: u8, stream: &[u8], size: usize) -> (Result<Established, HandshakeError>, usize) {
    let mut peer = Peer {
        says: stream,
        size,
        hears: Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime without I/O");
    let result = runtime.block_on(async {
        let prefix = if role & LONG == 0 {
            Prefix::Short
        } else {
            Prefix::Long
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut wire = Wire::new(&mut peer, deadline).prefixed(prefix);
        match (role & !LONG) % 5 {
            0 => dial(&mut wire, Identity::Named(node("rust@127.0.0.1"))).await,
            1 => {
                let host = "127.0.0.1".parse().expect("a host");
                dial(&mut wire, Identity::Nameless(host)).await
            }
            how => accept(&mut wire, how).await,
        }
    });
    // No more is said than a handshake has.
    assert!(peer.hears.len() < 2048);
    (result, peer.says.len())
}

async fn dial(
    wire: &mut Wire<'_, Peer<'_>>,
    identity: Identity,
) -> Result<Established, HandshakeError> {
    let peer = node("vm@127.0.0.1").name;
    wire.dial(identity, CAPABILITIES, peer, &cookie(), CHALLENGE)
        .await
}

async fn accept(wire: &mut Wire<'_, Peer<'_>>, how: u8) -> Result<Established, HandshakeError> {
    let greeting = wire.greet(node("rust@127.0.0.1"), CAPABILITIES).await?;
    let state = match (greeting, how) {
        (Greeting::Nameless(caller), _) => {
            caller.name(node("given@127.0.0.1"), CHALLENGE, wire.out())
        }
        (Greeting::Named(caller), 2) => caller.welcome(CHALLENGE, wire.out()),
        (Greeting::Named(caller), 3) => match caller.resolve(CHALLENGE, wire.out()) {
            Some(state) => state,
            None => return Err(HandshakeError::Closed { step: Step::Name }),
        },
        (Greeting::Named(caller), _) => {
            let state = caller.ask_to_take_over(wire.out());
            wire.hear_take_over(state, CHALLENGE).await?
        }
    };
    wire.establish(state, &cookie()).await
}

fn node(name: &str) -> Incarnation {
    let name: FullName = name.parse().expect("a name");
    Incarnation { name, creation: 5 }
}

fn cookie() -> Cookie {
    "secret".parse().expect("a cookie")
}

/// A peer that says what it says, in pieces of a size, whatever it hears.
struct Peer<'a> {
    says: &'a [u8],
    size: usize,
    hears: Vec<u8>,
}

impl AsyncRead for Peer<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let peer = self.get_mut();
        let count = peer.says.len().min(peer.size).min(buffer.remaining());
        let (piece, rest) = peer.says.split_at(count);
        buffer.put_slice(piece);
        peer.says = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().hears.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Any bytes from a peer with which hands are shaken: a byte for what is in common, one for the size of pieces, the
/// stream.
pub(crate) fn dist_frames(bytes: &[u8]) {
    let [format, size, stream @ ..] = bytes else {
        return;
    };
    let (messages, error) = receive(stream, usize::MAX, LIMITS);
    let (same, same_error) = receive(stream, 1 + usize::from(*size), LIMITS);
    assert_eq!((&messages, error), (&same, same_error));
    let mut outbox = Outbox::new(Sender::new(FORMATS[usize::from(*format % 4)]));
    let mut again = Vec::new();
    let mut sent = Vec::new();
    for message in messages {
        // Terms in a VM's private format can come and cannot be sent.
        if outbox.push(1, message.clone()).is_ok() {
            sent.push(message);
        }
        drain(&mut outbox, usize::MAX, &mut again);
    }
    let (received, error) = receive(&again, usize::MAX, FrameLimits::default());
    assert_eq!(error, None);
    assert_eq!(received, sent);
}

/// The messages of a stream that arrives in pieces, and what ended it if it was not its end.
fn receive(stream: &[u8], size: usize, limits: FrameLimits) -> (Vec<Message>, Option<FrameError>) {
    let mut frames = Frames::new(limits.frame);
    let mut receiver = Receiver::new(limits);
    let mut messages = Vec::new();
    for piece in stream.chunks(size) {
        frames.buffer().extend_from_slice(piece);
        loop {
            let data = match frames.next() {
                Ok(Some(Frame::Data(data))) => data,
                Ok(Some(Frame::Tick)) => continue,
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            };
            match receiver.receive(&data) {
                Ok(message) => messages.extend(message),
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

/// Takes all that an outbox has, so many bytes at a time.
fn drain(outbox: &mut Outbox, enough: usize, out: &mut Vec<u8>) {
    while !outbox.is_empty() {
        let mut bytes = Chain::default();
        outbox
            .fill(enough, &mut bytes)
            .expect("all that waits can be sent");
        out.extend_from_slice(&bytes.copy_to_bytes(bytes.remaining()));
    }
    assert_eq!((outbox.bytes(), outbox.waiting()), (0, 0));
}

/// Messages that the input describes, sent by our own end: they arrive, each sender's in their order. With a byte
/// of the stream changed, what arrives is messages or an error.
pub(crate) fn dist_traffic(bytes: &[u8]) {
    let [format, enough, size, at_high, at_low, change, script @ ..] = bytes else {
        return;
    };
    let messages = Script(script).messages();
    let mut outbox = Outbox::new(Sender::new(FORMATS[usize::from(*format % 4)]));
    for message in &messages {
        let pushed = outbox.push(sender(message), message.clone());
        assert_eq!(pushed, Ok(()));
    }
    let mut stream = Vec::new();
    drain(&mut outbox, 1 + (usize::from(*enough) << 8), &mut stream);
    let size = 1 + (usize::from(*size) << 6);
    let (received, error) = receive(&stream, size, FrameLimits::default());
    assert_eq!(error, None);
    for number in 0..4 {
        let of = |messages: &[Message]| -> Vec<Message> {
            let theirs = messages.iter().filter(|m| sender(m) == number);
            theirs.cloned().collect()
        };
        assert_eq!(of(&received), of(&messages));
    }
    if stream.is_empty() {
        return;
    }
    let at = usize::from(u16::from_be_bytes([*at_high, *at_low])) % stream.len();
    stream[at] ^= change | 1;
    let (damaged, _) = receive(&stream, size, LIMITS);
    assert!(damaged.len() <= stream.len());
}

/// Its number, which is the first part of its control term.
fn sender(message: &Message) -> u64 {
    let first = message.control.as_tuple().and_then(|tuple| tuple.first());
    first.and_then(Term::as_u64).unwrap_or(u64::MAX)
}

/// Bytes that describe messages.
struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn messages(mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while messages.len() < 16
            && let Some(head) = self.byte()
        {
            let control = Term::from((u64::from(head & 3), self.term()));
            let payload = (head & 4 != 0).then(|| {
                let ballast = usize::from(self.byte().unwrap_or(0));
                let ballast = if head & 8 == 0 { ballast } else { ballast << 9 };
                Term::from((self.term(), Term::binary(vec![head; ballast]), self.term()))
            });
            messages.push(Message { control, payload });
        }
        messages
    }

    /// A term, put together from the last ones.
    fn term(&mut self) -> Term {
        let mut parts = vec![Term::NIL];
        while let Some(next) = self.byte() {
            let count = parts.len().saturating_sub(usize::from(next >> 3 & 3) + 1);
            match next & 7 {
                0 => break,
                1 => parts.push(self.atom(usize::from(next))),
                2 => {
                    let number =
                        usize::from(self.byte().unwrap_or(0)) << 5 | usize::from(next >> 3);
                    parts.push(self.atom(number));
                }
                3 => parts.push(Term::from(i64::from(next) - 128)),
                4 => parts.push(Term::binary(vec![next; usize::from(next)])),
                5 => {
                    let elements = parts.split_off(count);
                    parts.push(Term::tuple(elements));
                }
                6 => {
                    let elements = parts.split_off(count);
                    parts.push(Term::list(elements));
                }
                _ => parts.push(self.atom(8192 + usize::from(next))),
            }
        }
        Term::tuple(parts)
    }

    /// One of many; every tenth as long as can be.
    fn atom(&self, number: usize) -> Term {
        let name = match number % 10 {
            9 => format!("{number:\u{E9}>255}"),
            _ => format!("atom{number}"),
        };
        Term::from(Atom::new(&name).expect("at most 255 characters"))
    }
}

/// Any bytes where a control term was expected.
pub(crate) fn dist_control(bytes: &[u8]) {
    let Ok(term) = Decoder::new(LIMITS.terms).decode(&bytes.to_vec().into()) else {
        return;
    };
    let control = match Control::try_from(&term) {
        Ok(control) => control,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    for flags in [
        Flags::MANDATORY_26,
        Flags::MANDATORY_25,
        Flags::EXIT_PAYLOAD,
    ] {
        let payload = control.has_payload().then_some(Term::NIL);
        let (sent, payload) = control.clone().for_peer(payload, flags);
        assert_eq!(sent.has_payload(), payload.is_some());
        let again = encode(&Term::from(sent.clone())).expect("what could be read can be written");
        let again = decode(&again.into()).expect("what was written can be read");
        assert_eq!(Control::try_from(&again), Ok(sent));
    }
}
