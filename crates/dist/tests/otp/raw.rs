//! A peer over whose connection a test says every control itself, and hears each as it came.

use beamport_dist::Flags;
use beamport_dist::control::Control;
use beamport_dist::frame::{Chain, Frame, FrameLimits, Frames, Message, Receiver, Sender};
use beamport_dist::handshake::stream::Wire;
use beamport_dist::handshake::{Capabilities, Identity, Incarnation};
use beamport_term::{Atom, Pid, Reference, Term, atom};
use bytes::Buf as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use crate::mapper::{Mapper, soon};
use crate::vm::COOKIE;

/// All that OTP 28 offers, but for being listed.
pub(crate) const EVERYTHING: Flags = Flags::from_bits(0x2D_07DF_7FBC);

/// Who it is.
pub(crate) const RAW: &str = "raw@127.0.0.1";

const CREATION: u32 = 7;

pub(crate) struct Raw {
    stream: TcpStream,
    frames: Frames,
    receiver: Receiver,
    sender: Sender,
    /// What it and the other node both have.
    pub(crate) flags: Flags,
    /// All that the other node has.
    pub(crate) peer_flags: Flags,
    numbers: u32,
    fragments: usize,
}

impl Raw {
    /// Connects to `node`, offering `flags`.
    pub(crate) async fn dial(mapper: &Mapper, node: &str, flags: Flags) -> Self {
        let (short, _) = node.split_once('@').unwrap();
        let mut stream = mapper.connect(short).await;
        let identity = Identity::Named(Incarnation {
            name: RAW.parse().unwrap(),
            creation: CREATION,
        });
        let capabilities = Capabilities {
            offered: flags,
            required: Flags::MANDATORY_25,
        };
        let (node, cookie) = (node.parse().unwrap(), COOKIE.parse().unwrap());
        let established = Wire::new(&mut stream, soon())
            .dial(identity, capabilities, node, &cookie, 2)
            .await
            .unwrap();
        let limits = FrameLimits::default();
        Self {
            stream,
            frames: Frames::new(limits.frame),
            receiver: Receiver::new(limits),
            sender: Sender::new(established.flags),
            flags: established.flags,
            peer_flags: established.peer_flags,
            numbers: 0,
            fragments: 0,
        }
    }

    /// A process of it that is like no other.
    pub(crate) fn pid(&mut self) -> Pid {
        self.numbers += 1;
        Pid {
            node: node(),
            id: self.numbers,
            serial: 0,
            creation: CREATION,
        }
    }

    /// A reference of it that is like no other.
    pub(crate) fn reference(&mut self) -> Reference {
        self.numbers += 1;
        Reference::new(node(), CREATION, [self.numbers, 0, 0]).unwrap()
    }

    /// Sends a signal, all of it at once.
    pub(crate) async fn send(&mut self, control: Control, payload: impl Into<Option<Term>>) {
        let mut bytes = Chain::default();
        let payload = payload.into();
        let control = Term::from(control);
        let left = self.sender.send(1, &control, payload.as_ref(), &mut bytes);
        if let Some(mut left) = left.unwrap() {
            while left.send_next(&mut bytes) {}
        }
        self.write(&bytes.copy_to_bytes(bytes.remaining())).await;
    }

    /// Sends a message to who has a name.
    pub(crate) async fn send_to_name(&mut self, name: Atom, message: Term) {
        let control = Control::RegSend {
            from: self.pid(),
            to: name,
            token: None,
        };
        self.send(control, message).await;
    }

    /// Sends bytes as they are.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next signal; none if the connection is closed.
    pub(crate) async fn next(&mut self) -> Option<(Control, Option<Term>)> {
        loop {
            while let Some(frame) = self.frames.next().unwrap() {
                let Frame::Data(data) = frame else { continue };
                self.fragments += usize::from(matches!(data.as_ref(), [131, 69 | 70, ..]));
                if let Some(Message { control, payload }) = self.receiver.receive(&data).unwrap() {
                    let control = Control::try_from(&control).unwrap();
                    assert_eq!(control.has_payload(), payload.is_some());
                    return Some((control, payload));
                }
            }
            let reading = self.stream.read_buf(self.frames.buffer());
            match timeout_at(soon(), reading).await.unwrap() {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next signal.
    pub(crate) async fn receive(&mut self) -> (Control, Option<Term>) {
        self.next().await.expect("the connection is closed")
    }

    /// The next signal, which has a payload.
    pub(crate) async fn receive_payload(&mut self) -> (Control, Term) {
        let (control, payload) = self.receive().await;
        let payload = payload.unwrap_or_else(|| panic!("no payload: {control:?}"));
        (control, payload)
    }

    /// How many fragments have come.
    pub(crate) fn fragments(&self) -> usize {
        self.fragments
    }

    /// Calls a function of the other node; its answer has to be the next signal.
    pub(crate) async fn rpc(&mut self, module: Atom, function: Atom, arguments: Term) -> Term {
        let (from, reference) = (self.pid(), self.reference());
        let call = (atom!("call"), module, function, arguments, atom!("user"));
        let tag = (from.clone(), reference.clone());
        let message = (atom!("$gen_call"), Term::from(tag), Term::from(call));
        self.send_to_name(atom!("rex"), Term::from(message)).await;
        let (_, answer) = self.receive_payload().await;
        match answer.as_tuple().map(|tuple| &**tuple) {
            Some([tag, value]) if *tag == Term::from(reference) => value.clone(),
            _ => panic!("no answer: {answer}"),
        }
    }

    /// Who has a name on the other node.
    pub(crate) async fn whereis(&mut self, name: Atom) -> Pid {
        let answer = self
            .rpc(atom!("erlang"), atom!("whereis"), Term::list([name]))
            .await;
        answer.as_pid().expect("nobody has the name").clone()
    }
}

fn node() -> Atom {
    Atom::new(RAW).unwrap()
}
