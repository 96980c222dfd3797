//! A port mapper's server: sockets, limits and deadlines around a [`Directory`].
//!
//! Most requests are lookups: a connection that brings its request at once, is answered from memory and closed.
//! Those are served where they are accepted, on a thread for each listener that does nothing else (`accept`, `desk`).
//! A connection that cannot be served so, because its request is not there yet, because it registers, because it
//! does not take its answer, gets a future (`connection`). There are two sorts of those: *held*, which carry a
//! registration and live as long as the node does; and *waiting*, of which there are only so many: where one more
//! comes, the one that waits longest goes. So no number of idle, slow or hostile clients keeps a lookup from
//! being answered.

mod accept;
mod answer;
mod connection;
mod desk;
mod ending;
mod listen;
mod reserve;
mod waiting;

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;

pub use listen::listen;

use crate::DEFAULT_PORT;
use crate::directory::Directory;
use accept::Acceptors;
use reserve::Reserve;
use waiting::WaitingRoom;

/// How a server behaves.
#[derive(Debug, Clone)]
pub struct Config {
    /// The port that NAMES says. Stock clients drop a listing that does not say the port they dialled: where the
    /// port is published under another number, it is that one. Default: 4369.
    pub port: u16,
    /// How long a connection without a registration may be idle. Default: 60 s, as in stock epmd.
    pub idle_timeout: Duration,
    /// How long a [`Directory`] may take to register a name. Default: 8 s; nodes wait 10 s.
    pub register_timeout: Duration,
    /// Whether local clients may STOP names, and KILL while names are registered. Default: no.
    pub relaxed: bool,
    /// How many connections without a registration there may be beside those served at once. Default: 1024.
    pub most_waiting: usize,
    /// A pause before each round of accepting, to test clients with a slow server. Default: none.
    pub delay_accept: Option<Duration>,
    /// A pause before each answer, to test clients with a slow server. Default: none.
    pub delay_write: Option<Duration>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: DEFAULT_PORT,
            idle_timeout: Duration::from_secs(60),
            register_timeout: Duration::from_secs(8),
            relaxed: false,
            most_waiting: 1024,
            delay_accept: None,
            delay_write: None,
        }
    }
}

/// Why a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The shutdown that [`Server::serve`] was given came.
    Shutdown,
    /// A local client sent KILL, was allowed to, and has been told so.
    Killed,
}

/// A port mapper's server.
#[derive(Debug)]
pub struct Server<D>(Arc<Shared<D>>);

/// What all connections of a server share.
#[derive(Debug)]
struct Shared<D> {
    config: Config,
    directory: Arc<D>,
    waiting: WaitingRoom,
    killed: Notify,
    reserve: Reserve,
}

impl<D: Directory> Server<D> {
    /// A server for the names in `directory`.
    pub fn new(config: Config, directory: Arc<D>) -> Self {
        Self(Arc::new(Shared {
            waiting: WaitingRoom::new(config.most_waiting),
            config,
            directory,
            killed: Notify::new(),
            reserve: Reserve::new(),
        }))
    }

    /// Serves on `listeners` until `shutdown` completes or a client kills the server.
    ///
    /// The future owns everything it starts: when it completes, and also when it is dropped, all connections are
    /// closed and all leases given back, for which it may take 10 ms. It fails only where the sockets given are no
    /// sockets, or no thread can be started.
    pub async fn serve(
        self,
        listeners: Vec<TcpListener>,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<Ended> {
        let mut acceptors = Acceptors::start(listeners, &self.0)?;
        // Not tasks: held names are many, and as a task each takes half as much memory again.
        let mut connections = FuturesUnordered::new();
        let mut shutdown = std::pin::pin!(shutdown);
        let mut killed = std::pin::pin!(self.0.killed.notified());
        loop {
            tokio::select! {
                () = &mut shutdown => return Ok(Ended::Shutdown),
                () = &mut killed => return Ok(Ended::Killed),
                Some(()) = connections.next() => {}
                Some(unserved) = acceptors.unserved() => {
                    connections.push(connection::serve(Arc::clone(&self.0), unserved));
                }
            }
        }
    }
}
