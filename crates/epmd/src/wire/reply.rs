//! What a port mapper answers.
//!
//! A reply does not say what it is a reply to, so there is one function for each kind, both ways.

use std::io::Write as _;
use std::num::NonZeroU16;

use super::facts::{self, Facts};
use super::reader::Reader;
use super::{MAX_LISTING, MAX_PORT_REPLY, WIDE_CREATION_VERSION, tag};
use crate::directory::{Dumped, Listed};
use crate::node::{Creation, Extra, NameError, NodeName, NodeType, Registration};

/// The creation that stock epmd puts beside a refusal.
const REFUSED_CREATION: u8 = 99;

/// The reply to ALIVE2.
///
/// It must go out in one write: stock nodes take what their first read gives for all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AliveReply {
    /// The name is held, in 32 bits for nodes that announced version 6 or later.
    Registered(Creation),
    /// The name is held; the creation's two-bit form, for nodes before OTP 23.
    RegisteredNarrow(u16),
    /// The name is not given.
    Refused {
        /// Whether in the form for nodes that announced version 6 or later.
        wide: bool,
    },
}

impl AliveReply {
    /// The reply to a node that announced `highest` and now holds its name.
    pub fn registered(creation: Creation, highest: u16) -> Self {
        if highest >= WIDE_CREATION_VERSION {
            Self::Registered(creation)
        } else {
            Self::RegisteredNarrow(creation.narrow())
        }
    }

    /// Appends the reply to `out`.
    pub fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Registered(creation) => {
                out.extend_from_slice(&[tag::ALIVE2_WIDE_REPLY, 0]);
                out.extend_from_slice(&creation.value().to_be_bytes());
            }
            Self::RegisteredNarrow(creation) => {
                out.extend_from_slice(&[tag::ALIVE2_REPLY, 0]);
                out.extend_from_slice(&creation.to_be_bytes());
            }
            Self::Refused { wide: true } => {
                out.extend_from_slice(&[tag::ALIVE2_WIDE_REPLY, 1, 0, 0, 0, REFUSED_CREATION]);
            }
            Self::Refused { wide: false } => {
                out.extend_from_slice(&[tag::ALIVE2_REPLY, 1, 0, REFUSED_CREATION]);
            }
        }
    }
}

/// Reads the reply to ALIVE2; none while there is more of it to come.
pub fn decode_alive(received: &[u8]) -> Result<Option<AliveReply>, ReplyError> {
    let mut reader = Reader(received);
    let wide = match reader.u8() {
        None => return Ok(None),
        Some(tag::ALIVE2_WIDE_REPLY) => true,
        Some(tag::ALIVE2_REPLY) => false,
        Some(other) => return Err(ReplyError::Tag(other)),
    };
    let Some(result) = reader.u8() else {
        return Ok(None);
    };
    let creation = if wide {
        reader.u32()
    } else {
        reader.u16().map(u32::from)
    };
    let Some(creation) = creation else {
        return Ok(None);
    };
    if !reader.0.is_empty() {
        return Err(ReplyError::Trailing);
    }
    Ok(Some(match (result, wide) {
        (0, true) => AliveReply::Registered(Creation::new(creation)),
        (0, false) => AliveReply::RegisteredNarrow(creation as u16),
        (_, wide) => AliveReply::Refused { wide },
    }))
}

/// Appends the reply to PORT_PLEASE2: the node, or that there is none. Close the connection after it; stock
/// nodes wait for that.
pub fn encode_port(node: Option<&Registration>, out: &mut Vec<u8>) {
    out.push(tag::PORT2_REPLY);
    match node {
        Some(node) => {
            out.push(0);
            facts::encode(node, out);
        }
        None => out.push(1),
    }
}

/// Reads the reply to PORT_PLEASE2. The outer none: more of it is to come. The inner one: there is no such node.
///
/// Stock nodes take what the connection has brought when it ends; this is stricter, the reply must be whole.
pub fn decode_port(received: &[u8]) -> Result<Option<Option<Registration>>, ReplyError> {
    let mut reader = Reader(received);
    match reader.u8() {
        None => return Ok(None),
        Some(tag::PORT2_REPLY) => {}
        Some(other) => return Err(ReplyError::Tag(other)),
    }
    let node = match reader.u8() {
        None => return Ok(None),
        Some(0) => {
            let Some(facts) = Facts::read(&mut reader) else {
                return if received.len() > MAX_PORT_REPLY {
                    Err(ReplyError::TooLong)
                } else {
                    Ok(None)
                };
            };
            Some(Registration {
                name: NodeName::from_wire(facts.name)?,
                port: NonZeroU16::new(facts.port).ok_or(ReplyError::NoPort)?,
                node_type: NodeType(facts.node_type),
                protocol: facts.protocol,
                highest: facts.highest,
                lowest: facts.lowest,
                extra: Extra::new(facts.extra).ok_or(ReplyError::TooLong)?,
            })
        }
        Some(_) => None,
    };
    if reader.0.is_empty() {
        Ok(Some(node))
    } else {
        Err(ReplyError::Trailing)
    }
}

