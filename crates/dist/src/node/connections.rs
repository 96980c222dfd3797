//! Which nodes are connected, and which are about to be.
//!
//! For each node there is one connection or one attempt, whoever began it; those who want to send wait for the
//! attempt. Where both sides begin at once, the handshake says which attempt stays.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use beamport_term::Atom;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::progress::Progress;
use super::stream::Stream;
use super::{AutoConnect, ConnectError, Connection, DownReason, Observer, Shared};
use crate::FullName;
use crate::handshake::{Established, HandshakeError, Refusal};

type Outcome = Result<Arc<Connection>, Arc<ConnectError>>;

/// How often it is waited for attempts of others before a connection is not to be had.
const TRIES: usize = 4;

/// How many nodes are remembered that were connected, where that matters: with names that peers are given anew each
/// time there is no end of them.
const LOST: usize = 1 << 16;

/// All connections of a node.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    attempts: u64,
    states: HashMap<Atom, State>,
    /// The nodes that were connected, if that matters.
    lost: HashSet<Atom>,
}

#[derive(Debug)]
enum State {
    Pending {
        attempt: Attempt,
        outcome: watch::Sender<Option<Outcome>>,
        /// The task that dials, unless it is the peer that does.
        dial: Option<AbortHandle>,
    },
    Up(Arc<Connection>),
}

/// An attempt to connect, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt(u64);

/// How things stand with a node that dials this one.
#[derive(Debug)]
pub(super) enum Standing {
    /// There was nothing yet; this is its attempt.
    New(Attempt),
    /// There is another attempt.
    Pending,
    /// It is connected.
    Up,
}

impl Connections {
    /// The connection to a node, if it stands.
    pub(super) fn up(&self, peer: &Atom) -> Option<Arc<Connection>> {
        match self.table().states.get(peer) {
            Some(State::Up(connection)) => Some(Arc::clone(connection)),
            _ => None,
        }
    }

    /// The nodes that are connected.
    pub(super) fn peers(&self) -> Vec<FullName> {
        let table = self.table();
        let up = table.states.values().filter_map(|state| match state {
            State::Up(connection) => Some(connection.peer().clone()),
            State::Pending { .. } => None,
        });
        up.collect()
    }

    /// How many there are, with those that are about to be.
    pub(super) fn len(&self) -> usize {
        self.table().states.len()
    }

    /// Whether a node is connected, or about to be.
    pub(super) fn knows(&self, peer: &Atom) -> bool {
        self.table().states.contains_key(peer)
    }

    /// A node dials this one.
    pub(super) fn dialled_by(&self, peer: &Atom) -> Standing {
        let mut table = self.table();
        match table.states.get(peer) {
            Some(State::Pending { .. }) => Standing::Pending,
            Some(State::Up(_)) => Standing::Up,
            None => Standing::New(table.begin(peer)),
        }
    }

    /// A node that dials this one goes before the attempt that there is, which ends.
    pub(super) fn give_way(&self, peer: &Atom) -> Attempt {
        let mut table = self.table();
        let next = table.number();
        match table.states.get_mut(peer) {
            Some(State::Pending { attempt, dial, .. }) => {
                *attempt = next;
                if let Some(dial) = dial.take() {
                    dial.abort();
                }
                next
            }
            // What has come about in the meantime stays.
            Some(State::Up(_)) => next,
            None => table.begin(peer),
        }
    }

    /// This node's attempt has failed. If it is not the one that counts, nothing comes of that.
    pub(super) fn fail(&self, peer: &Atom, attempt: Attempt, error: ConnectError) {
        if let Some(outcome) = self.take(peer, attempt) {
            outcome.send_replace(Some(Err(Arc::new(error))));
        }
    }

    /// A peer's attempt has failed. Those who wait for it try for themselves: who it was is not known.
    pub(super) fn withdraw(&self, peer: &Atom, attempt: Attempt) {
        drop(self.take(peer, attempt));
    }

    fn take(&self, peer: &Atom, taken: Attempt) -> Option<watch::Sender<Option<Outcome>>> {
        let mut table = self.table();
        let Entry::Occupied(entry) = table.states.entry(peer.clone()) else {
            return None;
        };
        if !matches!(entry.get(), State::Pending { attempt, .. } if *attempt == taken) {
            return None;
        }
        match entry.remove() {
            State::Pending { outcome, .. } => Some(outcome),
            State::Up(_) => None,
        }
    }

    /// Nothing comes of any attempt any more.
    pub(super) fn abandon(&self) {
        let up = |_: &Atom, state: &mut State| matches!(state, State::Up(_));
        self.table().states.retain(up);
    }

    /// A connection is gone, which is to be remembered or not. Whether it was the node's, and not one whose place
    /// another has taken.
    pub(super) fn remove(&self, peer: &Atom, gone: &Arc<Connection>, remember: bool) -> bool {
        let mut table = self.table();
        let current = matches!(table.states.get(peer), Some(State::Up(c)) if Arc::ptr_eq(c, gone));
        if current {
            table.states.remove(peer);
            if remember && table.lost.len() < LOST {
                table.lost.insert(peer.clone());
            }
        }
        current
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn number(&mut self) -> Attempt {
        self.attempts += 1;
        Attempt(self.attempts)
    }

    fn begin(&mut self, peer: &Atom) -> Attempt {
        let attempt = self.number();
        let state = State::Pending {
            attempt,
            outcome: watch::Sender::new(None),
            dial: None,
        };
        self.states.insert(peer.clone(), state);
        attempt
    }
}

impl Shared {
    /// The connection to a node; one is made if there is none.
    pub(super) async fn connect(self: &Arc<Self>, peer: &Atom) -> Outcome {
        self.connect_observed(peer, None).await
    }

