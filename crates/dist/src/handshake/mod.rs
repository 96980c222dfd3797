//! How two nodes that share a cookie come to trust each other.
//!
//! The handshake of OTP 23 and later (version 6), in both roles. Who dials is A, who accepts is B:
//!
//! | message | content |
//! |---|---|
//! | A to B, name | name, flags, creation; in the old form what fits 32 bits |
//! | B to A, status | `ok`, `ok_simultaneous`, `nok`, `not_allowed`, `alive`, or a name that B gives A |
//! | A to B, status | only after `alive`: whether to take the place of the connection there is |
//! | B to A, challenge | name, flags, creation, a random number |
//! | A to B, complement | only after a name in the old form: what did not fit |
//! | A to B, reply | a random number, and the digest of the cookie with B's |
//! | B to A, ack | the digest of the cookie with A's |
//!
//! [`dial`] and [`accept`] are chains of states without sockets: each state takes the one message it waits for,
//! appends what is to be sent, and gives the next state, so that nothing can be done out of turn. [`stream`] runs
//! them over a byte stream. What goes wrong says at which step and whose fault it is: [`HandshakeError`].
//!
//! A peer without [`Flags::HANDSHAKE_23`] is refused, as OTP 25 does.

pub mod accept;
pub mod dial;
mod digest;
mod error;
mod message;
pub mod stream;

pub use error::{HandshakeError, Misbehavior, Refusal, Step};
pub use message::MAX_MESSAGE;

use crate::{Flags, FullName, Host};

/// What a node brings to a handshake besides its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// What it can take. [`Flags::HANDSHAKE_23`] goes without saying.
    pub offered: Flags,
    /// What it demands of peers: [`Flags::MANDATORY_25`], and more if more is needed.
    pub required: Flags,
}

/// Who a node says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A node with a name.
    Named(Incarnation),
    /// A node that has no name yet and dials another to be given one (`-name undefined@host`).
    Nameless(Host),
}

/// A node in one of its lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incarnation {
    /// The name.
    pub name: FullName,
    /// The number that tells this life from others. A node of before OTP 23 would not tell it: 0.
    pub creation: u32,
}

/// What two nodes have agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Established {
    /// This node: as it was, or as it was named just now.
    pub local: Incarnation,
    /// The other.
    pub peer: Incarnation,
    /// What is in force: the flags that both have.
    pub flags: Flags,
    /// All that the peer has.
    pub peer_flags: Flags,
    /// Whether the peer, when it dialled, was told that it is connected already and took that connection's
    /// place. The old one is to be closed.
    pub replaces: bool,
}

impl Capabilities {
    fn offered(&self) -> Flags {
        self.offered | Flags::HANDSHAKE_23
    }

    /// Whether a peer has all that is required among `told`, the flags that it can have told by now.
    fn check(&self, peer: Flags, told: Flags, step: Step) -> Result<(), HandshakeError> {
        match (self.required & told).without(peer) {
            Flags::NONE => Ok(()),
            missing => Err(HandshakeError::Incompatible { step, missing }),
        }
    }
}
