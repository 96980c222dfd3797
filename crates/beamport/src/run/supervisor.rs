//! PID 1: starts the command, passes signals on, reaps orphans, ends with the command's status.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use tokio::time::{Instant, sleep_until};

use super::assemble::Ending;
use super::cluster::Cluster;
use super::signals::{Arrival, Signals, asks_to_end, passed_on};
use crate::failure::{Code, Failure};

/// What a shell adds to the number of the signal that ended a command.
pub(super) const SIGNALLED: u8 = 128;

/// How often we look whether what the command left behind has ended: that of others' children no signal tells.
const LEFT_BEHIND_CHECK: Duration = Duration::from_millis(20);

/// The command, running.
#[derive(Debug)]
pub(super) struct Supervised {
    child: Pid,
    /// At a terminal the command stays in our process group, which is the one that may read the terminal.
    /// Otherwise it leads one of its own, so that all of it can be reached.
    at_terminal: bool,
    grace: Duration,
    /// When patience ends, once somebody asked the command to end.
    deadline: Option<Instant>,
}

impl Supervised {
    /// Starts `command`. [`Signals`] must be listening already, so that no end of a child is missed.
    pub(super) fn start(
        mut command: Command,
        at_terminal: bool,
        grace: Duration,
    ) -> Result<Self, StartError> {
        if std::process::id() != 1 {
            // Orphans below us come to us, as to a PID 1.
            let _ = nix::sys::prctl::set_child_subreaper(true);
        }
        if !at_terminal {
            command.process_group(0);
        }
        match command.spawn() {
            // Dropping the handle leaves the process alone; the reaper collects its status.
            Ok(child) => Ok(Self {
                child: Pid::from_raw(child.id().cast_signed()),
                at_terminal,
                grace,
                deadline: None,
            }),
            Err(error) => Err(StartError::new(&command, error)),
        }
    }

    /// Waits for the command to end, and for what it leaves behind in its process group: a shell that does not
    /// `exec` its VM ends at the first TERM while the VM is still up.
    ///
    /// Who asks it to end while it is in a cluster waits until it has left: that takes a moment, so that others have
    /// moved on before the node stops.
    pub(super) async fn ended(
        mut self,
        signals: &mut Signals,
        mut cluster: Option<Cluster>,
    ) -> ExitCode {
        let mut held_back = None;
        let mut override_status = None;
        let status = loop {
            if let Some(status) = reap(self.child) {
                break status;
            }
            tokio::select! {
                arrival = signals.next() => if let Arrival::Sent(signal) = arrival {
                    let leaves = asks_to_end(signal) && cluster.as_mut().is_some_and(Cluster::leave);
                    if leaves {
                        held_back = Some(signal);
                    } else {
                        self.pass_on(signal);
                    }
                },
                ending = ended(&mut cluster) => {
                    cluster = None;
                    override_status = self.cluster_ended(ending, held_back.take());
                }
                () = until(self.deadline) => self.give_up(),
            }
        };
        self.clear_up(signals).await;
        override_status.unwrap_or(status)
    }

    /// The node has left its cluster, or found none; with what we are to end with if not with the command's status.
    fn cluster_ended(
        &mut self,
        ending: Option<Ending>,
        held_back: Option<Signal>,
    ) -> Option<ExitCode> {
        match ending {
            // Nothing runs in a VM whose boot is held that could end in order, and it does not hear signals.
            Some(Ending::GivenUp) => {
                self.signal_all(Signal::SIGKILL);
                Some(ExitCode::from(Code::Temporary as u8))
            }
            Some(Ending::Left { open: false }) => {
                self.signal_all(Signal::SIGKILL);
                Some(ExitCode::from(
                    SIGNALLED.saturating_add(Signal::SIGTERM as u8),
                ))
            }
            Some(Ending::Left { open: true }) | None => {
                if let Some(signal) = held_back {
                    self.pass_on(signal);
                }
                None
            }
        }
    }

    fn pass_on(&mut self, signal: Signal) {
        let Some(passed) = passed_on(signal, self.at_terminal) else {
            return;
        };
        tracing::debug!(%signal, "signal passed on");
        // It may have ended just now, and then needs no signal.
        let _ = kill(self.child, passed);
        if asks_to_end(signal) {
            // A second request does not give more time, and does not take any.
            self.deadline.get_or_insert(Instant::now() + self.grace);
        }
    }

    fn give_up(&mut self) {
        tracing::warn!(
            grace_seconds = self.grace.as_secs_f64(),
            "the command has not ended in time and is killed"
        );
        self.deadline = None;
        self.signal_all(Signal::SIGKILL);
    }

    async fn clear_up(&mut self, signals: &mut Signals) {
        if !self.leaves_something() {
            return;
        }
        self.signal_all(Signal::SIGTERM);
        let deadline = self.deadline.unwrap_or(Instant::now() + self.grace);
        while self.leaves_something() && Instant::now() < deadline {
            tokio::select! {
                _ = signals.next() => {}
                () = tokio::time::sleep(LEFT_BEHIND_CHECK) => {}
            }
            reap(self.child);
        }
        if self.leaves_something() {
            self.give_up();
        }
    }

    /// Whether a process of the command's group is still there.
    fn leaves_something(&self) -> bool {
        !self.at_terminal && killpg(self.child, None) != Err(Errno::ESRCH)
    }

    fn signal_all(&self, signal: Signal) {
        let _ = if self.at_terminal {
            kill(self.child, signal)
        } else {
            killpg(self.child, signal)
        };
    }
}

/// Completes when the cluster ends; never if there is none.
async fn ended(cluster: &mut Option<Cluster>) -> Option<Ending> {
    match cluster {
        Some(cluster) => cluster.ended().await,
        None => std::future::pending().await,
    }
}

/// Collects every process that has ended, orphans too; the command's status if it is among them.
fn reap(command: Pid) -> Option<ExitCode> {
    let mut status = None;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == command => {
                status = Some(exit_code(code));
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == command => {
                status = Some(exit_code(i32::from(SIGNALLED) + signal as i32));
            }
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return status,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => {
                tracing::error!(%error, "cannot wait for processes");
                return status;
            }
        }
    }
}

fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// The command cannot be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start `{program}`: {error}")]
pub(crate) struct StartError {
    program: String,
    error: io::Error,
}

impl StartError {
    pub(crate) fn new(command: &Command, error: io::Error) -> Self {
        Self {
            program: command.get_program().to_string_lossy().into_owned(),
            error,
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let code = match error.error.kind() {
            io::ErrorKind::NotFound => Code::NotFound,
            _ => Code::CannotExecute,
        };
        Self::new(code, error)
    }
}
