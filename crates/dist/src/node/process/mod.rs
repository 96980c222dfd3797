//! The processes of a node: who they are, what they are called, who watches them.
//!
//! What changes here may have to be told to other processes, of this node or of others: such functions return the
//! signals to be sent.

mod aliases;
mod links;
mod monitors;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use beamport_term::{Atom, Pid, Reference, Term, atom};

use super::inbox::{Inbox, Item};
use super::spawn::PendingSpawn;
use super::{Received, WITHIN};
use crate::control::{Control, Process};

pub(super) use aliases::Lifetime;
pub(super) use monitors::Monitored;

/// All processes of a node.
#[derive(Debug)]
pub(super) struct Processes {
    node: Atom,
    creation: u32,
    limits: ProcessLimits,
    table: Mutex<Table>,
}

/// How many of what there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessLimits {
    /// The most mailboxes at a time; one beyond that has ended before it begins. Default: 262144, as in the VM
    /// (`+P`). Each takes about 1 KiB, more with what waits in it.
    pub mailboxes: usize,
    /// The most links and monitors at a time that another node's processes have with mailboxes of this one. Who
    /// asks for more is told `system_limit`. Default: 1048576, about 256 MiB. As a rule far more than there are
    /// processes in the peer that have to do with this node.
    pub watchers_of_peer: usize,
}

impl Default for ProcessLimits {
    fn default() -> Self {
        Self {
            mailboxes: 1 << 18,
            watchers_of_peer: 1 << 20,
        }
    }
}

#[derive(Debug, Default)]
struct Table {
    /// How many pids have been given out.
    pids: u64,
    /// How many references and the like have been made.
    numbers: u64,
    entries: HashMap<Key, Entry>,
    names: HashMap<Atom, Pid>,
    /// Whose aliases there are.
    aliases: HashMap<Reference, Key>,
    /// Who is monitored by which monitors of others.
    watched: HashMap<Reference, Key>,
    /// How many links and monitors each node has with processes of this one.
    held: HashMap<Atom, usize>,
}

/// What tells a process of this node from others.
type Key = (u32, u32, u32);

#[derive(Debug)]
pub(super) struct Entry {
    pid: Pid,
    inbox: Inbox,
    /// The name it is registered by.
    name: Option<Atom>,
    /// Processes that are linked with it.
    pub(super) links: HashSet<Pid>,
    /// What it monitors.
    pub(super) monitors: HashMap<Reference, Monitored>,
    /// The processes it has asked other nodes for.
    pub(super) spawns: HashMap<Reference, PendingSpawn>,
    /// Who monitors it, by what and as what.
    watchers: HashMap<Reference, (Pid, Process)>,
    /// By what else it can be sent to, and for how long.
    aliases: HashMap<Reference, Lifetime>,
}

/// What keeps a process from being linked with or monitored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unwatchable {
    /// There is no such process.
    NoProcess,
    /// The other node has [too many](ProcessLimits::watchers_of_peer).
    TooMany,
}

impl Unwatchable {
    /// As who asked is told.
    pub(super) fn reason(self) -> Term {
        Term::from(match self {
            Self::NoProcess => atom!("noproc"),
            Self::TooMany => atom!("system_limit"),
        })
    }
}

/// A signal to another process.
#[derive(Debug)]
pub(super) struct Signal {
    pub(super) node: Atom,
    /// The number of the sender, whose signals keep their order.
    pub(super) sender: u64,
    pub(super) control: Control,
    pub(super) payload: Option<Term>,
}

impl Signal {
    pub(super) fn new(from: &Pid, node: Atom, control: Control, payload: Option<Term>) -> Self {
        Self {
            node,
            sender: u64::from(from.serial) << 32 | u64::from(from.id),
            control,
            payload,
        }
    }
}

impl Processes {
    pub(super) fn new(node: Atom, creation: u32, limits: ProcessLimits) -> Self {
        Self {
            node,
            creation,
            limits,
            table: Mutex::default(),
        }
    }

    pub(super) fn node(&self) -> &Atom {
        &self.node
    }

