//! The end of a server, as its threads are told of it.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{self, Errno};

/// Whether the end has begun, and a way to wait for it beside a socket.
#[derive(Debug)]
pub(super) struct Ending {
    has_begun: AtomicBool,
    /// Readable once it has.
    event: OwnedFd,
}

impl Ending {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            has_begun: AtomicBool::new(false),
            event: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
        })
    }

    pub(super) fn begin(&self) {
        self.has_begun.store(true, Ordering::Relaxed);
        // It counts to 2^64 and is never full.
        let _ = io::write(&self.event, &1u64.to_ne_bytes());
    }

    pub(super) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Waits for so long, or until the end begins.
    pub(super) fn wait(&self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            let rest = until.saturating_duration_since(Instant::now());
            let rest = Timespec::try_from(rest).ok();
            let mut watched = [PollFd::new(&self.event, PollFlags::IN)];
            if poll(&mut watched, rest.as_ref()) != Err(Errno::INTR) {
                return;
            }
        }
    }

    /// Waits until there is something to read, or the end begins.
    pub(super) fn wait_beside(&self, socket: &impl AsFd) {
        let mut watched = [
            PollFd::new(socket, PollFlags::IN),
            PollFd::new(&self.event, PollFlags::IN),
        ];
        // Where it is interrupted, the caller looks, and waits again.
        let _ = poll(&mut watched, None);
    }
}
