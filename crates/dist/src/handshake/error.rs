//! What can go wrong in a handshake, at which step, and whose fault it is.

use std::{fmt, io};

use crate::name::NameError;
use crate::tls::TlsError;
use crate::{Flags, FullName};

/// Why a handshake failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// One of the nodes has a reason not to connect: a matter of configuration.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The peer lacks what this node cannot do without: they are too many OTP versions apart.
    #[error(
        "the peer lacks {missing}: its OTP version is too far from what this node can speak to"
    )]
    Incompatible {
        /// Where it was found out.
        step: Step,
        /// What is lacking.
        missing: Flags,
    },
    /// The peer does not keep to the protocol; as a rule it is no Erlang node.
    #[error("the peer sent no {step}: {what}")]
    Misbehaved {
        /// What was waited for.
        step: Step,
        /// What came.
        what: Misbehavior,
    },
    /// The peer closed the connection; nodes give their reasons only in their own logs.
    #[error("the peer closed the connection instead of sending {step}: {}", step.closed())]
    Closed {
        /// What was waited for.
        step: Step,
    },
    /// The peer stays silent.
    #[error("the peer did not send {step} in time: {}", step.silent())]
    TimedOut {
        /// What was waited for.
        step: Step,
    },
    /// The connection goes over TLS, and that failed.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The connection broke.
    #[error("the connection broke before {step} came: {kind}")]
    Broken {
        /// What was waited for.
        step: Step,
        /// What the operating system says.
        kind: io::ErrorKind,
    },
}

/// A reason not to connect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The peer answers that this node may not connect: it lacks mandatory flags or is not among the nodes that
    /// `net_kernel:allow/1` lists.
    #[error(
        "the peer does not allow this node: it is missing in net_kernel:allow/1 there, or lacks flags that the \
         peer's OTP version demands"
    )]
    NotAllowed,
    /// The peer is connecting with a node of this name already, and that connection is the one to stay: it dials
    /// this node, as a rule, whose part it then is to wait.
    #[error("the peer is connecting with a node of this name already, and prefers that connection")]
    Simultaneous,
    /// The peer is still connected to a node of this name, whose place this one did not want to take.
    #[error("the peer is connected to a node of this name already")]
    Alive,
    /// The digest is that of another cookie.
    #[error("the cookies differ")]
    Cookie,
    /// At the address that was dialled another node answers than the one that was meant.
    #[error("the node there is {found}")]
    OtherNode {
        /// Who answers.
        found: FullName,
    },
    /// The peer goes by the name of this node.
    #[error("the peer has the name of this node")]
    OwnName,
    /// This node does not want the connection: its configuration leaves the peer out, keeps it from dialling, or
    /// limits how many there may be.
    #[error("this node is configured not to have the connection")]
    Unwanted,
}

/// How a message was not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misbehavior {
    /// Longer than [`MAX_MESSAGE`](super::MAX_MESSAGE).
    #[error("a message of {0} bytes came")]
    TooLong(u32),
    /// The beginning of a message of TLS.
    #[error("it speaks TLS")]
    Tls,
    /// The beginning of an answer of an HTTP server.
    #[error("it speaks HTTP")]
    Http,
    /// Not the message's first byte, or not its length.
    #[error("another message came, or none of this protocol")]
    Malformed,
    /// A name that is none.
    #[error("{0}")]
    Name(#[from] NameError),
    /// A status that is none.
    #[error("an unknown status came")]
    Status,
}

impl Misbehavior {
    /// What the two bytes say that ought to be a length and are none.
    pub(super) fn of_length(length: u16) -> Self {
        match &length.to_be_bytes() {
            // The types of an alert and of a handshake; the major version.
            [0x15 | 0x16, 3] => Self::Tls,
            b"HT" => Self::Http,
            _ => Self::TooLong(length.into()),
        }
    }

    pub(super) fn at(self, step: Step) -> HandshakeError {
        HandshakeError::Misbehaved { step, what: self }
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The name of the node that dials.
    Name,
    /// What the node that was dialled says to the name.
    Status,
    /// Whether the node that dials wants to take the place of an older connection.
    TakeOver,
    /// The challenge of the node that was dialled.
    Challenge,
    /// What did not fit into a name of the old form.
    Complement,
    /// The digest of the node that dials, and its challenge.
    Reply,
    /// The digest of the node that was dialled.
    Ack,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "a name",
            Self::Status => "a status",
            Self::TakeOver => "an answer to alive",
            Self::Challenge => "a challenge",
            Self::Complement => "the complement of its name",
            Self::Reply => "the reply to a challenge",
            Self::Ack => "the final digest",
        })
    }
}

impl Step {
    /// What it means as a rule when the peer closes the connection here.
    fn closed(self) -> &'static str {
        match self {
            Self::Name => "it is no Erlang node, speaks TLS, or gave up",
            Self::Status => "it is no Erlang node, expects TLS, or takes no name of this form",
            Self::TakeOver => "it does not want to take the place of its older connection",
            Self::Challenge => "it prefers another connection, or stopped",
            Self::Complement | Self::Reply => {
                "it dialled another name than this node has, or demands flags that this node lacks"
            }
            Self::Ack => "the cookies differ",
        }
    }

    /// What it means as a rule when the peer says nothing here.
    fn silent(self) -> &'static str {
        match self {
            Self::Name | Self::Status => "it is no Erlang node, expects TLS, or is stuck",
            _ => "it is stuck, or the network loses packets",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_length_may_tell_who_speaks() {
        assert_eq!(Misbehavior::of_length(0x1503), Misbehavior::Tls);
        assert_eq!(Misbehavior::of_length(0x1603), Misbehavior::Tls);
        let http = u16::from_be_bytes(*b"HT");
        assert_eq!(Misbehavior::of_length(http), Misbehavior::Http);
        let ssh = u16::from_be_bytes(*b"SS");
        assert_eq!(
            Misbehavior::of_length(ssh),
            Misbehavior::TooLong(ssh.into())
        );
    }
}
