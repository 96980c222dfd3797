//! A node: a member of the distribution, on tokio.
//!
//! A [`Node`] is hidden: it connects to those it has something to say to and to no others, and it is in no
//! `nodes()`. There is no way to make it visible: visible nodes keep up the mesh together, which takes the protocol
//! of `global` and the locks that go with it. It dials when something is to be sent, answers where it [listens](Config::listen), and is known to
//! `net_adm:ping/1` as any other. What corresponds to a process is a [`Mailbox`]: it has a pid and perhaps a name,
//! links and monitors; [`Node::call`] and [`Node::rpc`] make one for themselves.
//!
//! ```no_run
//! use beamport_dist::node::{Address, Config, Node};
//! use beamport_term::{Term, atom};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let node = Node::start("rust@127.0.0.1".parse()?, Config::new("secret".parse()?)).await?;
//! let vm = "vm@127.0.0.1".parse()?;
//! node.ping(&vm).await?;
//! let sum = node.rpc(&vm, atom!("lists"), atom!("sum"), Term::list([Term::list([1, 2])])).await?;
//! assert_eq!(sum, Term::from(3));
//! let count = node.call(&Address::name(atom!("counter"), &vm), Term::from(atom!("get"))).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Everything waits for a limited time, and every queue is bounded: who sends waits while a connection is busy, and
//! a mailbox that is not read until it is full ends ([`Config::inbox`], [`Config::inbox_bytes`]).

mod accept;
mod address;
mod call;
mod config;
mod connection;
mod connections;
mod cookies;
mod dial;
mod erpc;
mod error;
mod events;
mod inbound;
mod inbox;
mod kernel;
mod listen;
mod mailbox;
mod outgoing;
mod process;
mod progress;
mod resolve;
mod spawn;
mod stream;

use std::collections::VecDeque;
use std::sync::Arc;

use beamport_epmd::Creation;
use beamport_term::{Atom, Pid, Reference};
use tokio::runtime::Handle;
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

pub use address::Address;
pub use call::{Caller, Request};
pub use config::{AutoConnect, Config};
pub use erpc::{Class, ErpcError, Exception};
pub use error::{CallError, ConnectError, NameTaken, StartError};
pub use events::{DownReason, NodeEvent, NodeKind};
pub use mailbox::{Mailbox, MonitorAlias, Received};
pub use process::ProcessLimits;
pub use progress::{Observer, Reached};
pub use spawn::{Spawn, Spawned};

pub use crate::control::Process;

use crate::handshake::{Capabilities, Identity, Incarnation};
use crate::{Cookie, Flags, FullName, Host};
use connection::Connection;
use connections::Connections;
use cookies::Cookies;
use dial::Dialler;
use events::EVENTS;
use process::{Processes, Signal};
use progress::Progress;
use resolve::Resolver;

/// How many bytes of a mailbox a signal takes that comes from within the node: it shares its memory with who sent it.
const WITHIN: usize = 0;

/// What a node can take. Nothing is here that is not served.
const OFFERED: Flags = Flags::from_bits(
    Flags::MANDATORY_26.bits()
        | Flags::MANDATORY_25_DIGEST.bits()
        | Flags::DIST_MONITOR.bits()
        | Flags::DIST_MONITOR_NAME.bits()
        | Flags::DIST_HDR_ATOM_CACHE.bits()
        | Flags::SMALL_ATOM_TAGS.bits()
        | Flags::SEND_SENDER.bits()
        | Flags::BIG_SEQTRACE_LABELS.bits()
        | Flags::EXIT_PAYLOAD.bits()
        | Flags::FRAGMENTS.bits()
        | Flags::ALIAS.bits()
        | Flags::ALTACT_SIG.bits(),
);

const CAPABILITIES: Capabilities = Capabilities {
    offered: OFFERED,
    required: Flags::MANDATORY_25,
};

/// A node that runs. Clones are the same node, which ends with the last of them, as by [`stop`](Self::stop), which
/// then nobody waits for.
#[derive(Debug, Clone)]
pub struct Node {
    shared: Arc<Shared>,
    _running: Arc<Running>,
}

