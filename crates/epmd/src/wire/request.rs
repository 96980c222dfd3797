//! What a client asks.

use std::num::NonZeroU16;

use super::facts::{self, Facts};
use super::reader::Reader;
use super::reply::AliveReply;
use super::{MAX_REQUEST, WIDE_CREATION_VERSION, encode_port, encode_stop, tag};
use crate::node::{Extra, NameError, NodeName, NodeType, Registration};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// ALIVE2: hold a name for as long as this connection lasts.
    Register(Registration),
    /// PORT_PLEASE2: on which port is this node?
    Lookup(NodeName),
    /// NAMES: which nodes are there?
    Names,
    /// DUMP: which nodes are there, and which were?
    Dump,
    /// KILL: end the port mapper.
    Kill,
    /// STOP: take the name from its holder.
    Stop(NodeName),
}

impl Request {
    /// Reads the request at the start of a connection; none while there is more of it to come.
    ///
    /// A connection carries one request, so that bytes beyond it are an error.
    pub fn decode(received: &[u8]) -> Result<Option<Self>, RequestError> {
        let mut reader = Reader(received);
        let Some(length) = reader.u16() else {
            return Ok(None);
        };
        let length = usize::from(length);
        if length == 0 || length > MAX_REQUEST {
            return Err(RequestError::Length(length));
        }
        match reader.0.len().checked_sub(length) {
            None => Ok(None),
            Some(0) => Self::decode_payload(reader.0).map(Some),
            Some(_) => Err(RequestError::Trailing),
        }
    }

    fn decode_payload(payload: &[u8]) -> Result<Self, RequestError> {
        let (&tag, body) = payload.split_first().ok_or(RequestError::Length(0))?;
        match tag {
            tag::ALIVE2 => decode_alive2(body).map(Self::Register),
            tag::PORT_PLEASE2 => {
                // C nodes and old releases end the name with a NUL.
                let name = body.strip_suffix(&[0]).unwrap_or(body);
                if name.contains(&0) {
                    return Err(RequestError::NulInName);
                }
                NodeName::from_wire(name)
                    .map(Self::Lookup)
                    .map_err(RequestError::LookupName)
            }
            tag::NAMES => Ok(Self::Names),
            tag::DUMP => Ok(Self::Dump),
            tag::KILL => Ok(Self::Kill),
            tag::STOP => {
                let name = body.split(|b| *b == 0).next().unwrap_or_default();
                NodeName::from_wire(name)
                    .map(Self::Stop)
                    .map_err(RequestError::StopName)
            }
            other => Err(RequestError::Unknown(other)),
        }
    }

    /// Appends the request, with its length, to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0, 0]);
        match self {
            Self::Register(node) => {
                out.push(tag::ALIVE2);
                facts::encode(node, out);
            }
            Self::Lookup(name) => {
                out.push(tag::PORT_PLEASE2);
                out.extend_from_slice(name.as_str().as_bytes());
            }
            Self::Names => out.push(tag::NAMES),
            Self::Dump => out.push(tag::DUMP),
            Self::Kill => out.push(tag::KILL),
            Self::Stop(name) => {
                out.push(tag::STOP);
                out.extend_from_slice(name.as_str().as_bytes());
            }
        }
        // The longest request there can be is an ALIVE2 of 2 053 bytes.
        let length = (out.len() - start - 2) as u16;
        if let Some(field) = out.get_mut(start..start + 2) {
            field.copy_from_slice(&length.to_be_bytes());
        }
    }
}

fn decode_alive2(body: &[u8]) -> Result<Registration, RequestError> {
    // What follows the fields is padding, which stock epmd allows.
    let facts = Facts::read(&mut Reader(body)).ok_or(RequestError::Short)?;
    if facts.name.contains(&0) {
        return Err(RequestError::NulInName);
    }
    let refuse = |reason| RequestError::Unregistrable {
        highest: facts.highest,
        reason,
    };
    Ok(Registration {
        name: NodeName::from_wire(facts.name).map_err(|e| refuse(RegistrationError::Name(e)))?,
        port: NonZeroU16::new(facts.port).ok_or(refuse(RegistrationError::NoPort))?,
        node_type: NodeType(facts.node_type),
        protocol: facts.protocol,
        highest: facts.highest,
        lowest: facts.lowest,
        extra: Extra::new(facts.extra).ok_or(refuse(RegistrationError::ExtraTooLong))?,
    })
}

/// Why bytes are no request. In every case the client is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The length is zero or more than [`MAX_REQUEST`].
    #[error("the client announces a request of {0} bytes; 1 to {MAX_REQUEST} are possible")]
    Length(usize),
    /// More arrived than the request's length says.
    #[error("the client sent bytes after its request")]
    Trailing,
    /// No request has this tag.
    #[error("the client asks for {0:#04x}, which is no EPMD request")]
    Unknown(u8),
    /// The fields of an ALIVE2 do not fit into it.
    #[error("the client's registration is cut short, or its lengths lie")]
    Short,
    /// A name has a NUL inside.
    #[error("the client sent a name with a NUL in it")]
    NulInName,
    /// No node can be registered like this.
    #[error("the client cannot register: {reason}")]
    Unregistrable {
        /// The highest protocol version it announced, which decides the form of the refusal.
        highest: u16,
        /// What is wrong.
        reason: RegistrationError,
    },
    /// No node can have the name that is looked up.
    #[error("the client looks up an impossible name: {0}")]
    LookupName(NameError),
    /// No node can have the name that is to be stopped.
    #[error("the client stops an impossible name: {0}")]
    StopName(NameError),
}

