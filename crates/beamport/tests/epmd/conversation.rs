//! A connection to a port mapper, byte by byte: not through our own codec, which is what is tested.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::program::{DEADLINE, Mapper, wait_until};

/// A connection.
#[derive(Debug)]
pub(crate) struct Conversation(pub(crate) TcpStream);

impl Conversation {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// Sends bytes as they are. The other side may have closed: what it says is what counts.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> &mut Self {
        let _ = self.0.write_all(bytes);
        self
    }

    /// Sends a request with its length.
    pub(crate) fn request(&mut self, payload: &[u8]) -> &mut Self {
        self.send(&framed(payload))
    }

    /// Reads that many bytes.
    pub(crate) fn receive(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// Reads until the other side closes; a reset counts as that.
    pub(crate) fn everything(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.0.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the connection was not closed: {error}"),
        }
        bytes
    }

    /// Asserts that the other side neither says anything nor closes for a while.
    pub(crate) fn is_quiet_for(&mut self, time: Duration) {
        self.0.set_read_timeout(Some(time)).unwrap();
        let read = self.0.read(&mut [0]);
        self.0.set_read_timeout(Some(DEADLINE)).unwrap();
        let error = read.expect_err("the other side spoke or closed");
        assert!(matches!(
            error.kind(),
            ErrorKind::WouldBlock | ErrorKind::TimedOut
        ));
    }

    /// Closes with a reset, as a killed process whose data nobody read.
    pub(crate) fn reset(self) {
        nix::sys::socket::setsockopt(
            &self.0,
            nix::sys::socket::sockopt::Linger,
            &nix::libc::linger {
                l_onoff: 1,
                l_linger: 0,
            },
        )
        .unwrap();
    }
}

pub(crate) fn framed(payload: &[u8]) -> Vec<u8> {
    let mut bytes = u16::try_from(payload.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend_from_slice(payload);
    bytes
}

/// An ALIVE2 request.
#[derive(Debug, Clone)]
pub(crate) struct Alive2<'a> {
    pub(crate) port: u16,
    pub(crate) highest: u16,
    pub(crate) name: &'a [u8],
    /// What its length field says, if not the truth.
    pub(crate) name_length: Option<u16>,
    pub(crate) extra: &'a [u8],
    pub(crate) extra_length: Option<u16>,
}

impl<'a> Alive2<'a> {
    pub(crate) fn new(name: &'a [u8]) -> Self {
        Self {
            port: 4711,
            highest: 6,
            name,
            name_length: None,
            extra: b"",
            extra_length: None,
        }
    }

    pub(crate) fn payload(&self) -> Vec<u8> {
        let mut bytes = vec![b'x'];
        bytes.extend_from_slice(&self.port.to_be_bytes());
        bytes.extend_from_slice(&[77, 0]);
        bytes.extend_from_slice(&self.highest.to_be_bytes());
        bytes.extend_from_slice(&5u16.to_be_bytes());
        let length = |given: Option<u16>, text: &[u8]| given.unwrap_or(text.len() as u16);
        bytes.extend_from_slice(&length(self.name_length, self.name).to_be_bytes());
        bytes.extend_from_slice(self.name);
        bytes.extend_from_slice(&length(self.extra_length, self.extra).to_be_bytes());
        bytes.extend_from_slice(self.extra);
        bytes
    }
}

/// How a registration ended.
#[derive(Debug)]
pub(crate) enum Registered {
    Yes(Conversation),
    /// With an answer that says so.
    Refused(Conversation),
    /// Without a word.
    Closed,
}

impl Registered {
    pub(crate) fn unwrap(self) -> Conversation {
        match self {
            Self::Yes(conversation) => conversation,
            other => panic!("not registered: {other:?}"),
        }
    }
}

impl Mapper {
    pub(crate) fn connect(&self) -> Conversation {
        Conversation::open(self.address())
    }

    /// Registers, announcing version 6.
    pub(crate) fn register(&self, node: &Alive2<'_>) -> Registered {
        let mut conversation = self.connect();
        conversation.request(&node.payload());
        let mut reply = [0; 6];
        match conversation.0.read_exact(&mut reply) {
            Ok(()) if reply[0] == b'v' && reply[1] == 0 => Registered::Yes(conversation),
            Ok(()) if reply[0] == b'v' => Registered::Refused(conversation),
            Ok(()) => panic!("no reply to ALIVE2: {reply:?}"),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
                ) =>
            {
                Registered::Closed
            }
            Err(error) => panic!("no answer to ALIVE2: {error}"),
        }
    }

    /// The whole reply to PORT_PLEASE2.
    pub(crate) fn lookup(&self, name: &[u8]) -> Vec<u8> {
        let mut conversation = self.connect();
        conversation.request(&[b"z", name].concat()).everything()
    }

    /// The port of a node, if it is known.
    pub(crate) fn port_of(&self, name: &[u8]) -> Option<u16> {
        let reply = self.lookup(name);
        match reply.as_slice() {
            [b'w', 0, high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
            [b'w', 1] => None,
            _ => panic!("no reply to PORT_PLEASE2: {reply:?}"),
        }
    }

    /// The lines of a NAMES reply, in order of the alphabet.
    pub(crate) fn names(&self) -> Vec<String> {
        let reply = self.connect().request(b"n").everything();
        let text = String::from_utf8(reply[4..].to_vec()).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    }

    /// Waits until exactly these names are listed.
    pub(crate) fn wait_names(&self, expected: &[String]) {
        let mut expected = expected.to_vec();
        expected.sort();
        wait_until(&format!("{} names are listed", expected.len()), || {
            self.names() == expected
        });
    }
}

/// A line of a NAMES reply.
pub(crate) fn line(name: &str, port: u16) -> String {
    format!("name {name} at port {port}")
}
