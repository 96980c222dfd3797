//! `--on-change`: a command that is run after each change.
//!
//! One at a time: what changes while it runs is told by the next run, once, as it is then. It finds the phase in
//! `BEAMPORT_PHASE`, the one before in `BEAMPORT_PHASE_BEFORE`, the leader in `BEAMPORT_LEADER` and the members,
//! separated by blanks, in `BEAMPORT_MEMBERS`; all there is to know comes as JSON on its standard input.

use std::process::Stdio;
use std::time::Duration;

use beamport_cluster::membership::{Phase, Snapshot};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::json;

/// How long it may run.
const DEADLINE: Duration = Duration::from_secs(30);

/// Runs the command; until this is dropped.
#[derive(Debug)]
pub(super) struct OnChange {
    changes: watch::Sender<Option<(Phase, Snapshot)>>,
    runner: AbortHandle,
}

impl Drop for OnChange {
    fn drop(&mut self) {
        self.runner.abort();
    }
}

impl OnChange {
    pub(super) fn start(command: String) -> Self {
        let (changes, mut changed) = watch::channel(None);
        let runner = tokio::spawn(async move {
            while changed.changed().await.is_ok() {
                let change = changed.borrow_and_update().clone();
                if let Some((before, snapshot)) = change {
                    run(&command, before, &snapshot).await;
                }
            }
        });
        Self {
            changes,
            runner: runner.abort_handle(),
        }
    }

    /// Something has changed, since there was this phase. The command is run unless it still does.
    pub(super) fn tell(&self, before: Phase, snapshot: Snapshot) {
        self.changes.send_replace(Some((before, snapshot)));
    }
}

async fn run(command: &str, before: Phase, snapshot: &Snapshot) {
    let names: Vec<&str> = snapshot.members.iter().map(|m| m.name.as_str()).collect();
    let leader = snapshot
        .leader
        .as_ref()
        .map_or("", |leader| leader.as_str());
    let child = Command::new("/bin/sh")
        .args(["-c", command])
        .env("BEAMPORT_PHASE", snapshot.phase.as_str())
        .env("BEAMPORT_PHASE_BEFORE", before.as_str())
        .env("BEAMPORT_LEADER", leader)
        .env("BEAMPORT_MEMBERS", names.join(" "))
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            tracing::error!(command, %error, "the command of --on-change cannot be started");
            return;
        }
    };
    let ended = async {
        if let Some(mut stdin) = child.stdin.take() {
            // It may not care.
            let _ = stdin
                .write_all(json::snapshot(snapshot).to_string().as_bytes())
                .await;
        }
        // PID 1 collects the status of every process, so that there may be none left to be had here.
        child.wait().await
    };
    if timeout(DEADLINE, ended).await.is_err() {
        tracing::error!(
            command,
            seconds = DEADLINE.as_secs(),
            "the command of --on-change has not ended in time and is killed"
        );
    }
}
