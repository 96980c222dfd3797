//! Mailboxes: the processes of a node.

use std::sync::Arc;

use beamport_term::{Atom, Pid, Reference, Term, atom};
use tokio::sync::mpsc;

use super::{Address, ConnectError, NameTaken, Process, Shared, Signal};
use crate::control::Control;

/// A process of a node: who can be sent to, linked with and monitored.
///
/// It ends when it is dropped, with the reason `normal`, when its [inbox](super::Config::inbox) is full, or with its
/// [`Node`](super::Node), which it does not keep from ending.
#[derive(Debug)]
pub struct Mailbox {
    pub(super) shared: Arc<Shared>,
    pid: Pid,
    inbox: mpsc::Receiver<Received>,
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
        let (sender, inbox) = mpsc::channel(shared.config.inbox.max(1));
        Self {
            pid: shared.processes.start(sender),
            shared: Arc::clone(shared),
            inbox,
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

    /// What comes next; none once the mailbox has ended, because it was full or with its node. Cancel safe.
    pub async fn receive(&mut self) -> Option<Received> {
        self.inbox.recv().await
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
        if to.node() == self.shared.processes.node() {
            let signals = self.shared.processes.obey(control, Some(message));
            self.shared.tell(signals).await;
            return Ok(());
        }
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

    /// Monitors a process of another node: a [`Received::Down`] will tell when it exits.
    pub async fn monitor(&self, address: &Address) -> Result<Reference, Arc<ConnectError>> {
        let node = address.node().clone();
        self.shared.connect(&node).await?;
        let processes = &self.shared.processes;
        let (reference, signal) = processes.monitor(&self.pid, address.process(), node);
        match self.shared.send(signal).await {
            Ok(()) => Ok(reference),
            Err(error) => {
                processes.forget_monitor(&self.pid, &reference);
                Err(error)
            }
        }
    }

    /// Monitors a process no longer. A [`Received::Down`] may have come by then.
    pub async fn demonitor(&self, reference: &Reference) {
        let signal = self.shared.processes.demonitor(&self.pid, reference);
        self.shared.tell(signal.into_iter().collect()).await;
    }

    /// Links this mailbox with a process of another node: when one exits, the other gets an exit signal.
    pub async fn link(&self, to: &Pid) -> Result<(), Arc<ConnectError>> {
        self.shared.connect(&to.node).await?;
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
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let reason = Term::from(atom!("normal"));
        let signals = self.shared.processes.end(&self.pid, &reason);
        if signals.is_empty() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let runtime = self.shared.runtime.clone();
        runtime.spawn(async move { shared.tell(signals).await });
    }
}
