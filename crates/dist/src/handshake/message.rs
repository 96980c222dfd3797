//! The messages of a handshake as bytes.
//!
//! Each follows its length in 16 bits. What is read here has been freed of that; what is written has it.

use super::digest::Digest;
use super::error::Misbehavior;
use super::{Identity, Incarnation};
use crate::name::to_latin1;
use crate::{Flags, FullName, Host};

/// The longest message that is taken, in bytes, without its length. Names of 255 characters make messages of
/// under 300; nodes of the future may add to them.
pub const MAX_MESSAGE: u16 = 1024;

/// A node that dials tells who it is.
pub(super) struct Name {
    pub(super) identity: Identity,
    pub(super) flags: Flags,
    /// Whether creation and upper flags come later, in a [`Complement`].
    pub(super) old: bool,
}

impl Name {
    pub(super) fn read(message: &[u8]) -> Result<Self, Misbehavior> {
        let mut reader = Reader(message);
        match reader.array()? {
            [b'N'] => Self::read_new(reader),
            [b'n'] => Self::read_old(reader),
            _ => Err(Misbehavior::Malformed),
        }
    }

    fn read_new(mut reader: Reader<'_>) -> Result<Self, Misbehavior> {
        let flags = reader.flags()?;
        let creation = reader.u32()?;
        let name = reader.name()?;
        let identity = if flags.contains(Flags::NAME_ME) {
            Identity::Nameless(Host::from_latin1(name)?)
        } else {
            let name = FullName::from_latin1(name)?;
            Identity::Named(Incarnation { name, creation })
        };
        Ok(Self {
            identity,
            flags,
            old: false,
        })
    }

    fn read_old(mut reader: Reader<'_>) -> Result<Self, Misbehavior> {
        // OTP does not look at the version either.
        let _version = reader.u16()?;
        let flags = Flags::from_bits(reader.u32()?.into());
        let name = FullName::from_latin1(reader.0)?;
        Ok(Self {
            identity: Identity::Named(Incarnation { name, creation: 0 }),
            flags,
            old: true,
        })
    }

    /// Writes the new form, which all understand that are taken.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let (name, creation) = match &self.identity {
            Identity::Named(node) => (node.name.as_str(), node.creation),
            Identity::Nameless(host) => (host.as_str(), 0),
        };
        let flags = self.flags.bits().to_be_bytes();
        packet(out, &[b"N", &flags, &creation.to_be_bytes(), &sized(name)]);
    }
}

/// What a node says to a name, or to [`Status::Alive`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    OkSimultaneous,
    Nok,
    NotAllowed,
    Alive,
    True,
    False,
    Named(Incarnation),
}

impl Status {
    const WORDS: [(Self, &str); 7] = [
        (Self::Ok, "ok"),
        (Self::OkSimultaneous, "ok_simultaneous"),
        (Self::Nok, "nok"),
        (Self::NotAllowed, "not_allowed"),
        (Self::Alive, "alive"),
        (Self::True, "true"),
        (Self::False, "false"),
    ];

    const NAMED: &str = "named:";

    pub(super) fn read(message: &[u8]) -> Result<Self, Misbehavior> {
        let text = message.strip_prefix(b"s").ok_or(Misbehavior::Malformed)?;
        if let Some(given) = text.strip_prefix(Self::NAMED.as_bytes()) {
            let mut reader = Reader(given);
            let name = FullName::from_latin1(reader.name()?)?;
            let creation = reader.u32()?;
            return Ok(Self::Named(Incarnation { name, creation }));
        }
        Self::WORDS
            .into_iter()
            .find(|(_, word)| word.as_bytes() == text)
            .map(|(status, _)| status)
            .ok_or(Misbehavior::Status)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if let Self::Named(Incarnation { name, creation }) = self {
            let name = sized(name.as_str());
            let creation = creation.to_be_bytes();
            return packet(out, &[b"s", Self::NAMED.as_bytes(), &name, &creation]);
        }
        let mut words = Self::WORDS.iter();
        let word = words.find(|(status, _)| status == self);
        packet(out, &[b"s", word.map_or("", |(_, word)| word).as_bytes()]);
    }
}

/// A node that was dialled tells who it is, and asks for proof.
pub(super) struct Challenge {
    pub(super) node: Incarnation,
    pub(super) flags: Flags,
    pub(super) challenge: u32,
}