/// The reply to NAMES.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The port the mapper says it listens on. Stock nodes drop the reply when it is not the one they dialled.
    pub port: u32,
    /// The nodes.
    pub nodes: Vec<Listed>,
}

/// Appends the reply to NAMES.
pub fn encode_listing(port: u16, nodes: &[Listed], out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::from(port).to_be_bytes());
    for Listed { name, port } in nodes {
        // Writing to a Vec cannot fail.
        let _ = writeln!(out, "name {name} at port {port}");
    }
}

/// Reads the reply to NAMES, complete once the connection has ended.
pub fn decode_listing(received: &[u8]) -> Result<Listing, ReplyError> {
    if received.len() > MAX_LISTING {
        return Err(ReplyError::TooLong);
    }
    let mut reader = Reader(received);
    let port = reader.u32().ok_or(ReplyError::Short)?;
    let text = std::str::from_utf8(reader.0).map_err(|_| ReplyError::Line)?;
    let nodes = text
        .split_terminator('\n')
        .map(|line| {
            let facts = line.strip_prefix("name ").ok_or(ReplyError::Line)?;
            let (name, port) = facts.rsplit_once(" at port ").ok_or(ReplyError::Line)?;
            Ok(Listed {
                name: name.parse()?,
                port: port.parse().map_err(|_| ReplyError::Line)?,
            })
        })
        .collect::<Result<_, ReplyError>>()?;
    Ok(Listing { port, nodes })
}

/// Appends the reply to DUMP, lines that end in a line feed and a NUL.
///
/// Where stock epmd gives the number of a file descriptor we give -1: a directory need not have one.
pub fn encode_dump(port: u16, nodes: &[Dumped], out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::from(port).to_be_bytes());
    for Dumped { name, port, active } in nodes {
        // Writing to a Vec cannot fail.
        let _ = if *active {
            write!(out, "active name     <{name}> at port {port}, fd = -1\n\0")
        } else {
            write!(out, "old/unused name <{name}>, port = {port}, fd = -1 \n\0")
        };
    }
}

/// Appends the reply to KILL: whether the port mapper ends.
pub fn encode_kill(ends: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if ends { b"OK" } else { b"NO" });
}

/// Reads the reply to KILL; none while there is more of it to come.
pub fn decode_kill(received: &[u8]) -> Result<Option<bool>, ReplyError> {
    decode_word(received, [b"OK", b"NO"])
}

/// Appends the reply to STOP: whether there was such a node.
///
/// Stock epmd says `STOPPED` after `NOEXIST` too, which its own client, reading seven bytes, never sees.
pub fn encode_stop(stopped: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if stopped { b"STOPPED" } else { b"NOEXIST" });
}

/// Reads the reply to STOP; none while there is more of it to come.
pub fn decode_stop(received: &[u8]) -> Result<Option<bool>, ReplyError> {
    // The quirk above.
    decode_word(
        received.get(..7).unwrap_or(received),
        [b"STOPPED", b"NOEXIST"],
    )
}

fn decode_word<const N: usize>(
    received: &[u8],
    [yes, no]: [&[u8; N]; 2],
) -> Result<Option<bool>, ReplyError> {
    match received {
        _ if received == yes => Ok(Some(true)),
        _ if received == no => Ok(Some(false)),
        _ if yes.starts_with(received) || no.starts_with(received) => Ok(None),
        _ => Err(ReplyError::Line),
    }
}

