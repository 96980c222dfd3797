//! Processes told apart by id *and* start time, so that none is ended which merely got a reused id.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::wait::wait_until;

/// A process of this machine, alive or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Process {
    id: i32,
    start_time: u64,
}

impl Process {
    /// The process that has this id now.
    pub(crate) fn with_id(id: i32) -> Option<Self> {
        let stat = Stat::read(id)?;
        Some(Self {
            id,
            start_time: stat.start_time,
        })
    }

    /// The process of a child just started, which cannot have been replaced since nobody waited for it.
    pub(crate) fn of(child: &std::process::Child) -> Option<Self> {
        Self::with_id(i32::try_from(child.id()).ok()?)
    }

    pub(crate) fn from_parts(id: i32, start_time: u64) -> Self {
        Self { id, start_time }
    }

    pub(crate) fn id(self) -> i32 {
        self.id
    }

    /// In clock ticks since the machine started.
    pub(crate) fn start_time(self) -> u64 {
        self.start_time
    }

    /// Whether it still runs; one that only waits to be reaped does not.
    pub(crate) fn is_alive(self) -> bool {
        Stat::read(self.id)
            .is_some_and(|stat| stat.start_time == self.start_time && stat.state != 'Z')
    }

    pub(crate) fn signal(self, signal: Signal) {
        if self.is_alive() {
            // It may have ended in between, which is what most callers want anyway.
            let _ = kill(Pid::from_raw(self.id), signal);
        }
    }

    pub(crate) fn wait_end(self, deadline: Duration) -> Result<()> {
        wait_until(&format!("the end of process {}", self.id), deadline, || {
            !self.is_alive()
        })
    }

    /// Waits until its parent knows that it ended, and its id is free.
    pub(crate) fn wait_reaped(self, deadline: Duration) -> Result<()> {
        wait_until(
            &format!("process {} to be reaped", self.id),
            deadline,
            || Self::with_id(self.id) != Some(self),
        )
    }
}

/// The processes whose network namespace is the one mounted at `path`.
pub(crate) fn in_network_namespace(path: &Path) -> Vec<Process> {
    use std::os::linux::fs::MetadataExt;

    let Ok(wanted) = fs::metadata(path) else {
        return Vec::new();
    };
    all()
        .filter(|id| {
            fs::metadata(format!("/proc/{id}/ns/net")).is_ok_and(|namespace| {
                namespace.st_ino() == wanted.st_ino() && namespace.st_dev() == wanted.st_dev()
            })
        })
        .filter_map(Process::with_id)
        .collect()
}

/// The ids of all processes of the machine.
pub(crate) fn all() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// What `/proc/PID/stat` says: see proc(5).
struct Stat {
    state: char,
    start_time: u64,
}

impl Stat {
    fn read(id: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        // The second field, the command in parentheses, may contain anything.
        let (_, rest) = text.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        Some(Self {
            state: fields.next()?.chars().next()?,
            start_time: fields.nth(18)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_id_is_another_process() {
        let id = i32::try_from(std::process::id()).unwrap();
        let me = Process::with_id(id).unwrap();
        assert!(me.is_alive());
        assert!(!Process::from_parts(id, me.start_time() + 1).is_alive());
    }

    #[test]
    fn a_command_name_cannot_confuse_the_reader() {
        let stat = Stat::parse(&format!(
            "7 (a ) R 1 (b) S {} 4242 0",
            vec!["0"; 18].join(" ")
        ))
        .unwrap();
        assert_eq!((stat.state, stat.start_time), ('S', 4242));
    }

    #[test]
    fn an_unreaped_child_counts_as_ended() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let process = Process::of(&child).unwrap();
        process.wait_end(Duration::from_secs(60)).unwrap();
        child.wait().unwrap();
    }
}
