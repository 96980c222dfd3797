//! The handshake of the node that dials.
//!
//! [`start`], then one state after the other up to [`Established`].

use super::digest::Digest;
use super::message::{Ack, Challenge, Name, Reply, Status};
use super::{
    Capabilities, Established, HandshakeError, Identity, Incarnation, Misbehavior, Refusal, Step,
};
use crate::{Cookie, Flags, FullName};

/// Says who dials the node `peer`; the answer is a status.
pub fn start(
    identity: Identity,
    capabilities: Capabilities,
    peer: FullName,
    out: &mut Vec<u8>,
) -> AwaitingStatus {
    let flags = match identity {
        Identity::Named(_) => capabilities.offered(),
        Identity::Nameless(_) => capabilities.offered() | Flags::NAME_ME,
    };
    let name = Name {
        identity,
        flags,
        old: false,
    };
    name.write(out);
    AwaitingStatus {
        identity: name.identity,
        capabilities,
        peer,
    }
}

/// The peer has the name and has not said what it makes of it.
#[derive(Debug)]
pub struct AwaitingStatus {
    identity: Identity,
    capabilities: Capabilities,
    peer: FullName,
}

/// What the peer makes of the name.
#[derive(Debug)]
pub enum Answer {
    /// It goes on.
    Welcome(AwaitingChallenge),
    /// It is connected to a node of this name, which may be this one in an earlier life, and asks whether this
    /// connection is to take the other's place.
    Alive(Alive),
}

impl AwaitingStatus {
    /// Takes a status.
    pub fn receive(self, message: &[u8]) -> Result<Answer, HandshakeError> {
        let status = Status::read(message).map_err(|what| what.at(Step::Status))?;
        let go_on = |node| AwaitingChallenge {
            node,
            capabilities: self.capabilities,
            peer: self.peer,
        };
        match (status, self.identity) {
            (Status::Ok | Status::OkSimultaneous, Identity::Named(node)) => {
                Ok(Answer::Welcome(go_on(node)))
            }
            (Status::Named(node), Identity::Nameless(host))
                if node.name.host() == host.as_str() =>
            {
                Ok(Answer::Welcome(go_on(node)))
            }
            (Status::Alive, Identity::Named(node)) => Ok(Answer::Alive(Alive(go_on(node)))),
            (Status::Nok, _) => Err(Refusal::Simultaneous.into()),
            (Status::NotAllowed, _) => Err(Refusal::NotAllowed.into()),
            _ => Err(Misbehavior::Status.at(Step::Status)),
        }
    }
}

/// The peer asks whether to give up the connection it has with a node of this name.
#[derive(Debug)]
pub struct Alive(AwaitingChallenge);

impl Alive {
    /// Yes: as far as this node knows there is no other connection, so that one is a remnant.
    pub fn take_over(self, out: &mut Vec<u8>) -> AwaitingChallenge {
        Status::True.write(out);
        self.0
    }

    /// No: the other connection has just come about and is the one to use.
    pub fn give_way(self, out: &mut Vec<u8>) -> HandshakeError {
        Status::False.write(out);
        Refusal::Alive.into()
    }
}

/// The peer is about to say who it is.
#[derive(Debug)]
pub struct AwaitingChallenge {
    node: Incarnation,
    capabilities: Capabilities,
    peer: FullName,
}

impl AwaitingChallenge {
    /// Takes the peer's challenge, proves to know the cookie, and asks for the same with `challenge`, a number
    /// from a cryptographic random number generator.
    pub fn receive(
        self,
        message: &[u8],
        cookie: &Cookie,
        challenge: u32,
        out: &mut Vec<u8>,
    ) -> Result<AwaitingAck, HandshakeError> {
        let theirs = Challenge::read(message).map_err(|what| what.at(Step::Challenge))?;
        if theirs.node.name != self.peer {
            let found = theirs.node.name;
            return Err(Refusal::OtherNode { found }.into());
        }
        let peer_flags = theirs.flags.expanded();
        self.capabilities
            .check(peer_flags, Flags::ALL, Step::Challenge)?;
        let reply = Reply {
            challenge,
            digest: Digest::new(cookie, theirs.challenge),
        };
        reply.write(out);
        Ok(AwaitingAck {
            expected: Digest::new(cookie, challenge),
            established: Established {
                flags: self.capabilities.offered() & peer_flags,
                local: self.node,
                peer: theirs.node,
                peer_flags,
                replaces: false,
            },
        })
    }
}

/// The peer has the proof and has to give its own.
#[derive(Debug)]
pub struct AwaitingAck {
    expected: Digest,
    established: Established,
}

impl AwaitingAck {
    /// Who the peer says it is.
    pub fn peer(&self) -> &Incarnation {
        &self.established.peer
    }

    /// What the peer says it can take.
    pub fn peer_flags(&self) -> Flags {
        self.established.peer_flags
    }

    /// Takes the peer's proof.
    pub fn receive(self, message: &[u8]) -> Result<Established, HandshakeError> {
        let Ack(digest) = Ack::read(message).map_err(|what| what.at(Step::Ack))?;
        if !digest.agrees(&self.expected) {
            return Err(Refusal::Cookie.into());
        }
        Ok(self.established)
    }
}