    /// The connection to a node; one is made if there is none and the configuration says so.
    pub(super) async fn connect_unasked(self: &Arc<Self>, peer: &Atom) -> Outcome {
        let dials = match self.config.auto_connect {
            AutoConnect::Always => true,
            AutoConnect::Once => !self.connections.table().lost.contains(peer),
            AutoConnect::Never => false,
        };
        self.connection(peer, dials, None).await
    }

    /// The connection to a node; one is made if there is none, with somebody looking on if it is this node that
    /// dials.
    pub(super) async fn connect_observed(
        self: &Arc<Self>,
        peer: &Atom,
        observer: Option<Box<dyn Observer>>,
    ) -> Outcome {
        self.connection(peer, true, observer).await
    }

    async fn connection(
        self: &Arc<Self>,
        peer: &Atom,
        dials: bool,
        mut observer: Option<Box<dyn Observer>>,
    ) -> Outcome {
        // Of what a peer began and did not bring to its end, nothing follows: this node then dials.
        for _ in 0..TRIES {
            if self.is_stopping() {
                break;
            }
            let mut outcome = {
                let mut table = self.connections.table();
                match table.states.get(peer) {
                    Some(State::Up(connection)) => return Ok(Arc::clone(connection)),
                    Some(State::Pending { outcome, .. }) => outcome.subscribe(),
                    None if !dials => {
                        let unwanted = HandshakeError::from(Refusal::Unwanted);
                        return Err(Arc::new(unwanted.into()));
                    }
                    None => self.begin_to_dial(&mut table, peer, observer.take())?,
                }
            };
            if let Ok(outcome) = outcome.wait_for(Option::is_some).await
                && let Some(outcome) = outcome.clone()
            {
                return outcome;
            }
        }
        Err(Arc::new(ConnectError::Lost))
    }

    fn begin_to_dial(
        self: &Arc<Self>,
        table: &mut Table,
        peer: &Atom,
        observer: Option<Box<dyn Observer>>,
    ) -> Result<watch::Receiver<Option<Outcome>>, Arc<ConnectError>> {
        let name: FullName = peer.as_str().parse().map_err(|source| ConnectError::Name {
            name: peer.as_str().to_owned(),
            source,
        })?;
        let attempt = table.begin(peer);
        let (shared, peer) = (Arc::clone(self), peer.clone());
        let key = peer.clone();
        let task = self.spawn(async move {
            let dialled = tokio::select! {
                dialled = shared.dial(&name, Progress::new(observer)) => dialled,
                () = shared.stopped() => Err(ConnectError::Lost),
            };
            match dialled {
                Ok((stream, established)) => shared.establish(attempt, stream, established),
                Err(error) => {
                    tracing::debug!(peer = %name, %error, "cannot connect");
                    shared.connections.fail(&peer, attempt, error);
                }
            }
        });
        match table.states.get_mut(&key) {
            Some(State::Pending { outcome, dial, .. }) => {
                *dial = Some(task);
                Ok(outcome.subscribe())
            }
            _ => Err(Arc::new(ConnectError::Lost)),
        }
    }

    /// An attempt has come to a connection; it is dropped if another attempt is the one that counts.
    pub(super) fn establish(
        self: &Arc<Self>,
        attempt: Attempt,
        stream: Stream,
        established: Established,
    ) {
        let peer = established.peer.name.to_atom();
        let mut table = self.connections.table();
        let counts = matches!(
            table.states.get(&peer),
            Some(State::Pending { attempt: current, .. }) if *current == attempt
        );
        if !counts {
            return;
        }
        // The table stays locked: what ends a connection must not come before what begins it.
        let connection = Connection::start(self, stream, established);
        let up = State::Up(Arc::clone(&connection));
        if let Some(State::Pending { outcome, .. }) = table.states.insert(peer, up) {
            self.announce(connection.is_up());
            outcome.send_replace(Some(Ok(connection)));
        }
    }

    /// A peer has proved itself that takes the place of its older connection.
    pub(super) fn replace(self: &Arc<Self>, stream: Stream, established: Established) {
        let peer = established.peer.name.to_atom();
        // To all who knew the peer by the older connection it is gone.
        // What that makes this node say is said to the peer, which knows.
        drop(self.processes.node_down(&peer));
        let mut table = self.connections.table();
        let connection = Connection::start(self, stream, established);
        let up = State::Up(Arc::clone(&connection));
        match table.states.insert(peer, up) {
            Some(State::Up(old)) => {
                self.announce(old.is_down(DownReason::Replaced));
                old.close();
            }
            Some(State::Pending { outcome, dial, .. }) => {
                if let Some(dial) = dial {
                    dial.abort();
                }
                outcome.send_replace(Some(Ok(Arc::clone(&connection))));
            }
            None => {}
        }
        self.announce(connection.is_up());
    }
}
