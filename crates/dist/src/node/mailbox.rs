//! Mailboxes: the processes of a node.

use std::sync::Arc;

use beamport_term::{Atom, Pid, Reference, Term, atom};

use super::inbox::{self, Unread};
use super::process::Lifetime;
use super::{Address, ConnectError, NameTaken, Process, Shared, Signal};
use crate::control::Control;

/// A process of a node: who can be sent to, linked with and monitored.
///
/// It ends when it is dropped, with the reason `normal`, or by [`end`](Self::end) with another, when its
/// [inbox](super::Config::inbox) is full, or with its [`Node`](super::Node), which it does not keep from ending.
#[derive(Debug)]
pub struct Mailbox {
    pub(super) shared: Arc<Shared>,
    pid: Pid,
    pub(super) unread: Unread,
}

/// How long the alias lives that a monitor is, unless it is [taken back](Mailbox::unalias) before; as the option
/// `alias` of `erlang:monitor/3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MonitorAlias {
    /// Until it is taken back. (`explicit_unalias`)
    Explicit,
    /// Until the monitor ends. (`demonitor`)
    Demonitor,
    /// Until the monitor ends, which it does with the first message that comes by the alias. (`reply_demonitor`)
    ReplyDemonitor,
}

/// What comes into a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A message.
    Message(Term),
    /// An exit signal: a linked process has exited, or any process wants this one to. As if exits were trapped,
    /// it is up to the owner of the mailbox what comes of it.
    Exit {
        /// Who has exited, or wants this one to.
        from: Pid,
        /// Why; `noconnection` if its node is gone.
        reason: Term,
    },
    /// A monitored process has exited, or was not there.
    Down {
        /// The monitor.
        reference: Reference,
        /// Who was monitored, as it was.
        process: Process,
        /// Why; `noproc` if it was not there, `noconnection` if its node is gone.
        reason: Term,
    },
}

impl Mailbox {
    pub(super) fn open(shared: &Arc<Shared>) -> Self {
        let config = &shared.config;
        let (inbox, unread) = inbox::open(config.inbox, config.inbox_bytes);
        Self {
            pid: shared.processes.start(inbox),
            shared: Arc::clone(shared),
            unread,
        }
    }

    /// The pid of this mailbox.
    pub fn pid(&self) -> &Pid {
        &self.pid
    }

    /// Gives the mailbox a name, by which it can be sent to from other nodes.
    pub fn register(&self, name: Atom) -> Result<(), NameTaken> {
        if self.shared.processes.register(&self.pid, name.clone()) {
            Ok(())
        } else {
            Err(NameTaken(name))
        }
    }

    /// Takes the name from the mailbox; none if it has none.
    pub fn unregister(&self) -> Option<Atom> {
        self.shared.processes.unregister(&self.pid)
    }

    /// Gives the mailbox an alias: a reference by which it can be [sent to](Self::send_by_alias) until it takes that
    /// back. Who answers by an alias does so in vain once the answer is not wanted any more.
    pub fn alias(&self) -> Reference {
        let processes = &self.shared.processes;
        processes.alias(&self.pid, Lifetime::Explicit)
    }

    /// Gives the mailbox an alias for one message.
    pub fn alias_for_reply(&self) -> Reference {
        let processes = &self.shared.processes;
        processes.alias(&self.pid, Lifetime::Reply)
    }

    /// Takes an alias back: nothing comes by it from here on, but something may have come. False if it is no alias
    /// of this mailbox any more.
    pub fn unalias(&self, alias: &Reference) -> bool {
        self.shared.processes.unalias(&self.pid, alias)
    }

    /// What comes next; none once the mailbox has ended, because it was full or with its node. Cancel safe.
    pub async fn receive(&mut self) -> Option<Received> {
        self.unread.receive().await
    }

