//! The handshake of the node that is dialled.
//!
//! [`greet`], then a decision about who dials, then one state after the other up to [`Established`].

use super::digest::Digest;
use super::message::{Ack, Challenge, Complement, Name, Reply, Status};
use super::{
    Capabilities, Established, HandshakeError, Identity, Incarnation, Misbehavior, Refusal, Step,
};
use crate::{Cookie, Flags, FullName, Host};

/// Takes the name of a node that dials. On an error too, what is in `out` is to be sent: it tells the peer.
///
/// `node` is this node.
pub fn greet(
    node: Incarnation,
    capabilities: Capabilities,
    message: &[u8],
    out: &mut Vec<u8>,
) -> Result<Greeting, HandshakeError> {
    let Name {
        identity,
        flags,
        old,
    } = Name::read(message).map_err(|what| what.at(Step::Name))?;
    let flags = flags.expanded();
    let told = if old { LOWER } else { Flags::ALL };
    capabilities
        .check(flags, told, Step::Name)
        .inspect_err(|_| Status::NotAllowed.write(out))?;
    match identity {
        Identity::Named(peer) if peer.name == node.name => {
            Status::Nok.write(out);
            Err(Refusal::OwnName.into())
        }
        Identity::Named(peer) => Ok(Greeting::Named(Caller {
            node,
            capabilities,
            peer,
            flags,
            old,
        })),
        Identity::Nameless(host) => Ok(Greeting::Nameless(NamelessCaller {
            node,
            capabilities,
            host,
            flags,
        })),
    }
}

/// The flags that a name in the old form tells.
const LOWER: Flags = Flags::from_bits(u32::MAX as u64);

/// Who dials.
#[derive(Debug)]
pub enum Greeting {
    /// A node with a name.
    Named(Caller),
    /// A node that wants a name.
    Nameless(NamelessCaller),
}

/// A node that dials.
#[derive(Debug)]
pub struct Caller {
    node: Incarnation,
    capabilities: Capabilities,
    peer: Incarnation,
    flags: Flags,
    old: bool,
}

impl Caller {
    /// What it says its name is. It has proved nothing yet.
    pub fn name(&self) -> &FullName {
        &self.peer.name
    }

    /// Welcomes it. `challenge` is a number from a cryptographic random number generator.
    pub fn welcome(self, challenge: u32, out: &mut Vec<u8>) -> Challenged {
        Status::Ok.write(out);
        self.challenge(false, challenge, out)
    }

    /// Decides for one of two connections when this node is dialling the peer at the same time: none, if the
    /// peer is to wait for that one to come about; otherwise that one is to be abandoned for this one.
    pub fn resolve(self, challenge: u32, out: &mut Vec<u8>) -> Option<Challenged> {
        if self.node.name > self.peer.name {
            Status::Nok.write(out);
            return None;
        }
        Status::OkSimultaneous.write(out);
        Some(self.challenge(false, challenge, out))
    }

    /// Asks it whether to take the place of the connection there is with a node of that name.
    pub fn ask_to_take_over(self, out: &mut Vec<u8>) -> AwaitingTakeOver {
        Status::Alive.write(out);
        AwaitingTakeOver(self)
    }

    /// Tells it that it may not connect.
    pub fn refuse(self, out: &mut Vec<u8>) -> HandshakeError {
        Status::NotAllowed.write(out);
        Refusal::Unwanted.into()
    }

    fn challenge(self, replaces: bool, challenge: u32, out: &mut Vec<u8>) -> Challenged {
        Challenge {
            node: self.node.clone(),
            flags: self.capabilities.offered(),
            challenge,
        }
        .write(out);
        Challenged {
            challenge,
            node: self.node,
            capabilities: self.capabilities,
            peer: self.peer,
            flags: self.flags,
            replaces,
            incomplete: self.old,
        }
    }
}

/// A node that dials and wants to be given a name.
#[derive(Debug)]
pub struct NamelessCaller {
    node: Incarnation,
    capabilities: Capabilities,
    host: Host,
    flags: Flags,
}