/// What all parts of a node share.
#[derive(Debug)]
struct Shared {
    /// The node itself.
    node: Incarnation,
    config: Config,
    cookies: Cookies,
    processes: Processes,
    connections: Connections,
    resolver: Resolver,
    events: broadcast::Sender<NodeEvent>,
    /// Where the node runs.
    runtime: Handle,
    /// Whether it is to end.
    stop: watch::Sender<bool>,
    /// What runs for the node: each task holds a receiver.
    tasks: watch::Sender<()>,
}

/// While this lives, the node does.
#[derive(Debug)]
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.begin_to_stop();
        self.0.processes.end_all();
    }
}

impl Node {
    /// Starts a node with a name; if it is to listen, only once the port mapper has its name.
    pub async fn start(name: FullName, config: Config) -> Result<Self, StartError> {
        let listening = match config.listen {
            Some(address) => Some(listen::open(&name, address, &config).await?),
            None => None,
        };
        let creation = match &listening {
            Some(listening) => listening.creation(),
            None => Creation::new(random().map_err(StartError::Random)?).value(),
        };
        let node = Self::run(Incarnation { name, creation }, config);
        if let Some(listening) = listening {
            listening.serve(&node.shared);
        }
        Ok(node)
    }

    /// Starts a node without a name, which is given one by the first node that it connects with: as
    /// `-name undefined@host` starts a VM.
    ///
    /// The name has `host` as its host part, and lasts as long as this node, also when that connection ends. Nobody
    /// can dial by it: [`Config::listen`] does not matter.
    pub async fn start_nameless(
        host: Host,
        first: &FullName,
        config: Config,
    ) -> Result<Self, StartError> {
        let config = Config {
            listen: None,
            ..config
        };
        let dialler = Dialler {
            config: &config,
            resolver: &Resolver::default(),
            identity: Identity::Nameless(host),
            cookie: Cookies::new(&config).of(first),
        };
        let (stream, established) = dialler
            .dial(first, Progress::new(None))
            .await
            .map_err(StartError::Nameless)?;
        let node = Self::run(established.local.clone(), config);
        node.shared.replace(stream, established);
        Ok(node)
    }

    fn run(node: Incarnation, config: Config) -> Self {
        let shared = Arc::new(Shared {
            processes: Processes::new(node.name.to_atom(), node.creation, config.processes),
            connections: Connections::default(),
            resolver: Resolver::default(),
            events: broadcast::Sender::new(EVENTS),
            runtime: Handle::current(),
            stop: watch::Sender::new(false),
            tasks: watch::Sender::new(()),
            node,
            cookies: Cookies::new(&config),
            config,
        });
        kernel::start(&shared);
        Self {
            _running: Arc::new(Running(Arc::clone(&shared))),
            shared,
        }
    }

    /// Ends the node, with all its handles and mailboxes: closes its connections once what was sent is on its way,
    /// gives its name back, and waits until that is done, but no longer than [`Config::stop_time`].
    pub async fn stop(&self) {
        let shared = &self.shared;
        shared.begin_to_stop();
        let ended = shared.tasks.closed();
        if timeout(shared.config.stop_time, ended).await.is_err() {
            tracing::warn!("the node has not come to its end in time");
        }
        shared.processes.end_all();
    }

    /// The name of the node.
    pub fn name(&self) -> &FullName {
        &self.shared.node.name
    }

