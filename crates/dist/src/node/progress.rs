//! How far a node gets on its way to another.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use beamport_epmd::Registration;
use tokio::time::Instant;

use super::ConnectError;
use crate::Flags;
use crate::handshake::Incarnation;

/// What has been reached on the way to a node. In this order, except that what lies between the host and the
/// handshake is tried at each address of the host until it leads somewhere.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reached<'a> {
    /// The host has these addresses, which are tried in turn.
    Host(&'a [IpAddr]),
    /// An address led nowhere, and there is another. A VM would have tried none but the first.
    DeadEnd(IpAddr, &'a ConnectError),
    /// A port mapper knows the node.
    Mapper(SocketAddr, &'a Registration),
    /// Something takes connections where the node is registered.
    Port(SocketAddr),
    /// The peer speaks TLS and has shown a good certificate. Only with [`Config::tls`](super::Config::tls); whether
    /// the peer likes this node's certificate may turn out later.
    Tls,
    /// The peer takes this node's name.
    Welcome,
    /// The peer has the name that was dialled, and has told its flags.
    Peer(&'a Incarnation, Flags),
    /// Both have proved that they know the cookie: the nodes are connected.
    Proof,
}

/// Is told how far a node gets, and how long each part of the way took.
///
/// It is called while the node connects, and is not to wait for anything.
pub trait Observer: Send {
    /// Something has been reached.
    fn reached(&mut self, reached: Reached<'_>, took: Duration);
}

impl<F: FnMut(Reached<'_>, Duration) + Send> Observer for F {
    fn reached(&mut self, reached: Reached<'_>, took: Duration) {
        self(reached, took);
    }
}

/// Takes the time for an observer, if there is one.
pub(super) struct Progress {
    observer: Option<Box<dyn Observer>>,
    since: Instant,
}

impl Progress {
    /// Time begins to count.
    pub(super) fn new(observer: Option<Box<dyn Observer>>) -> Self {
        Self {
            observer,
            since: Instant::now(),
        }
    }

    pub(super) fn tell(&mut self, reached: Reached<'_>) {
        if let Some(observer) = &mut self.observer {
            let now = Instant::now();
            observer.reached(reached, now - self.since);
            self.since = now;
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