    /// Sends a message. As in Erlang, nothing tells whether somebody receives it; an error tells that its node
    /// cannot be reached. Waits while the connection is busy.
    pub async fn send(&self, to: &Address, message: Term) -> Result<(), Arc<ConnectError>> {
        let control = match to {
            Address::Pid(pid) => Control::Send {
                from: None,
                to: pid.clone(),
                token: None,
            },
            Address::Name(name, _) => Control::RegSend {
                from: self.pid.clone(),
                to: name.clone(),
                token: None,
            },
        };
        let signal = Signal::new(&self.pid, to.node().clone(), control, Some(message));
        self.shared.send(signal).await
    }

    /// Sends a message by an alias: to the process that has given it out, unless it has taken it back.
    pub async fn send_by_alias(
        &self,
        to: &Reference,
        message: Term,
    ) -> Result<(), Arc<ConnectError>> {
        let control = Control::AliasSend {
            from: self.pid.clone(),
            to: to.clone(),
            token: None,
        };
        let signal = Signal::new(&self.pid, to.node().clone(), control, Some(message));
        self.shared.send(signal).await
    }

    /// Monitors a process: a [`Received::Down`] will tell when it exits.
    pub async fn monitor(&self, address: &Address) -> Result<Reference, Arc<ConnectError>> {
        self.monitor_as(address, None).await
    }

    /// Monitors a process by a reference that is an alias of this mailbox too: by what it answers, and by what its
    /// end is told.
    pub async fn monitor_with_alias(
        &self,
        address: &Address,
        alias: MonitorAlias,
    ) -> Result<Reference, Arc<ConnectError>> {
        let lifetime = match alias {
            MonitorAlias::Explicit => Lifetime::Explicit,
            MonitorAlias::Demonitor => Lifetime::Monitor,
            MonitorAlias::ReplyDemonitor => Lifetime::MonitorOrReply,
        };
        self.monitor_as(address, Some(lifetime)).await
    }

    async fn monitor_as(
        &self,
        address: &Address,
        alias: Option<Lifetime>,
    ) -> Result<Reference, Arc<ConnectError>> {
        let node = address.node().clone();
        self.shared.reach_out(&node).await?;
        let processes = &self.shared.processes;
        let (reference, signal) = processes.monitor(&self.pid, address.process(), node, alias);
        match self.shared.send(signal).await {
            Ok(()) => Ok(reference),
            Err(error) => {
                processes.forget_monitor(&self.pid, &reference);
                processes.unalias(&self.pid, &reference);
                Err(error)
            }
        }
    }

    /// Monitors a process no longer. A [`Received::Down`] may have come by then.
    pub async fn demonitor(&self, reference: &Reference) {
        let signal = self.shared.processes.demonitor(&self.pid, reference);
        self.shared.tell(signal.into_iter().collect()).await;
    }

    /// Links this mailbox with a process: when one exits, the other gets an exit signal.
    pub async fn link(&self, to: &Pid) -> Result<(), Arc<ConnectError>> {
        self.shared.reach_out(&to.node).await?;
        let processes = &self.shared.processes;
        let Some(signal) = processes.link(&self.pid, to) else {
            return Ok(());
        };
        let sent = self.shared.send(signal).await;
        if sent.is_err() {
            processes.forget_link(&self.pid, to);
        }
        sent
    }

    /// Undoes a link. No exit signal comes by it from here on, but one may have come.
    pub async fn unlink(&self, to: &Pid) {
        let signal = self.shared.processes.unlink(&self.pid, to);
        self.shared.tell(signal.into_iter().collect()).await;
    }

    /// Sends an exit signal, as `exit/2` does.
    pub async fn exit(&self, to: &Pid, reason: Term) -> Result<(), Arc<ConnectError>> {
        let control = Control::Exit2 {
            from: self.pid.clone(),
            to: to.clone(),
            token: None,
            reason: Some(reason),
        };
        let signal = Signal::new(&self.pid, to.node.clone(), control, None);
        self.shared.send(signal).await
    }

    /// Ends the mailbox with a reason, which is told to whom it is linked with and who monitors it.
    pub fn end(self, reason: &Term) {
        self.exit_with(reason);
    }

    pub(super) fn exit_with(&self, reason: &Term) {
        let signals = self.shared.processes.end(&self.pid, reason);
        self.shared.tell_soon(signals);
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.exit_with(&Term::from(atom!("normal")));
    }
}