impl NamelessCaller {
    /// The host it says it is on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Names it, and welcomes it. The name has to be free, with the host that it says it is on, and the creation
    /// greater than 3. `challenge` is a number from a cryptographic random number generator.
    pub fn name(self, peer: Incarnation, challenge: u32, out: &mut Vec<u8>) -> Challenged {
        let Self {
            node,
            capabilities,
            flags,
            ..
        } = self;
        Status::Named(peer.clone()).write(out);
        // It takes the name only from a node that says it knows what was asked of it.
        let capabilities = Capabilities {
            offered: capabilities.offered | Flags::NAME_ME,
            ..capabilities
        };
        let caller = Caller {
            node,
            capabilities,
            peer,
            flags,
            old: false,
        };
        caller.challenge(false, challenge, out)
    }

    /// Tells it that it may not connect.
    pub fn refuse(self, out: &mut Vec<u8>) -> HandshakeError {
        Status::NotAllowed.write(out);
        Refusal::Unwanted.into()
    }
}

/// The node that dials has been asked about its older connection.
#[derive(Debug)]
pub struct AwaitingTakeOver(Caller);

impl AwaitingTakeOver {
    /// Takes the answer. `challenge` is a number from a cryptographic random number generator.
    ///
    /// The older connection stays until the handshake is [`Established`]: who has not proved to know the cookie
    /// ends nothing.
    pub fn receive(
        self,
        message: &[u8],
        challenge: u32,
        out: &mut Vec<u8>,
    ) -> Result<Challenged, HandshakeError> {
        match Status::read(message).map_err(|what| what.at(Step::TakeOver))? {
            Status::True => Ok(self.0.challenge(true, challenge, out)),
            Status::False => Err(Refusal::Alive.into()),
            _ => Err(Misbehavior::Status.at(Step::TakeOver)),
        }
    }
}

/// The node that dials has been asked for proof.
#[derive(Debug)]
pub struct Challenged {
    challenge: u32,
    node: Incarnation,
    capabilities: Capabilities,
    peer: Incarnation,
    flags: Flags,
    replaces: bool,
    /// Whether a complement has to come first.
    incomplete: bool,
}

/// How far a challenged node has got.
#[derive(Debug)]
pub enum Progress {
    /// It has told the rest of its flags, and has to prove itself still.
    Unproved(Challenged),
    /// It has proved itself. The peer knows it once what is in `out` is sent.
    Established(Established),
}

impl Challenged {
    /// What is waited for.
    pub fn step(&self) -> Step {
        if self.incomplete {
            Step::Complement
        } else {
            Step::Reply
        }
    }

    /// Takes the next message: a complement, if the name came in the old form, and then the proof.
    pub fn receive(
        self,
        message: &[u8],
        cookie: &Cookie,
        out: &mut Vec<u8>,
    ) -> Result<Progress, HandshakeError> {
        if self.incomplete {
            return self.complement(message).map(Progress::Unproved);
        }
        self.prove(message, cookie, out).map(Progress::Established)
    }

    fn complement(mut self, message: &[u8]) -> Result<Self, HandshakeError> {
        let Complement { flags, creation } =
            Complement::read(message).map_err(|what| what.at(Step::Complement))?;
        self.flags = self.flags | flags;
        self.peer.creation = creation;
        self.incomplete = false;
        self.capabilities
            .check(self.flags, Flags::ALL, Step::Complement)?;
        Ok(self)
    }

    fn prove(
        self,
        message: &[u8],
        cookie: &Cookie,
        out: &mut Vec<u8>,
    ) -> Result<Established, HandshakeError> {
        let reply = Reply::read(message).map_err(|what| what.at(Step::Reply))?;
        if !reply.digest.agrees(&Digest::new(cookie, self.challenge)) {
            return Err(Refusal::Cookie.into());
        }
        Ack(Digest::new(cookie, reply.challenge)).write(out);
        Ok(Established {
            flags: self.capabilities.offered() & self.flags,
            local: self.node,
            peer: self.peer,
            peer_flags: self.flags,
            replaces: self.replaces,
        })
    }
}
