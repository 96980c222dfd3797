//! Links.

use beamport_term::Pid;

use super::{Processes, Signal, Unwatchable, key};
use crate::control::Control;

impl Processes {
    /// Links a process with another; none if it is.
    pub(in crate::node) fn link(&self, pid: &Pid, to: &Pid) -> Option<Signal> {
        let (from, to, node) = (pid.clone(), to.clone(), to.node.clone());
        let mut table = self.table();
        let entry = table.entries.get_mut(&key(pid))?;
        let new = entry.links.insert(to.clone());
        if new {
            // What this node asks for is not limited.
            table.hold(&node, usize::MAX);
        }
        new.then(|| Signal::new(pid, node, Control::Link { from, to }, None))
    }

    /// Undoes a link; none if there is none. From here on the other process's exit means nothing to this one.
    pub(in crate::node) fn unlink(&self, pid: &Pid, to: &Pid) -> Option<Signal> {
        let id = self.make_number();
        let (from, to, node) = (pid.clone(), to.clone(), to.node.clone());
        self.forget_link(pid, &to)
            .then(|| Signal::new(pid, node, Control::UnlinkId { id, from, to }, None))
    }

    /// Another process has linked with one.
    pub(in crate::node) fn remember_link(&self, pid: &Pid, with: &Pid) -> Result<(), Unwatchable> {
        let most = self.limits.watchers_of_peer;
        let mut table = self.table();
        let entry = table.entries.get(&key(pid));
        if entry.ok_or(Unwatchable::NoProcess)?.links.contains(with) {
            return Ok(());
        }
        if !table.hold(&with.node, most) {
            return Err(Unwatchable::TooMany);
        }
        if let Some(entry) = table.entries.get_mut(&key(pid)) {
            entry.links.insert(with.clone());
        }
        Ok(())
    }

    /// False if there was no such link.
    pub(in crate::node) fn forget_link(&self, pid: &Pid, with: &Pid) -> bool {
        let mut table = self.table();
        let entry = table.entries.get_mut(&key(pid));
        let linked = entry.is_some_and(|entry| entry.links.remove(with));
        if linked {
            table.release(&with.node);
        }
        linked
    }
}
