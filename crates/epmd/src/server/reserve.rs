//! File descriptors kept for the time when there are none left.
//!
//! Held names may use up the file limit, and other parts of the process too. Lookups are then still accepted, with
//! descriptors set aside for it; what is refused until others are free again is holding more names.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many connections can be served side by side once there are no descriptors left.
const SPARE_FILES: usize = 16;

/// The descriptors set aside.
#[derive(Debug)]
pub(super) struct Reserve {
    spare: Mutex<Vec<File>>,
    /// Whether there were none left, and there are not plenty again. Logged at both ends, not in between.
    is_exhausted: AtomicBool,
}

impl Reserve {
    pub(super) fn new() -> Self {
        Self {
            spare: Mutex::new(open_files().collect()),
            is_exhausted: AtomicBool::new(false),
        }
    }

    /// Whether file descriptors have run out, so that no more names can be held.
    pub(super) fn is_exhausted(&self) -> bool {
        self.is_exhausted.load(Ordering::Relaxed)
    }

    /// Frees a descriptor, for the connection that `accept` had none for; false when all are lent.
    pub(super) fn lend(&self) -> bool {
        if !self.is_exhausted.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "no file descriptors left: lookups are answered still, new names are refused; raise the limit \
                 on open files (RLIMIT_NOFILE)"
            );
        }
        self.spare().pop().is_some()
    }

    /// Takes back what was lent, as far as that is possible by now.
    pub(super) fn restore(&self) {
        if !self.is_exhausted() {
            return;
        }
        let mut spare = self.spare();
        let missing = SPARE_FILES - spare.len();
        spare.extend(open_files().take(missing));
        // As many again must be free, or the next few connections would start it all anew.
        let more: Vec<File> = open_files().collect();
        if spare.len() == SPARE_FILES && more.len() == SPARE_FILES {
            self.is_exhausted.store(false, Ordering::Relaxed);
            tracing::info!("there are file descriptors again: new names are taken");
        }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<File>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens files, until that fails or there are as many as the reserve has.
fn open_files() -> impl Iterator<Item = File> {
    (0..SPARE_FILES).map_while(|_| File::open("/dev/null").ok())
}
