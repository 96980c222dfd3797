//! The processes of a node: who they are, what they are called, who watches them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use beamport_term::{Atom, Pid, Reference, Term, atom};
use tokio::sync::mpsc::{self, error::TrySendError};

use super::Received;
use super::spawn::PendingSpawn;
use crate::control::{Control, Process};

/// All processes of a node.
///
/// What changes here may have to be told to other nodes: such functions return the signals to be sent.
#[derive(Debug)]
pub(super) struct Processes {
    node: Atom,
    creation: u32,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// How many pids have been given out.
    pids: u64,
    /// How many references and the like have been made.
    numbers: u64,
    entries: HashMap<(u32, u32), Entry>,
    names: HashMap<Atom, Pid>,
}

#[derive(Debug)]
pub(super) struct Entry {
    pid: Pid,
    inbox: mpsc::Sender<Received>,
    /// The name it is registered by.
    name: Option<Atom>,
    /// Processes of other nodes that are linked with it.
    pub(super) links: HashSet<Pid>,
    /// What it monitors in other nodes.
    pub(super) monitors: HashMap<Reference, Monitored>,
    /// The processes it has asked other nodes for.
    pub(super) spawns: HashMap<Reference, PendingSpawn>,
    /// Who monitors it from other nodes, and by what.
    watchers: HashMap<Reference, (Pid, Process)>,
}

#[derive(Debug)]
pub(super) struct Monitored {
    pub(super) node: Atom,
    pub(super) process: Process,
}

