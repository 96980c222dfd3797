//! What can go wrong with a node, its connections and its calls.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use beamport_epmd::client::ClientError;
use beamport_term::{Atom, Term};
use hickory_resolver::net::NetError;

use crate::FullName;
use crate::handshake::HandshakeError;
use crate::name::NameError;
use crate::tls::TlsError;

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address to listen on is not free, or not of this host.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// No port mapper can have the name.
    #[error(transparent)]
    Name(#[from] beamport_epmd::node::NameError),
    /// The port mapper did not take the name.
    #[error("cannot register with the port mapper: {0}")]
    Mapper(#[from] ClientError),
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// The node that was to give this one a name could not be reached.
    #[error("there is nobody to be given a name by: {0}")]
    Nameless(ConnectError),
}

/// Why a node could not be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name is that of no node.
    #[error("{name:?} names no node: {source}")]
    Name {
        /// What was to be the name.
        name: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// The name is that of this node.
    #[error("a node does not connect to itself")]
    Itself,
    /// The name servers say that there is no such host.
    #[error("there is no host {host:?}")]
    UnknownHost {
        /// The host.
        host: String,
    },
    /// The host could not be looked up.
    #[error("cannot look up the host {host:?}: {source}")]
    Host {
        /// The host.
        host: String,
        /// What went wrong.
        source: NetError,
    },
    /// The name servers did not say in time.
    #[error("no name server answered for {host:?} in time")]
    HostTimeout {
        /// The host.
        host: String,
    },
    /// No port mapper answers there.
    #[error(transparent)]
    Mapper(ClientError),
    /// The port mapper there does not know the name.
    #[error(
        "the port mapper {mapper} does not know {node}: it does not run there, or runs without a name"
    )]
    NotRegistered {
        /// The node.
        node: FullName,
        /// Who was asked.
        mapper: SocketAddr,
    },
    /// The node's port cannot be reached.
    #[error("cannot connect to {address}, where {node} is registered: {source}")]
    Unreachable {
        /// The node.
        node: FullName,
        /// The address its port mapper gave.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// TLS was to be spoken and was not.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The handshake failed.
    #[error(transparent)]
    Handshake(HandshakeError),
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The connection was lost while something was to be sent.
    #[error("the connection was lost")]
    Lost,
}

/// What TLS says within a handshake is what it says before: a peer's refusal may come as late as that.
impl From<HandshakeError> for ConnectError {
    fn from(error: HandshakeError) -> Self {
        match error {
            HandshakeError::Tls(error) => Self::Tls(error),
            other => Self::Handshake(other),
        }
    }
}

/// Why a call gave no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The node could not be reached.
    #[error(transparent)]
    Connect(#[from] Arc<ConnectError>),
    /// Who was called has exited or was not there (`noproc`), or its node is gone (`noconnection`).
    #[error("who was called is gone: {0}")]
    Down(Term),
    /// The mailbox that called has ended, because it was full or with its node.
    #[error("the mailbox that called has ended")]
    Ended,
    /// No answer came in [`Config::call_time`](super::Config::call_time). One that comes later is dropped.
    #[error("no answer came in time")]
    TimedOut,
    /// The function that was called raised an exception, or was not there: what `rpc:call/4` gives beside
    /// `badrpc`.
    #[error("the call failed there: {0}")]
    Raised(Term),
    /// The answer makes no sense.
    #[error("the answer makes no sense: {0}")]
    Answer(Term),
}

/// A name is another mailbox's, or the mailbox has a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name {0} is taken, or the mailbox has one")]
pub struct NameTaken(pub Atom);
