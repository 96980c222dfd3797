//! Ctrl-C and friends: what is under way ends, and what was made is still taken down.

use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use beamport_lab::wait_until;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

static ASKED: AtomicBool = AtomicBool::new(false);

/// How long a child may take to end once it was told to.
const PATIENCE: Duration = Duration::from_secs(30);

/// From now on SIGINT, SIGTERM and SIGHUP are noted and end nothing by themselves.
pub(crate) fn watch() -> Result<()> {
    ctrlc::set_handler(|| ASKED.store(true, Ordering::Relaxed)).context("cannot watch for signals")
}

/// Whether one came.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Waits for the end of a child, which leads a process group; tells it to end when a signal or `deadline` comes.
///
/// What it leaves behind of that group, as a test that failed may, is ended too.
pub(crate) fn wait(child: &mut Child, what: &str, deadline: Duration) -> Result<ExitStatus> {
    let mut status = None;
    let ended = wait_until(&format!("the end of {what}"), deadline, || {
        status = child.try_wait().ok().flatten();
        status.is_some() || asked()
    });
    let group = Pid::from_raw(i32::try_from(child.id())?);
    if status.is_none() {
        let _ = killpg(group, Signal::SIGTERM);
        let _ = wait_until("it to end", PATIENCE, || {
            matches!(child.try_wait(), Ok(Some(_)))
        });
    }
    let _ = killpg(group, Signal::SIGKILL);
    child.wait()?;
    ended?;
    status.with_context(|| format!("{what}: interrupted"))
}
