//! The trait behind a port mapper's server: who knows which name.
//!
//! The server owns sockets, limits and bytes; a directory owns names. Stock behaviour is
//! one table of names that live as long as their connections. The agent has another, fed by Docker.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::BorrowedFd;

use rustix::net::getsockname;

use crate::node::{Creation, NodeName, Registration};

/// The two ends of the connection a request came over.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// Who asks.
    pub remote: SocketAddr,
    local: Local<'a>,
}

/// Our end. Most requests are answered without a look at it, so that the kernel is asked only when somebody asks us.
#[derive(Debug, Clone, Copy)]
enum Local<'a> {
    Address(SocketAddr),
    Socket(BorrowedFd<'a>),
}

impl<'a> Client<'a> {
    /// A client that dialled `local`.
    pub fn new(remote: SocketAddr, local: SocketAddr) -> Self {
        let local = Local::Address(local);
        Self { remote, local }
    }

    /// The client at the other end of `socket`.
    pub(crate) fn over(socket: BorrowedFd<'a>, remote: SocketAddr) -> Self {
        let local = Local::Socket(socket);
        Self { remote, local }
    }

    /// Which of our addresses it dialled; where the kernel does not say, it is as if it had dialled none.
    pub fn dialled(&self) -> IpAddr {
        match self.local {
            Local::Address(address) => address.ip(),
            Local::Socket(socket) => getsockname(socket)
                .and_then(SocketAddr::try_from)
                .map_or(Ipv4Addr::UNSPECIFIED.into(), |address| address.ip()),
        }
    }

    /// Whether the client is on this host: loopback, or one of our addresses talking to itself.
    ///
    /// The same rule as stock epmd's; v4-mapped addresses count as IPv4.
    pub fn is_local(&self) -> bool {
        let remote = self.remote.ip().to_canonical();
        remote.is_loopback() || remote == self.dialled().to_canonical()
    }

    /// The client's address, with v4-mapped addresses as IPv4.
    pub fn address(&self) -> IpAddr {
        self.remote.ip().to_canonical()
    }
}

/// A name that is now held.
#[derive(Debug)]
pub struct Registered<L> {
    /// The incarnation to tell the node.
    pub creation: Creation,
    /// Holds the name until dropped.
    pub lease: L,
}

/// A held name. Dropping it gives the name back.
pub trait Lease: Send + 'static {
    /// Completes when the directory wants the holder's connection closed: its name was stopped, or the
    /// container behind it is gone. Cancel safe.
    fn revoked(&mut self) -> impl Future<Output = ()> + Send;
}

/// Why a name is not given. The wire says only "no"; this is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another connection or container holds the name.
    #[error("the name is held by {holder}")]
    Duplicate {
        /// Who holds it, for people.
        holder: String,
    },
    /// The client may not register here.
    #[error("{reason}")]
    NotAllowed {
        /// Why, for people.
        reason: String,
    },
}

/// A line of a NAMES listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name before the `@`.
    pub name: NodeName,
    /// The port to dial.
    pub port: u16,
}

/// Who knows which name, and who may say so.
///
/// Lookups are synchronous: they are answered from memory, whatever else goes on. A registration may wait, for
/// a dying holder of the same name or for another host's answer; the server bounds that wait.
pub trait Directory: Send + Sync + 'static {
    /// What keeps a registered name.
    type Lease: Lease;

    /// Whether `client` may register at all. Asked before anything else is; stock epmd says local clients only.
    fn may_register(&self, client: &Client<'_>) -> bool;

    /// Takes a name.
    fn register(
        &self,
        client: &Client<'_>,
        node: Registration,
    ) -> impl Future<Output = Result<Registered<Self::Lease>, Refusal>> + Send;

    /// Answers PORT_PLEASE2: the node as `client` can reach it.
    fn lookup(&self, client: &Client<'_>, name: &NodeName) -> Option<Registration>;

    /// Answers NAMES: what `client` can reach.
    fn names(&self, client: &Client<'_>) -> Vec<Listed>;

    /// Answers DUMP: active names and names remembered from before.
    fn dump(&self) -> Vec<Dumped>;

    /// Takes a name from its holder (STOP); false when nobody holds it.
    fn stop(&self, name: &NodeName) -> bool;

    /// Whether any name is registered, in which case KILL is refused unless checks are relaxed.
    fn is_in_use(&self) -> bool;
}

/// A line of a DUMP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dumped {
    /// The name before the `@`.
    pub name: NodeName,
    /// The port it has, or had.
    pub port: u16,
    /// Held now, or only remembered.
    pub active: bool,
}
