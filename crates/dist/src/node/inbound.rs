//! What other nodes have this one do.

use std::time::Duration;

use beamport_term::{Atom, Pid, Reference, Term, atom};
use tokio::time::timeout;

use super::inbox::Item;
use super::process::{Processes, Signal};
use super::{Received, Shared};
use crate::control::{Control, Process, Recipient};

/// How long a connection waits for a mailbox that is full: it holds up all others of the connection.
const FULL_TIME: Duration = Duration::from_secs(1);

impl Shared {
    /// Does what a peer says in so many bytes. Messages wait a little for mailboxes that are full, and with them the peer.
    pub(super) async fn obey(&self, control: Control, payload: Option<Term>, bytes: usize) {
        match (control, payload) {
            (Control::Send { to, .. }, Some(message)) => {
                self.deliver(&Process::Pid(to), message, bytes).await;
            }
            (Control::RegSend { to, .. }, Some(message)) => {
                self.deliver(&Process::Name(to), message, bytes).await;
            }
            (control, payload) => {
                self.tell(self.processes.obey(control, payload, bytes))
                    .await
            }
        }
    }

    async fn deliver(&self, to: &Process, message: Term, bytes: usize) {
        let Some(inbox) = self.processes.inbox(to) else {
            return;
        };
        let received = Received::Message(message);
        if let Err(item) = inbox.try_put(Item { received, bytes })
            && timeout(FULL_TIME, inbox.put(item)).await.is_err()
        {
            self.tell(self.processes.end_full(to)).await;
        }
    }
}

impl Processes {
    /// Does what a peer says in so many bytes, as far as it concerns processes. What is to be said in turn is
    /// returned.
    ///
    /// What has no receiver is dropped, as in a VM.
    pub(super) fn obey(
        &self,
        control: Control,
        payload: Option<Term>,
        bytes: usize,
    ) -> Vec<Signal> {
        match control {
            Control::Send { to, .. } => self.deliver_message(Some(to), payload, bytes),
            Control::RegSend { to, .. } => self.deliver_message(self.whereis(&to), payload, bytes),
            Control::AltAct {
                exit: false, to, ..
            } => match to {
                Recipient::Pid(pid) => self.deliver_message(Some(pid), payload, bytes),
                Recipient::Name(name) => self.deliver_message(self.whereis(&name), payload, bytes),
                Recipient::Alias(alias) => {
                    self.deliver_by_alias(&alias, payload.unwrap_or_default(), bytes)
                }
            },
            Control::AliasSend { to, .. } => {
                self.deliver_by_alias(&to, payload.unwrap_or_default(), bytes)
            }
            Control::AltAct {
                exit: true,
                from,
                to,
                ..
            } => {
                let to = match to {
                    Recipient::Pid(pid) => Some(pid),
                    Recipient::Name(name) => self.whereis(&name),
                    Recipient::Alias(alias) => self.of_alias(&alias),
                };
                to.map(|to| self.exit(&to, from, payload, bytes))
                    .unwrap_or_default()
            }
            Control::Exit2 {
                from,
                to,
                reason: None,
                ..
            } => self.exit(&to, from, payload, bytes),
            Control::Exit2 {
                from, to, reason, ..
            } => self.exit(&to, from, reason, bytes),
            Control::Exit {
                from, to, reason, ..
            } => {
                if self.forget_link(&to, &from) {
                    self.exit(&to, from, reason.or(payload), bytes)
                } else {
                    Vec::new()
                }
            }
            Control::Link { from, to } => self.accept_link(from, to),
            Control::Unlink { from, to } => {
                self.forget_link(&to, &from);
                Vec::new()
            }
            Control::UnlinkId { id, from, to } => {
                self.forget_link(&to, &from);
                let node = from.node.clone();
                let sender = to.clone();
                let ack = Control::UnlinkIdAck {
                    id,
                    from: to,
                    to: from,
                };
                vec![Signal::new(&sender, node, ack, None)]
            }
            Control::Monitor {
                from,
                to,
                reference,
            } => self.accept_monitor(from, to, reference),
            Control::Demonitor { reference, .. } => {
                self.forget_watcher(&reference);
                Vec::new()
            }
            Control::MonitorExit {
                from,
                to,
                reference,
                reason,
            } => {
                if !self.forget_monitor(&to, &reference) {
                    return Vec::new();
                }
                let down = Received::Down {
                    reference,
                    process: from,
                    reason: reason.or(payload).unwrap_or_default(),
                };
                self.deliver(&to, down, bytes)
            }
            Control::SpawnRequest { request, from, .. } => self.refuse_to_spawn(request, from),
            Control::SpawnReply {
                request,
                to,
                linked,
                monitored,
                result,
                ..
            } => self.accept_spawn(&to, request, linked, monitored, result),
            // Processes here have no group leader; links are undone without waiting for acknowledgement.
            Control::GroupLeader { .. } | Control::UnlinkIdAck { .. } => Vec::new(),
        }
    }

