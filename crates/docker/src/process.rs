//! A container's first process, and whether it lives.
//!
//! This is what tells whether a container is still there where Docker does not: while it does not answer, and while
//! its events keep silent. A process is known by its ID and its start time, since IDs are used again.

use std::fs;
use std::path::PathBuf;

use crate::container::ContainerId;

/// A process, for as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    id: u32,
    /// In clock ticks since the machine started.
    started: u64,
}

impl Process {
    /// Finds process `id`, if it can be seen from here and belongs to the container.
    ///
    /// An agent that runs in a container itself sees other processes under these IDs, or none; the control
    /// group's path, which holds the container's ID with Docker and Podman alike, tells them apart.
    pub(crate) fn of_container(id: u32, container: &ContainerId) -> Option<Self> {
        let process = Self {
            id,
            started: start_time(id)?,
        };
        let groups = fs::read_to_string(proc_file(id, "cgroup")).ok()?;
        groups.contains(container.as_str()).then_some(process)
    }

    /// Whether it still lives. A zombie does not.
    pub fn is_alive(&self) -> bool {
        start_time(self.id) == Some(self.started)
    }
}

fn proc_file(id: u32, name: &str) -> PathBuf {
    ["/proc", &id.to_string(), name].iter().collect()
}

/// The start time of a process that lives.
fn start_time(id: u32) -> Option<u64> {
    parse_stat(&fs::read_to_string(proc_file(id, "stat")).ok()?)
}

/// Reads `/proc/PID/stat` (proc_pid_stat(5)): the state is the third field, the start time the 22nd. The second
/// is the command in parentheses, which may hold anything.
fn parse_stat(text: &str) -> Option<u64> {
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_start_time_whatever_the_command_is_called() {
        let stat = |state: &str| {
            format!(
                "7 (a) b) {state} 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 1 1844 1 1 0"
            )
        };
        assert_eq!(parse_stat(&stat("S")), Some(4242));
        assert_eq!(parse_stat(&stat("Z")), None);
        assert_eq!(parse_stat("7 (a"), None);
    }

    #[test]
    fn a_process_is_told_from_a_later_one_with_its_id() {
        let id = std::process::id();
        let started = start_time(id).unwrap();
        assert!(Process { id, started }.is_alive());
        let later = Process {
            id,
            started: started + 1,
        };
        assert!(!later.is_alive());
    }

    #[test]
    fn a_process_outside_the_container_is_not_taken_for_it() {
        let container = ContainerId::new(&"ab".repeat(32));
        assert_eq!(Process::of_container(std::process::id(), &container), None);
    }
}