/// Why bytes are no reply. In every case whatever answers on that port is at fault: most likely it is no port
/// mapper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The reply starts with a byte that no such reply starts with.
    #[error("the reply starts with {0:#04x}, which no EPMD reply to this request does")]
    Tag(u8),
    /// More follows where the reply must be over.
    #[error("there are bytes after the reply")]
    Trailing,
    /// The connection ended before the reply did.
    #[error("the reply is cut short")]
    Short,
    /// More than a reply can be.
    #[error("the reply is longer than any reply can be")]
    TooLong,
    /// The node is said to listen on port 0.
    #[error("the reply says port 0")]
    NoPort,
    /// A name that no node can have.
    #[error("the reply has an impossible name: {0}")]
    Name(#[from] NameError),
    /// Text that is no listing, no dump or no known word.
    #[error("the reply has text that is not EPMD's")]
    Line,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, port: u16) -> Registration {
        Registration::new(name.parse().unwrap(), NonZeroU16::new(port).unwrap())
    }

    #[test]
    fn creations_go_in_the_form_the_node_understands() {
        let bytes = |reply: AliveReply| {
            let mut out = Vec::new();
            reply.encode(&mut out);
            out
        };
        let creation = Creation::new(1001);
        assert_eq!(
            bytes(AliveReply::registered(creation, 6)),
            b"v\x00\x00\x00\x03\xe9"
        );
        assert_eq!(bytes(AliveReply::registered(creation, 5)), b"y\x00\x00\x03");
    }

    #[test]
    fn alive_replies_round_trip_and_are_taken_only_whole() {
        for reply in [
            AliveReply::Registered(Creation::new(7)),
            AliveReply::RegisteredNarrow(2),
            AliveReply::Refused { wide: true },
            AliveReply::Refused { wide: false },
        ] {
            let mut bytes = Vec::new();
            reply.encode(&mut bytes);
            assert_eq!(decode_alive(&bytes), Ok(Some(reply)));
            for end in 0..bytes.len() {
                assert_eq!(decode_alive(&bytes[..end]), Ok(None));
            }
            bytes.push(0);
            assert_eq!(decode_alive(&bytes), Err(ReplyError::Trailing));
        }
        assert_eq!(decode_alive(b"HTTP/1.1"), Err(ReplyError::Tag(b'H')));
    }

    #[test]
    fn port_replies_round_trip_and_are_taken_only_whole() {
        let known = Registration {
            extra: Extra::new(b"\0\0extra").unwrap(),
            ..node("na\u{EF}ve", 4000)
        };
        for node in [Some(known), None] {
            let mut bytes = Vec::new();
            encode_port(node.as_ref(), &mut bytes);
            assert_eq!(decode_port(&bytes), Ok(Some(node)));
            for end in 0..bytes.len() {
                assert_eq!(decode_port(&bytes[..end]), Ok(None));
            }
            bytes.push(0);
            assert_eq!(decode_port(&bytes), Err(ReplyError::Trailing));
        }
        assert_eq!(
            decode_port(b"w\0\0\0M\0\0\x06\0\x05\0\x01x\0\0"),
            Err(ReplyError::NoPort)
        );
    }

    #[test]
    fn a_port_reply_that_never_ends_is_cut_off() {
        let mut bytes = b"w\0\x11\x11M\0\0\x06\0\x05\xff\xff".to_vec();
        bytes.resize(3000, b'a');
        assert_eq!(decode_port(&bytes), Err(ReplyError::TooLong));
    }

    #[test]
    fn listings_round_trip() {
        let nodes: Vec<Listed> = [("a", 1), ("\u{1F608}", 65535)]
            .map(|(name, port)| Listed {
                name: name.parse().unwrap(),
                port,
            })
            .into();
        let mut bytes = Vec::new();
        encode_listing(4369, &nodes, &mut bytes);
        let text = "name a at port 1\nname \u{1F608} at port 65535\n";
        assert_eq!(&bytes[..4], [0, 0, 17, 17]);
        assert_eq!(&bytes[4..], text.as_bytes());
        assert_eq!(decode_listing(&bytes), Ok(Listing { port: 4369, nodes }));
    }

    #[test]
    fn what_is_no_listing_is_said_to_be_none() {
        assert_eq!(decode_listing(b"\0\0"), Err(ReplyError::Short));
        for text in ["nonsense\n", "name a at port x\n", "name a at port 65536\n"] {
            let bytes = [b"\0\0\x11\x11", text.as_bytes()].concat();
            assert_eq!(decode_listing(&bytes), Err(ReplyError::Line), "{text}");
        }
        assert!(matches!(
            decode_listing(b"\0\0\x11\x11name a b at port 1\n"),
            Err(ReplyError::Name(_))
        ));
    }

    #[test]
    fn dumps_read_as_those_of_stock_epmd() {
        let dumped = |name: &str, port, active| Dumped {
            name: name.parse().unwrap(),
            port,
            active,
        };
        let mut bytes = Vec::new();
        encode_dump(
            4369,
            &[dumped("a", 1, true), dumped("b", 2, false)],
            &mut bytes,
        );
        assert_eq!(
            &bytes[4..],
            b"active name     <a> at port 1, fd = -1\n\0old/unused name <b>, port = 2, fd = -1 \n\0"
        );
    }

    #[test]
    fn words_of_kill_and_stop() {
        assert_eq!(decode_kill(b"OK"), Ok(Some(true)));
        assert_eq!(decode_kill(b"NO"), Ok(Some(false)));
        assert_eq!(decode_kill(b"N"), Ok(None));
        assert_eq!(decode_kill(b"HTTP"), Err(ReplyError::Line));
        assert_eq!(decode_stop(b"NOEXISTSTOPPED"), Ok(Some(false)));
        assert_eq!(decode_stop(b"STOPPED"), Ok(Some(true)));
    }
}