impl Challenge {
    pub(super) fn read(message: &[u8]) -> Result<Self, Misbehavior> {
        let mut reader = Reader(message);
        match reader.array()? {
            [b'N'] => {
                let flags = reader.flags()?;
                let challenge = reader.u32()?;
                let creation = reader.u32()?;
                let name = FullName::from_latin1(reader.name()?)?;
                Ok(Self {
                    node: Incarnation { name, creation },
                    flags,
                    challenge,
                })
            }
            [b'n'] => {
                let _version = reader.u16()?;
                let flags = Flags::from_bits(reader.u32()?.into());
                // Who can do better does not send the old form.
                if flags.contains(Flags::HANDSHAKE_23) {
                    return Err(Misbehavior::Malformed);
                }
                let challenge = reader.u32()?;
                let name = FullName::from_latin1(reader.0)?;
                Ok(Self {
                    node: Incarnation { name, creation: 0 },
                    flags,
                    challenge,
                })
            }
            _ => Err(Misbehavior::Malformed),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let flags = self.flags.bits().to_be_bytes();
        let challenge = self.challenge.to_be_bytes();
        let creation = self.node.creation.to_be_bytes();
        let name = sized(self.node.name.as_str());
        packet(out, &[b"N", &flags, &challenge, &creation, &name]);
    }
}

/// What does not fit into a [`Name`] of the old form.
pub(super) struct Complement {
    pub(super) flags: Flags,
    pub(super) creation: u32,
}

impl Complement {
    pub(super) fn read(message: &[u8]) -> Result<Self, Misbehavior> {
        let mut reader = Reader(message);
        let [b'c'] = reader.array()? else {
            return Err(Misbehavior::Malformed);
        };
        let flags = Flags::from_bits(u64::from(reader.u32()?) << 32);
        let creation = reader.u32()?;
        Ok(Self { flags, creation })
    }
}

/// The proof of the node that dials, which asks for the same.
pub(super) struct Reply {
    pub(super) challenge: u32,
    pub(super) digest: Digest,
}

impl Reply {
    pub(super) fn read(message: &[u8]) -> Result<Self, Misbehavior> {
        let mut reader = Reader(message);
        let [b'r'] = reader.array()? else {
            return Err(Misbehavior::Malformed);
        };
        let challenge = reader.u32()?;
        let digest = reader.last_digest()?;
        Ok(Self { challenge, digest })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let challenge = self.challenge.to_be_bytes();
        packet(out, &[b"r", &challenge, self.digest.as_bytes()]);
    }
}

/// The proof of the node that was dialled.
pub(super) struct Ack(pub(super) Digest);

impl Ack {
    pub(super) fn read(message: &[u8]) -> Result<Self, Misbehavior> {
        let mut reader = Reader(message);
        match reader.array()? {
            [b'a'] => reader.last_digest().map(Self),
            _ => Err(Misbehavior::Malformed),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        packet(out, &[b"a", self.0.as_bytes()]);
    }
}

/// What is left of a message.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Misbehavior> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Misbehavior::Malformed)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u16(&mut self) -> Result<u16, Misbehavior> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Misbehavior> {
        self.array().map(u32::from_be_bytes)
    }

    fn flags(&mut self) -> Result<Flags, Misbehavior> {
        self.array().map(u64::from_be_bytes).map(Flags::from_bits)
    }

    /// A name behind its length. What follows is for nodes of the future to say.
    fn name(&mut self) -> Result<&'a [u8], Misbehavior> {
        let length = self.u16()?;
        let (name, rest) = self
            .0
            .split_at_checked(length.into())
            .ok_or(Misbehavior::Malformed)?;
        self.0 = rest;
        Ok(name)
    }

    /// A digest that ends the message.
    fn last_digest(self) -> Result<Digest, Misbehavior> {
        let bytes = self.0.try_into().map_err(|_| Misbehavior::Malformed)?;
        Ok(Digest::from_wire(bytes))
    }
}

/// A name behind its length.
fn sized(name: &str) -> Vec<u8> {
    let name = to_latin1(name);
    // Names have at most 255 characters.
    let length = name.len() as u16;
    [&length.to_be_bytes(), name.as_slice()].concat()
}

/// Writes a message behind its length.
fn packet(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    // The longest message is one with a name.
    out.extend_from_slice(&(length as u16).to_be_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}
