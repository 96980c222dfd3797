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
    /// Whether there were none left, and there are not plenty again. Logged at both ends, not in between.
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
        if !self.exhausted {
            return;
        }
        self.fill();
        // As many again must be free, or the next few connections would start it all anew.
        let more: Vec<File> = open_files().collect();
        if self.spare.len() == SPARE_FILES && more.len() == SPARE_FILES {
            self.exhausted = false;
            is_short.store(false, Ordering::Relaxed);
            tracing::info!("there are file descriptors again: new names are taken");
        }
    }

    fn fill(&mut self) {
        let missing = SPARE_FILES - self.spare.len();
        self.spare.extend(open_files().take(missing));
    }
}

/// Opens files, until that fails or there are as many as the reserve has.
fn open_files() -> impl Iterator<Item = File> {
    (0..SPARE_FILES).map_while(|_| File::open("/dev/null").ok())
}