/// Why a well-formed ALIVE2 is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// The name.
    #[error(transparent)]
    Name(NameError),
    /// Port 0, on which nothing can listen. Stock epmd takes it.
    #[error("a node cannot listen on port 0")]
    NoPort,
    /// The extra field is longer than [`Extra::MAX_BYTES`].
    #[error("the extra field has at most {} bytes", Extra::MAX_BYTES)]
    ExtraTooLong,
}

impl RequestError {
    /// Appends what the client is told; nothing where stock epmd just closes the connection.
    pub fn encode_answer(&self, out: &mut Vec<u8>) {
        match self {
            Self::Unregistrable { highest, .. } => AliveReply::Refused {
                wide: *highest >= WIDE_CREATION_VERSION,
            }
            .encode(out),
            // Well-formed, and of a name that we give to nobody.
            Self::LookupName(NameError::Forbidden(_)) => encode_port(None, out),
            Self::StopName(_) => encode_stop(false, out),
            Self::Length(_)
            | Self::Trailing
            | Self::Unknown(_)
            | Self::Short
            | Self::NulInName
            | Self::LookupName(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> NodeName {
        text.parse().unwrap()
    }

    fn framed(payload: &[u8]) -> Vec<u8> {
        let mut bytes = (payload.len() as u16).to_be_bytes().to_vec();
        bytes.extend_from_slice(payload);
        bytes
    }

    /// What a VM sent, on the wire: `x@127.0.0.5`, OTP 25.
    const ALIVE2: &[u8] = b"\x00\x0e\x78\x61\xa9\x4d\x00\x00\x06\x00\x05\x00\x01\x78\x00\x00";

    #[test]
    fn reads_and_writes_what_a_vm_sends() {
        let node = Registration::new(name("x"), NonZeroU16::new(25001).unwrap());
        let request = Request::Register(node);
        assert_eq!(Request::decode(ALIVE2), Ok(Some(request.clone())));
        let mut bytes = Vec::new();
        request.encode(&mut bytes);
        assert_eq!(bytes, ALIVE2);
    }

    #[test]
    fn waits_for_the_rest_wherever_it_is_cut() {
        for end in 0..ALIVE2.len() {
            assert_eq!(Request::decode(&ALIVE2[..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn every_request_round_trips() {
        for request in [
            Request::Lookup(name("a")),
            Request::Names,
            Request::Dump,
            Request::Kill,
            Request::Stop(name("\u{1F608}")),
        ] {
            let mut bytes = Vec::new();
            request.encode(&mut bytes);
            assert_eq!(Request::decode(&bytes), Ok(Some(request)));
        }
    }

    #[test]
    fn a_nul_may_end_a_lookup_but_not_interrupt_it() {
        let lookup = Ok(Some(Request::Lookup(name("x"))));
        assert_eq!(Request::decode(&framed(b"zx\0")), lookup);
        for bytes in [&b"zx\0y"[..], b"zx\0\0"] {
            assert_eq!(
                Request::decode(&framed(bytes)),
                Err(RequestError::NulInName)
            );
        }
    }

    #[test]
    fn lengths_are_bounded_before_anything_is_awaited() {
        assert_eq!(Request::decode(&[0, 0]), Err(RequestError::Length(0)));
        assert_eq!(
            Request::decode(&3058u16.to_be_bytes()),
            Err(RequestError::Length(3058))
        );
        assert_eq!(Request::decode(&3057u16.to_be_bytes()), Ok(None));
        assert_eq!(Request::decode(b"\x00\x01nn"), Err(RequestError::Trailing));
    }

    #[test]
    fn lying_lengths_and_padding() {
        let body = |name_length: u16, rest: &[u8]| {
            let mut payload = b"x\x61\xa9\x4d\x00\x00\x06\x00\x05".to_vec();
            payload.extend_from_slice(&name_length.to_be_bytes());
            payload.extend_from_slice(rest);
            framed(&payload)
        };
        assert_eq!(
            Request::decode(&body(2, b"x\0\0")),
            Err(RequestError::Short)
        );
        assert_eq!(
            Request::decode(&body(1, b"x\0\x01")),
            Err(RequestError::Short)
        );
        assert!(matches!(
            Request::decode(&body(1, b"x\0\0padding")),
            Ok(Some(Request::Register(_)))
        ));
    }

    #[test]
    fn what_stock_answers_is_answered_and_the_rest_is_silence() {
        let answer = |payload: &[u8]| {
            let mut out = Vec::new();
            Request::decode(&framed(payload))
                .unwrap_err()
                .encode_answer(&mut out);
            out
        };
        let alive2 = |port: &[u8; 2], highest: u8, name: &[u8]| {
            let mut payload = vec![b'x', port[0], port[1], 77, 0, 0, highest, 0, 5];
            payload.extend_from_slice(&(name.len() as u16).to_be_bytes());
            payload.extend_from_slice(name);
            payload.extend_from_slice(&[0, 0]);
            payload
        };
        assert_eq!(answer(&alive2(&[1, 1], 5, &[b'a'; 600])), b"y\x01\x00\x63");
        assert_eq!(answer(&alive2(&[0, 0], 6, b"a")), b"v\x01\x00\x00\x00\x63");
        assert_eq!(answer(&alive2(&[1, 1], 5, b"a\0b")), b"");
        assert_eq!(answer(b"za b"), b"w\x01");
        assert_eq!(answer(b"z\xff"), b"");
        assert_eq!(answer(b"s"), b"NOEXIST");
        assert_eq!(answer(b"?"), b"");
    }
}