    /// A mailbox: a process of this node.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox::open(&self.shared)
    }

    /// Connects to a node, if it is not connected.
    pub async fn connect(&self, peer: &FullName) -> Result<(), Arc<ConnectError>> {
        self.shared.connect(&peer.to_atom()).await.map(|_| ())
    }

    /// Connects to a node, if it is not connected, and has an observer told how far it gets. Who comes to an attempt
    /// that has begun is told nothing.
    pub async fn connect_observed(
        &self,
        peer: &FullName,
        observer: impl Observer + 'static,
    ) -> Result<(), Arc<ConnectError>> {
        let (peer, observer) = (peer.to_atom(), Box::new(observer));
        let connected = self.shared.connect_observed(&peer, Some(observer));
        connected.await.map(|_| ())
    }

    /// Closes the connection to a node, if there is one.
    pub fn disconnect(&self, peer: &FullName) {
        if let Some(connection) = self.shared.connections.up(&peer.to_atom()) {
            connection.close();
        }
    }

    /// The nodes that are connected.
    pub fn connected(&self) -> Vec<FullName> {
        self.shared.connections.peers()
    }

    /// Has another cookie be shared with a peer from the next handshake on, as by `erlang:set_cookie/2`.
    pub fn set_cookie(&self, peer: FullName, cookie: Cookie) {
        self.shared.cookies.set(peer, cookie);
    }

    /// Has another cookie be shared with all peers that have none of their own, as by `erlang:set_cookie/1`.
    pub fn set_own_cookie(&self, cookie: Cookie) {
        self.shared.cookies.set_own(cookie);
    }

    /// Which nodes come and go from now on, as by `net_kernel:monitor_nodes/1`. Who is 1024 events late misses some,
    /// and is told so.
    pub fn events(&self) -> broadcast::Receiver<NodeEvent> {
        self.shared.events.subscribe()
    }

    /// The mailbox that has a name on this node.
    pub fn whereis(&self, name: &Atom) -> Option<Pid> {
        self.shared.processes.whereis(name)
    }

    /// A reference that no other is equal to.
    pub fn make_reference(&self) -> Reference {
        self.shared.processes.make_reference()
    }
}

impl Shared {
    /// Tells other processes something, as far as their nodes are connected.
    async fn tell(&self, signals: Vec<Signal>) {
        let mut signals = VecDeque::from(signals);
        while let Some(signal) = signals.pop_front() {
            if self.is_local(&signal.node) {
                signals.extend(self.processes.obey(signal.control, signal.payload, WITHIN));
            } else if let Some(connection) = self.connections.up(&signal.node) {
                // What a connection does not take, it takes with it.
                let _ = connection.answer(signal).await;
            }
        }
    }

    /// Tells another process something; connects to its node if need be.
    async fn send(self: &Arc<Self>, signal: Signal) -> Result<(), Arc<ConnectError>> {
        if self.is_local(&signal.node) {
            self.tell(vec![signal]).await;
            return Ok(());
        }
        let connection: Arc<Connection> = self.connect_unasked(&signal.node).await?;
        connection
            .send(signal)
            .await
            .map_err(|_| Arc::new(ConnectError::Lost))
    }

    /// Tells other processes something, from where nothing can be waited for.
    fn tell_soon(self: &Arc<Self>, signals: Vec<Signal>) {
        if !signals.is_empty() {
            let shared = Arc::clone(self);
            self.spawn_until_stopped(async move { shared.tell(signals).await });
        }
    }

    /// Sees to it that a node can be told something.
    async fn reach_out(self: &Arc<Self>, node: &Atom) -> Result<(), Arc<ConnectError>> {
        if self.is_local(node) {
            return Ok(());
        }
        self.connect_unasked(node).await.map(drop)
    }

    fn is_local(&self, node: &Atom) -> bool {
        node == self.processes.node()
    }

    fn announce(&self, event: NodeEvent) {
        // Nobody needs to listen.
        let _ = self.events.send(event);
    }

    /// Runs something for the node, which does not count as ended before this.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let running = self.tasks.subscribe();
        let task = async move {
            work.await;
            drop(running);
        };
        self.runtime.spawn(task).abort_handle()
    }

    /// Runs something for the node that is left off when the node is to end.
    fn spawn_until_stopped(
        self: &Arc<Self>,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> AbortHandle {
        let shared = Arc::clone(self);
        self.spawn(async move {
            tokio::select! {
                () = work => {}
                () = shared.stopped() => {}
            }
        })
    }

    fn begin_to_stop(&self) {
        self.stop.send_replace(true);
        self.connections.abandon();
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Completes when the node is to end.
    async fn stopped(&self) {
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }
}

/// A number for a challenge, a creation or a name, that nobody can foresee.
fn random() -> Result<u32, getrandom::Error> {
    getrandom::u32()
}
