//! Aliases: references by which a process can be sent to, until it takes them back.

use beamport_term::{Pid, Reference, Term};

use super::{Processes, Signal, key};
use crate::node::Received;

/// How long an alias lives. All end with [`unalias`](Processes::unalias), and with the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Lifetime {
    /// No shorter.
    Explicit,
    /// Until something is sent by it.
    Reply,
    /// As long as the monitor that it is.
    Monitor,
    /// As long as the monitor that it is, which ends when something is sent by it.
    MonitorOrReply,
}

impl Lifetime {
    pub(super) fn ends_with_monitor(&self) -> bool {
        matches!(self, Self::Monitor | Self::MonitorOrReply)
    }
}

impl Processes {
    /// Gives a process an alias.
    pub(in crate::node) fn alias(&self, pid: &Pid, lifetime: Lifetime) -> Reference {
        let alias = self.make_reference();
        self.remember_alias(pid, alias.clone(), lifetime);
        alias
    }

    pub(super) fn remember_alias(&self, pid: &Pid, alias: Reference, lifetime: Lifetime) {
        let mut table = self.table();
        if let Some(entry) = table.entries.get_mut(&key(pid)) {
            entry.aliases.insert(alias.clone(), lifetime);
            table.aliases.insert(alias, key(pid));
        }
    }

    /// Takes an alias back; false if the process has none by this reference.
    pub(in crate::node) fn unalias(&self, pid: &Pid, alias: &Reference) -> bool {
        let mut table = self.table();
        let entry = table.entries.get_mut(&key(pid));
        let had = entry.is_some_and(|entry| entry.aliases.remove(alias).is_some());
        if had {
            table.aliases.remove(alias);
        }
        had
    }

    /// The process of this alias.
    pub(in crate::node) fn of_alias(&self, alias: &Reference) -> Option<Pid> {
        let table = self.table();
        let entry = table.entries.get(table.aliases.get(alias)?)?;
        Some(entry.pid.clone())
    }

    /// Delivers a message of so many bytes by an alias, which that may be the end of. Without such an alias it is dropped.
    pub(in crate::node) fn deliver_by_alias(
        &self,
        alias: &Reference,
        message: Term,
        bytes: usize,
    ) -> Vec<Signal> {
        let Some((pid, lifetime)) = self.find_alias(alias) else {
            return Vec::new();
        };
        let demonitor = match lifetime {
            Lifetime::Explicit | Lifetime::Monitor => None,
            Lifetime::Reply => {
                self.unalias(&pid, alias);
                None
            }
            Lifetime::MonitorOrReply => self.demonitor(&pid, alias),
        };
        let mut signals = self.deliver(&pid, Received::Message(message), bytes);
        signals.extend(demonitor);
        signals
    }

    fn find_alias(&self, alias: &Reference) -> Option<(Pid, Lifetime)> {
        let table = self.table();
        let entry = table.entries.get(table.aliases.get(alias)?)?;
        let lifetime = entry.aliases.get(alias)?;
        Some((entry.pid.clone(), *lifetime))
    }
}
