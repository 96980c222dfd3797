//! The paths through which every message goes, for `cargo xtask bench instructions`.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run has nothing to say but why"
)]

#[path = "../../../../xtask/src/bench/instructions/subject.rs"]
mod subject;

use std::hint::black_box;

use beamport_dist::Flags;
use beamport_dist::control::Control;
use beamport_dist::frame::{Chain, Frame, FrameLimits, Frames, Message, Outbox, Receiver, Sender};
use beamport_term::{Atom, Pid, Reference, Term, atom};
use bytes::Buf as _;

const FLAGS: Flags = Flags::from_bits(Flags::DIST_HDR_ATOM_CACHE.bits() | Flags::FRAGMENTS.bits());

fn main() {
    subject::main(&[
        ("send 8 B", || sending(small())),
        ("send 100 atoms", || sending(atoms())),
        ("send 1 MiB", || sending(large())),
        ("receive 8 B", || receiving(small())),
        ("receive 100 atoms", || receiving(atoms())),
        ("receive 1 MiB", || receiving(large())),
        ("read a control term", || {
            let term = Term::from(monitor());
            Box::new(move || drop(black_box(Control::try_from(black_box(&term)).unwrap())))
        }),
        ("write a control term", || {
            let control = monitor();
            Box::new(move || drop(black_box(Term::from(black_box(&control).clone()))))
        }),
    ]);
}

fn pid() -> Pid {
    Pid {
        node: atom!("worker@app-7.example.org"),
        id: 4711,
        serial: 0,
        creation: 1_700_000_000,
    }
}

fn monitor() -> Control {
    Control::Monitor {
        from: pid(),
        to: beamport_dist::node::Process::Name(atom!("server")),
        reference: Reference::new(pid().node, pid().creation, [1, 2, 3]).unwrap(),
    }
}

fn message(payload: Term) -> Message {
    let control = Control::RegSend {
        from: pid(),
        to: atom!("server"),
        token: None,
    };
    Message {
        control: control.into(),
        payload: Some(payload),
    }
}

fn small() -> Message {
    message(Term::from((atom!("data"), Term::binary(vec![7; 8]))))
}

fn atoms() -> Message {
    let atoms = (0..100).map(|n| Atom::new(&format!("atom_{n}")).unwrap());
    message(Term::list(atoms))
}

fn large() -> Message {
    message(Term::from((atom!("data"), Term::binary(vec![7; 1 << 20]))))
}

/// From a message to what is written.
fn sending(message: Message) -> Box<dyn FnMut()> {
    let mut outbox = Outbox::new(Sender::new(FLAGS));
    let mut out = Chain::default();
    Box::new(move || {
        outbox.push(1, black_box(message.clone())).unwrap();
        while !outbox.is_empty() {
            outbox.fill(1 << 18, &mut out).unwrap();
            let written = out.remaining();
            out.advance(black_box(written));
        }
    })
}

/// From what was read to a message with its control; the atoms are known by then.
fn receiving(message: Message) -> Box<dyn FnMut()> {
    let mut outbox = Outbox::new(Sender::new(FLAGS));
    let mut encoded = || {
        let mut out = Chain::default();
        outbox.push(1, message.clone()).unwrap();
        outbox.fill(usize::MAX, &mut out).unwrap();
        out.copy_to_bytes(out.remaining())
    };
    let (first, further) = (encoded(), encoded());
    let mut frames = Frames::new(FrameLimits::default().frame);
    let mut receiver = Receiver::new(FrameLimits::default());
    receive(&mut frames, &mut receiver, &first);
    Box::new(move || receive(&mut frames, &mut receiver, black_box(&further)))
}

fn receive(frames: &mut Frames, receiver: &mut Receiver, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let (read, rest) = bytes.split_at(frames.wanted().min(bytes.len()));
        frames.buffer().extend_from_slice(read);
        bytes = rest;
        while let Some(Frame::Data(data)) = frames.next().unwrap() {
            if let Some(message) = receiver.receive(&data).unwrap() {
                drop(black_box(Control::try_from(&message.control).unwrap()));
                drop(black_box(message.payload));
            }
        }
    }
}
