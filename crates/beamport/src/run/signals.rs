//! The signals that reach PID 1, and what is passed on for each.

use std::io;

use nix::sys::signal::Signal;
use tokio::signal::unix::{self, SignalKind};

/// Streams of the signals we handle. From [`Signals::listen`] on none of them ends us, which for PID 1 is so anyway:
/// the kernel drops what PID 1 has no handler for.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hang_up: unix::Signal,
    quit: unix::Signal,
    user_1: unix::Signal,
    user_2: unix::Signal,
    child: unix::Signal,
}

/// What arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// A signal from outside.
    Sent(Signal),
    /// A process of ours has ended, or several have.
    ChildEnded,
}

impl Signals {
    /// Starts to listen.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            hang_up: unix::signal(SignalKind::hangup())?,
            quit: unix::signal(SignalKind::quit())?,
            user_1: unix::signal(SignalKind::user_defined1())?,
            user_2: unix::signal(SignalKind::user_defined2())?,
            child: unix::signal(SignalKind::child())?,
        })
    }

    /// The next one. Cancel safe.
    pub(super) async fn next(&mut self) -> Arrival {
        tokio::select! {
            Some(()) = self.child.recv() => Arrival::ChildEnded,
            Some(()) = self.terminate.recv() => Arrival::Sent(Signal::SIGTERM),
            Some(()) = self.interrupt.recv() => Arrival::Sent(Signal::SIGINT),
            Some(()) = self.hang_up.recv() => Arrival::Sent(Signal::SIGHUP),
            Some(()) = self.quit.recv() => Arrival::Sent(Signal::SIGQUIT),
            Some(()) = self.user_1.recv() => Arrival::Sent(Signal::SIGUSR1),
            Some(()) = self.user_2.recv() => Arrival::Sent(Signal::SIGUSR2),
            // The streams never end while the runtime lives.
            else => std::future::pending().await,
        }
    }

    /// The next one that asks us to end. Cancel safe.
    pub(super) async fn ending(&mut self) -> Signal {
        loop {
            if let Arrival::Sent(signal) = self.next().await
                && asks_to_end(signal)
            {
                return signal;
            }
        }
    }
}

/// Whether a process that gets this signal is expected to end.
pub(super) fn asks_to_end(signal: Signal) -> bool {
    matches!(signal, Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT)
}

/// What the VM is sent for a signal sent to us; nothing when it got the same one itself.
///
/// A VM takes INT for a request of its BREAK menu and then does not shut down in order, so it is sent TERM. At a
/// terminal INT and QUIT come from a key, and the terminal has sent them to the VM as well.
pub(super) fn passed_on(signal: Signal, at_terminal: bool) -> Option<Signal> {
    match signal {
        Signal::SIGINT | Signal::SIGQUIT if at_terminal => None,
        Signal::SIGINT => Some(Signal::SIGTERM),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interrupts_become_requests_to_end() {
        assert_eq!(passed_on(Signal::SIGINT, false), Some(Signal::SIGTERM));
        assert_eq!(passed_on(Signal::SIGUSR1, false), Some(Signal::SIGUSR1));
    }

    #[test]
    fn a_terminal_sends_its_keys_itself() {
        assert_eq!(passed_on(Signal::SIGINT, true), None);
        assert_eq!(passed_on(Signal::SIGTERM, true), Some(Signal::SIGTERM));
    }
}