    /// Starts a process with an inbox. It ends at once if there are too many.
    pub(super) fn start(&self, inbox: Inbox) -> Pid {
        let mut table = self.table();
        table.pids += 1;
        let pid = Pid {
            node: self.node.clone(),
            // The 28 bits that OTP 23 takes, and 13 of the serial.
            id: (table.pids & 0x0FFF_FFFF) as u32,
            serial: (table.pids >> 28 & 0x1FFF) as u32,
            creation: self.creation,
        };
        if table.entries.len() >= self.limits.mailboxes {
            tracing::warn!("there are too many mailboxes: a new one ends at once");
            return pid;
        }
        let entry = Entry {
            pid: pid.clone(),
            inbox,
            name: None,
            links: HashSet::new(),
            monitors: HashMap::new(),
            spawns: HashMap::new(),
            watchers: HashMap::new(),
            aliases: HashMap::new(),
        };
        table.entries.insert(key(&pid), entry);
        pid
    }

    /// Ends a process.
    pub(super) fn end(&self, pid: &Pid, reason: &Term) -> Vec<Signal> {
        let mut table = self.table();
        let Some(entry) = table.entries.remove(&key(pid)) else {
            return Vec::new();
        };
        table.forget(&entry);
        drop(table);
        let exits = entry.links.into_iter().map(|to| {
            let node = to.node.clone();
            let control = Control::Exit {
                from: pid.clone(),
                to,
                token: None,
                reason: Some(reason.clone()),
            };
            Signal::new(pid, node, control, None)
        });
        let downs = entry.watchers.into_iter().map(|(reference, (to, from))| {
            monitors::down(pid, from, to, reference, reason.clone())
        });
        let demonitors = entry.monitors.into_iter().map(|(reference, monitored)| {
            let control = Control::Demonitor {
                from: pid.clone(),
                to: monitored.process,
                reference,
            };
            Signal::new(pid, monitored.node, control, None)
        });
        exits.chain(downs).chain(demonitors).collect()
    }

    /// Gives a process a name; false if another has it, or the process has one.
    pub(super) fn register(&self, pid: &Pid, name: Atom) -> bool {
        let mut table = self.table();
        if table.names.contains_key(&name) {
            return false;
        }
        let Some(entry) = table.entries.get_mut(&key(pid)) else {
            return false;
        };
        if entry.name.is_some() {
            return false;
        }
        entry.name = Some(name.clone());
        table.names.insert(name, pid.clone());
        true
    }

    /// Takes a process's name from it; none if it has none.
    pub(super) fn unregister(&self, pid: &Pid) -> Option<Atom> {
        let mut table = self.table();
        let name = table.entries.get_mut(&key(pid))?.name.take()?;
        table.names.remove(&name);
        Some(name)
    }

    /// The process of this name.
    pub(super) fn whereis(&self, name: &Atom) -> Option<Pid> {
        self.table().names.get(name).cloned()
    }

    pub(super) fn make_reference(&self) -> Reference {
        let number = self.make_number();
        // The first word has 18 bits everywhere.
        let words = [
            (number & 0x3_FFFF) as u32,
            (number >> 18 & 0xFFFF_FFFF) as u32,
            (number >> 50) as u32,
        ];
        Reference::new(self.node.clone(), self.creation, words)
            .expect("three words are a reference")
    }

    fn make_number(&self) -> u64 {
        let mut table = self.table();
        table.numbers += 1;
        table.numbers
    }

    /// Puts something of so many bytes into a process's inbox. A process whose inbox is full ends.
    pub(super) fn deliver(&self, pid: &Pid, received: Received, bytes: usize) -> Vec<Signal> {
        let inbox = self.table().entries.get(&key(pid)).map(|e| e.inbox.clone());
        match inbox.map(|inbox| inbox.try_put(Item { received, bytes })) {
            Some(Err(_)) => self.end_full(&Process::Pid(pid.clone())),
            _ => Vec::new(),
        }
    }

    /// The inbox of a process, if there is such a process.
    pub(super) fn inbox(&self, process: &Process) -> Option<Inbox> {
        let mut table = self.table();
        table.find(process).map(|entry| entry.inbox.clone())
    }