/// A signal to another node.
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
    pub(super) fn new(node: Atom, creation: u32) -> Self {
        Self {
            node,
            creation,
            table: Mutex::default(),
        }
    }

    pub(super) fn node(&self) -> &Atom {
        &self.node
    }

    /// Starts a process whose inbox is the other end of `inbox`.
    pub(super) fn start(&self, inbox: mpsc::Sender<Received>) -> Pid {
        let mut table = self.table();
        table.pids += 1;
        let pid = Pid {
            node: self.node.clone(),
            // The 28 bits that OTP 23 takes, and 13 of the serial.
            id: (table.pids & 0x0FFF_FFFF) as u32,
            serial: (table.pids >> 28 & 0x1FFF) as u32,
            creation: self.creation,
        };
        let entry = Entry {
            pid: pid.clone(),
            inbox,
            name: None,
            links: HashSet::new(),
            monitors: HashMap::new(),
            spawns: HashMap::new(),
            watchers: HashMap::new(),
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
        if let Some(name) = &entry.name {
            table.names.remove(name);
        }
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
        let downs = entry
            .watchers
            .into_iter()
            .map(|(reference, (to, from))| down(pid, from, to, reference, reason.clone()));
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

    /// Has a process monitor another.
    pub(super) fn monitor(&self, pid: &Pid, process: Process, node: Atom) -> (Reference, Signal) {
        let reference = self.make_reference();
        let monitored = Monitored {
            node: node.clone(),
            process: process.clone(),
        };
        self.with(pid, |entry| {
            entry.monitors.insert(reference.clone(), monitored)
        });
        let control = Control::Monitor {
            from: pid.clone(),
            to: process,
            reference: reference.clone(),
        };
        (reference, Signal::new(pid, node, control, None))
    }

    /// Has a process monitor another no longer; none if it does not.
    pub(super) fn demonitor(&self, pid: &Pid, reference: &Reference) -> Option<Signal> {
        let monitored = self.with(pid, |entry| entry.monitors.remove(reference))??;
        let control = Control::Demonitor {
            from: pid.clone(),
            to: monitored.process,
            reference: reference.clone(),
        };
        Some(Signal::new(pid, monitored.node, control, None))
    }

    /// Links a process with one of another node; none if it is.
    pub(super) fn link(&self, pid: &Pid, to: &Pid) -> Option<Signal> {
        let (from, to, node) = (pid.clone(), to.clone(), to.node.clone());
        self.with(pid, |entry| entry.links.insert(to.clone()))?
            .then(|| Signal::new(pid, node, Control::Link { from, to }, None))
    }

    /// Undoes a link; none if there is none. From here on the other process's exit means nothing to this one.
    pub(super) fn unlink(&self, pid: &Pid, to: &Pid) -> Option<Signal> {
        let id = self.make_number();
        let (from, to, node) = (pid.clone(), to.clone(), to.node.clone());
        self.forget_link(pid, &to)
            .then(|| Signal::new(pid, node, Control::UnlinkId { id, from, to }, None))
    }

    /// Puts something into a process's inbox. A process whose inbox is full ends: it would hold up all others of
    /// its connection.
    pub(super) fn deliver(&self, pid: &Pid, received: Received) -> Vec<Signal> {
        let inbox = self.table().entries.get(&key(pid)).map(|e| e.inbox.clone());
        match inbox.map(|inbox| inbox.try_send(received)) {
            Some(Err(TrySendError::Full(_))) => {
                tracing::warn!(pid = %Term::from(pid.clone()), "a process that does not read its messages ends");
                self.end(pid, &Term::from(atom!("system_limit")))
            }
            _ => Vec::new(),
        }
    }

    /// The process of this name.
    pub(super) fn whereis(&self, name: &Atom) -> Option<Pid> {
        self.table().names.get(name).cloned()
    }

    /// A node is gone, and with it all its processes.
    pub(super) fn node_down(&self, node: &Atom) -> Vec<Signal> {
        let noconnection = || Term::from(atom!("noconnection"));
        let mut lost = Vec::new();
        for entry in self.table().entries.values_mut() {
            entry
                .watchers
                .retain(|_, (watcher, _)| watcher.node != *node);
            // Those who wait for the answer are told by that.
            entry.spawns.retain(|_, spawn| spawn.node != *node);
            let gone = |pid: &Pid| pid.node == *node;
            for from in entry.links.extract_if(gone) {
                let reason = noconnection();
                lost.push((entry.pid.clone(), Received::Exit { from, reason }));
            }
            for (reference, monitored) in entry.monitors.extract_if(|_, m| m.node == *node) {
                let down = Received::Down {
                    reference,
                    process: monitored.process,
                    reason: noconnection(),
                };
                lost.push((entry.pid.clone(), down));
            }
        }
        lost.into_iter()
            .flat_map(|(pid, received)| self.deliver(&pid, received))
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

    /// False if there is no such process.
    pub(super) fn remember_link(&self, pid: &Pid, with: &Pid) -> bool {
        self.with(pid, |entry| entry.links.insert(with.clone()))
            .is_some()
    }

    /// False if there was no such link.
    pub(super) fn forget_link(&self, pid: &Pid, with: &Pid) -> bool {
        self.with(pid, |entry| entry.links.remove(with)) == Some(true)
    }

    /// False if there is no such process.
    pub(super) fn remember_watcher(
        &self,
        watcher: &Pid,
        process: &Process,
        reference: &Reference,
    ) -> bool {
        let mut table = self.table();
        let Some(entry) = table.find(process) else {
            return false;
        };
        let watch = (watcher.clone(), process.clone());
        entry.watchers.insert(reference.clone(), watch);
        true
    }

    pub(super) fn forget_watcher(&self, process: &Process, reference: &Reference) {
        if let Some(entry) = self.table().find(process) {
            entry.watchers.remove(reference);
        }
    }

    /// False if the process does not monitor by this reference.
    pub(super) fn forget_monitor(&self, pid: &Pid, reference: &Reference) -> bool {
        self.with(pid, |entry| entry.monitors.remove(reference).is_some()) == Some(true)
    }

    /// Ends all processes, and tells nobody.
    pub(super) fn end_all(&self) {
        let mut table = self.table();
        table.names.clear();
        table.entries.clear();
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
}

fn key(pid: &Pid) -> (u32, u32) {
    (pid.id, pid.serial)
}

/// The signal that a monitored process has exited.
fn down(sender: &Pid, from: Process, to: Pid, reference: Reference, reason: Term) -> Signal {
    let node = to.node.clone();
    let control = Control::MonitorExit {
        from,
        to,
        reference,
        reason: Some(reason),
    };
    Signal::new(sender, node, control, None)
}