    fn deliver_message(&self, to: Option<Pid>, payload: Option<Term>, bytes: usize) -> Vec<Signal> {
        match (to, payload) {
            (Some(to), Some(payload)) => self.deliver(&to, Received::Message(payload), bytes),
            _ => Vec::new(),
        }
    }

    fn exit(&self, to: &Pid, from: Pid, reason: Option<Term>, bytes: usize) -> Vec<Signal> {
        let reason = reason.unwrap_or_default();
        self.deliver(to, Received::Exit { from, reason }, bytes)
    }

    fn accept_link(&self, from: Pid, to: Pid) -> Vec<Signal> {
        let Err(refused) = self.remember_link(&to, &from) else {
            return Vec::new();
        };
        let (node, sender) = (from.node.clone(), to.clone());
        let exit = Control::Exit {
            from: to,
            to: from,
            token: None,
            reason: Some(refused.reason()),
        };
        vec![Signal::new(&sender, node, exit, None)]
    }

    fn accept_monitor(&self, from: Pid, to: Process, reference: Reference) -> Vec<Signal> {
        let Err(refused) = self.remember_watcher(&from, &to, &reference) else {
            return Vec::new();
        };
        let sender = self.nobody();
        let node = from.node.clone();
        let down = Control::MonitorExit {
            from: to,
            to: from,
            reference,
            reason: Some(refused.reason()),
        };
        vec![Signal::new(&sender, node, down, None)]
    }

    /// As a node does that has not offered [`SPAWN`](crate::Flags::SPAWN).
    fn refuse_to_spawn(&self, request: Reference, from: Pid) -> Vec<Signal> {
        let node = from.node.clone();
        let notsup: Atom = atom!("notsup");
        let reply = Control::SpawnReply {
            request,
            to: from,
            linked: false,
            monitored: false,
            result: Process::Name(notsup),
            token: None,
        };
        vec![Signal::new(&self.nobody(), node, reply, None)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::inbox;
    use crate::node::process::{Lifetime, ProcessLimits};

    /// OTP 28 and later send by alias, and exit signals by name or alias, in a way of their own.
    #[test]
    fn what_comes_the_way_of_otp_28_comes_to_the_same() {
        let processes = Processes::new(atom!("us@host"), 7, ProcessLimits::default());
        let (inbox, mut unread) = inbox::open(8, 8);
        let pid = processes.start(inbox);
        processes.register(&pid, atom!("name"));
        let alias = processes.alias(&pid, Lifetime::Reply);
        let peer = || Pid {
            node: atom!("peer@host"),
            ..processes.nobody()
        };
        let mut obey = |exit, to: Recipient, number: i32| {
            let control = Control::AltAct {
                priority: true,
                exit,
                from: peer(),
                to,
                token: None,
            };
            assert!(processes.obey(control, Some(number.into()), 0).is_empty());
            unread.try_next().map(|item| item.received)
        };
        let message = |number: i32| Some(Received::Message(number.into()));
        let exit = |number: i32| {
            let (from, reason) = (peer(), number.into());
            Some(Received::Exit { from, reason })
        };
        let by_name = || Recipient::Name(atom!("name"));
        let by_alias = || Recipient::Alias(alias.clone());
        assert_eq!(obey(false, Recipient::Pid(pid.clone()), 1), message(1));
        assert_eq!(obey(false, by_name(), 2), message(2));
        assert_eq!(obey(true, by_name(), 3), exit(3));
        assert_eq!(obey(true, by_alias(), 4), exit(4));
        assert_eq!(obey(false, by_alias(), 5), message(5));
        assert_eq!(obey(false, by_alias(), 6), None);
        assert_eq!(obey(true, by_alias(), 7), None);
    }
}
