//! File descriptors kept for the time when there are none left.
//!
//! Held names may use up the file limit, and other parts of the process too. Lookups are then still accepted, with
//! descriptors set aside for it; what is refused until others are free again is holding more names.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many connections can be served side by side once there are no descriptors left.
const SPARE_FILES: usize = 16;

/// The descriptors set aside.
#[derive(Debug)]
pub(super) struct Reserve {
    spare: Vec<File>,
    /// Whether there were none left, and the reserve is not whole again. Logged at both ends, not in between.
    exhausted: bool,
}

impl Reserve {
    pub(super) fn new() -> Self {
        let mut reserve = Self {
            spare: Vec::with_capacity(SPARE_FILES),
            exhausted: false,
        };
        reserve.fill();
        reserve
    }

    /// Frees a descriptor, for the connection that `accept` had none for; false when all are lent.
    pub(super) fn lend(&mut self, is_short: &AtomicBool) -> bool {
        if !self.exhausted {
            self.exhausted = true;
            is_short.store(true, Ordering::Relaxed);
            tracing::error!(
                "no file descriptors left: lookups are answered still, new names are refused; raise the limit \
                 on open files (RLIMIT_NOFILE)"
            );
        }
        self.spare.pop().is_some()
    }

    /// Takes back what was lent, as far as that is possible by now.
    pub(super) fn restore(&mut self, is_short: &AtomicBool) {
        if self.exhausted && self.fill() {
            self.exhausted = false;
            is_short.store(false, Ordering::Relaxed);
            tracing::info!("there are file descriptors again: new names are taken");
        }
    }

    fn fill(&mut self) -> bool {
        while self.spare.len() < SPARE_FILES {
            match File::open("/dev/null") {
                Ok(file) => self.spare.push(file),
                Err(_) => return false,
            }
        }
        true
    }
}
