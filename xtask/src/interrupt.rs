//! Ctrl-C and friends: what is under way ends, and what was made is still taken down.

use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
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

/// Waits for the end of a child, which leads a process group, and ends that group when a signal or `deadline` comes.
pub(crate) fn wait(child: &mut Child, what: &str, deadline: Duration) -> Result<ExitStatus> {
    let mut status = None;
    let ended = wait_until(&format!("the end of {what}"), deadline, || {
        status = child.try_wait().ok().flatten();
        status.is_some() || asked()
    });
    if let Some(status) = status {
        return Ok(status);
    }
    let group = Pid::from_raw(i32::try_from(child.id())?);
    let _ = killpg(group, Signal::SIGTERM);
    let obeyed = wait_until("it to end", PATIENCE, || {
        matches!(child.try_wait(), Ok(Some(_)))
    });
    // Whoever of the group did not obey, as a grandchild that ignores SIGTERM.
    let _ = killpg(group, Signal::SIGKILL);
    if obeyed.is_err() {
        child.wait()?;
    }
    ended?;
    bail!("{what}: interrupted");
}
