//! Processes that other nodes start for this one.

use beamport_term::{Atom, Pid, Reference, Term, atom};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::process::{Monitored, Processes, Signal};
use super::{CallError, Mailbox};
use crate::FullName;
use crate::control::{Control, Process};

/// What a process is to run, and how it is to be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawn {
    /// The module of the function.
    pub module: Atom,
    /// The name of the function, which is exported.
    pub function: Atom,
    /// Its arguments.
    pub arguments: Vec<Term>,
    /// Whether the mailbox is linked with the process from its beginning.
    pub link: bool,
    /// Whether the mailbox monitors the process from its beginning.
    pub monitor: bool,
    /// Where it prints: a process that speaks the I/O protocol. Default: nobody, so that printing fails.
    pub group_leader: Option<Pid>,
}

/// A process that another node has started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawned {
    /// The process.
    pub pid: Pid,
    /// The monitor, if there was to be one.
    pub monitor: Option<Reference>,
}

/// A process that was asked for.
#[derive(Debug)]
pub(super) struct PendingSpawn {
    pub(super) node: Atom,
    answer: oneshot::Sender<Process>,
}

impl Spawn {
    /// A process that runs a function with these arguments, not linked and not monitored.
    pub fn new(module: Atom, function: Atom, arguments: Vec<Term>) -> Self {
        Self {
            module,
            function,
            arguments,
            link: false,
            monitor: false,
            group_leader: None,
        }
    }

    fn options(&self) -> Term {
        let link = self.link.then(|| atom!("link"));
        let monitor = self.monitor.then(|| atom!("monitor"));
        Term::list(link.into_iter().chain(monitor))
    }
}

impl Mailbox {
    /// Has a node start a process, as `spawn_request` does.
    ///
    /// A function that is not there is no error here; the process exits with `undef`. If this is dropped before the process has started, it runs all the same,
    /// neither linked nor monitored.
    pub async fn spawn(&self, node: &FullName, spawn: Spawn) -> Result<Spawned, CallError> {
        let (answer, answered) = oneshot::channel();
        let processes = &self.shared.processes;
        let request = processes.make_reference();
        let node = node.to_atom();
        if !self.shared.connect_unasked(&node).await?.spawns() {
            return Err(CallError::Raised(atom!("notsup").into()));
        }
        let pending = PendingSpawn {
            node: node.clone(),
            answer,
        };
        processes.with(self.pid(), |entry| {
            entry.spawns.insert(request.clone(), pending)
        });
        let control = Control::SpawnRequest {
            request: request.clone(),
            from: self.pid().clone(),
            options: spawn.options(),
            group_leader: spawn.group_leader.unwrap_or_else(|| processes.nobody()),
            module: spawn.module,
            function: spawn.function,
            // A longer list is the node's to refuse.
            arity: spawn.arguments.len().try_into().unwrap_or(u8::MAX),
            token: None,
        };
        let arguments = Term::list(spawn.arguments);
        let signal = Signal::new(self.pid(), node, control, Some(arguments));
        if let Err(error) = self.shared.send(signal).await {
            processes.with(self.pid(), |entry| entry.spawns.remove(&request));
            return Err(error.into());
        }
        match timeout(self.shared.config.call_time, answered).await {
            Ok(Ok(Process::Pid(pid))) => Ok(Spawned {
                pid,
                monitor: spawn.monitor.then_some(request),
            }),
            Ok(Ok(Process::Name(reason))) => Err(CallError::Raised(reason.into())),
            Ok(Err(_)) => Err(CallError::Down(atom!("noconnection").into())),
            Err(_) => Err(CallError::TimedOut),
        }
    }
}

impl Processes {
    /// A node has started a process, or not.
    pub(super) fn accept_spawn(
        &self,
        to: &Pid,
        request: Reference,
        linked: bool,
        monitored: bool,
        result: Process,
    ) -> Vec<Signal> {
        if linked && let Process::Pid(pid) = &result {
            // The other side has the link already.
            drop(self.link(to, pid));
        }
        let abandoned = self.with(to, |entry| {
            let Some(PendingSpawn { node, answer }) = entry.spawns.remove(&request) else {
                return true;
            };
            if monitored && matches!(result, Process::Pid(_)) {
                let process = result.clone();
                let monitor = Monitored { node, process };
                entry.monitors.insert(request.clone(), monitor);
            }
            answer.send(result.clone()).is_err()
        });
        match (abandoned, result) {
            (Some(false), _) | (_, Process::Name(_)) => Vec::new(),
            (Some(true), Process::Pid(pid)) => {
                let unlink = self.unlink(to, &pid);
                let demonitor = self.demonitor(to, &request);
                unlink.into_iter().chain(demonitor).collect()
            }
            (None, Process::Pid(pid)) => {
                // Who asked is gone: the process hears of it by its link.
                let exit = linked.then(|| Control::Exit {
                    from: to.clone(),
                    to: pid.clone(),
                    token: None,
                    reason: Some(atom!("noproc").into()),
                });
                let demonitor = monitored.then(|| Control::Demonitor {
                    from: to.clone(),
                    to: Process::Pid(pid.clone()),
                    reference: request,
                });
                let signal = |control| Signal::new(to, pid.node.clone(), control, None);
                exit.into_iter().chain(demonitor).map(signal).collect()
            }
        }
    }
}
