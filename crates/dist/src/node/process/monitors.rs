//! Monitors, from both ends.

use beamport_term::{Atom, Pid, Reference, Term};

use super::{Lifetime, Processes, Signal, Unwatchable, key};
use crate::control::{Control, Process};

/// Who is monitored.
#[derive(Debug)]
pub(in crate::node) struct Monitored {
    pub(in crate::node) node: Atom,
    pub(in crate::node) process: Process,
}

impl Processes {
    /// Has a process monitor another; with an alias that the monitor is, if there is to be one.
    pub(in crate::node) fn monitor(
        &self,
        pid: &Pid,
        process: Process,
        node: Atom,
        alias: Option<Lifetime>,
    ) -> (Reference, Signal) {
        let reference = self.make_reference();
        let monitored = Monitored {
            node: node.clone(),
            process: process.clone(),
        };
        self.with(pid, |entry| {
            entry.monitors.insert(reference.clone(), monitored)
        });
        if let Some(lifetime) = alias {
            self.remember_alias(pid, reference.clone(), lifetime);
        }
        let control = Control::Monitor {
            from: pid.clone(),
            to: process,
            reference: reference.clone(),
        };
        (reference, Signal::new(pid, node, control, None))
    }

    /// Has a process monitor another no longer; none if it does not.
    pub(in crate::node) fn demonitor(&self, pid: &Pid, reference: &Reference) -> Option<Signal> {
        let monitored = self.take_monitor(pid, reference)?;
        let control = Control::Demonitor {
            from: pid.clone(),
            to: monitored.process,
            reference: reference.clone(),
        };
        Some(Signal::new(pid, monitored.node, control, None))
    }

    /// False if the process does not monitor by this reference.
    pub(in crate::node) fn forget_monitor(&self, pid: &Pid, reference: &Reference) -> bool {
        self.take_monitor(pid, reference).is_some()
    }

    /// Forgets a monitor, and with it the alias that it is.
    fn take_monitor(&self, pid: &Pid, reference: &Reference) -> Option<Monitored> {
        let mut table = self.table();
        let entry = table.entries.get_mut(&key(pid))?;
        let monitored = entry.monitors.remove(reference)?;
        let alias = entry.aliases.get(reference);
        if alias.is_some_and(Lifetime::ends_with_monitor) {
            entry.aliases.remove(reference);
            table.aliases.remove(reference);
        }
        Some(monitored)
    }

    /// Another process monitors one.
    pub(in crate::node) fn remember_watcher(
        &self,
        watcher: &Pid,
        process: &Process,
        reference: &Reference,
    ) -> Result<(), Unwatchable> {
        let most = self.limits.watchers_of_peer;
        let mut table = self.table();
        let found = table.find(process).map(|entry| key(&entry.pid));
        let watched = found.ok_or(Unwatchable::NoProcess)?;
        if table.watched.contains_key(reference) {
            return Ok(());
        }
        if !table.hold(&watcher.node, most) {
            return Err(Unwatchable::TooMany);
        }
        if let Some(entry) = table.entries.get_mut(&watched) {
            let watch = (watcher.clone(), process.clone());
            entry.watchers.insert(reference.clone(), watch);
            table.watched.insert(reference.clone(), watched);
        }
        Ok(())
    }

    /// Another process monitors one no longer.
    pub(in crate::node) fn forget_watcher(&self, reference: &Reference) {
        let mut table = self.table();
        let Some(watched) = table.watched.remove(reference) else {
            return;
        };
        let entry = table.entries.get_mut(&watched);
        if let Some((watcher, _)) = entry.and_then(|entry| entry.watchers.remove(reference)) {
            table.release(&watcher.node);
        }
    }
}

/// The signal that a monitored process has exited.
pub(super) fn down(
    sender: &Pid,
    from: Process,
    to: Pid,
    reference: Reference,
    reason: Term,
) -> Signal {
    let node = to.node.clone();
    let control = Control::MonitorExit {
        from,
        to,
        reference,
        reason: Some(reason),
    };
    Signal::new(sender, node, control, None)
}