    /// Ends a process whose inbox is full.
    pub(super) fn end_full(&self, process: &Process) -> Vec<Signal> {
        let pid = self.table().find(process).map(|entry| entry.pid.clone());
        let Some(pid) = pid else {
            return Vec::new();
        };
        tracing::warn!(
            pid = %Term::from(pid.clone()),
            "a process of this node that does not read its messages ends"
        );
        self.end(&pid, &Term::from(atom!("system_limit")))
    }

    /// A node is gone, and with it all its processes.
    pub(super) fn node_down(&self, node: &Atom) -> Vec<Signal> {
        let noconnection = || Term::from(atom!("noconnection"));
        let mut lost = Vec::new();
        let mut table = self.table();
        let Table {
            entries,
            aliases,
            watched,
            held,
            ..
        } = &mut *table;
        held.remove(node);
        for entry in entries.values_mut() {
            entry.watchers.retain(|reference, (watcher, _)| {
                let stays = watcher.node != *node;
                if !stays {
                    watched.remove(reference);
                }
                stays
            });
            // Those who wait for the answer are told by that.
            entry.spawns.retain(|_, spawn| spawn.node != *node);
            let gone = |pid: &Pid| pid.node == *node;
            for from in entry.links.extract_if(gone) {
                let reason = noconnection();
                lost.push((entry.pid.clone(), Received::Exit { from, reason }));
            }
            for (reference, monitored) in entry.monitors.extract_if(|_, m| m.node == *node) {
                if entry
                    .aliases
                    .get(&reference)
                    .is_some_and(Lifetime::ends_with_monitor)
                {
                    entry.aliases.remove(&reference);
                    aliases.remove(&reference);
                }
                let down = Received::Down {
                    reference,
                    process: monitored.process,
                    reason: noconnection(),
                };
                lost.push((entry.pid.clone(), down));
            }
        }
        drop(table);
        lost.into_iter()
            .flat_map(|(pid, received)| self.deliver(&pid, received, WITHIN))
            .collect()
    }

    /// Who sends what no process sends.
    pub(super) fn nobody(&self) -> Pid {
        Pid {
            node: self.node.clone(),
            id: 0,
            serial: 0,
            creation: self.creation,
        }
    }

    /// Changes what is known of a process; none if there is no such process.
    pub(super) fn with<R>(&self, pid: &Pid, change: impl FnOnce(&mut Entry) -> R) -> Option<R> {
        self.table().entries.get_mut(&key(pid)).map(change)
    }

    /// Ends all processes, and tells nobody.
    pub(super) fn end_all(&self) {
        let mut table = self.table();
        *table = Table {
            pids: table.pids,
            numbers: table.numbers,
            ..Table::default()
        };
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn find(&mut self, process: &Process) -> Option<&mut Entry> {
        let key = match process {
            Process::Pid(pid) => key(pid),
            Process::Name(name) => key(self.names.get(name)?),
        };
        self.entries.get_mut(&key)
    }

    /// Forgets all that leads to a process that has ended.
    fn forget(&mut self, entry: &Entry) {
        if let Some(name) = &entry.name {
            self.names.remove(name);
        }
        for alias in entry.aliases.keys() {
            self.aliases.remove(alias);
        }
        for (reference, (watcher, _)) in &entry.watchers {
            self.watched.remove(reference);
            self.release(&watcher.node);
        }
        for link in &entry.links {
            self.release(&link.node);
        }
    }

    /// Counts a link or monitor of a node; false if it has as many as it may.
    fn hold(&mut self, node: &Atom, most: usize) -> bool {
        let held = self.held.entry(node.clone()).or_default();
        let fits = *held < most;
        *held += usize::from(fits);
        fits
    }

    fn release(&mut self, node: &Atom) {
        if let Some(held) = self.held.get_mut(node) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                self.held.remove(node);
            }
        }
    }
}

fn key(pid: &Pid) -> Key {
    (pid.id, pid.serial, pid.creation)
}
