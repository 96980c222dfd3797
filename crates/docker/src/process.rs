//! A container's first process, and whether it lives.
//!
//! This is what tells whether a container is still there where Docker does not: while it does not answer, and while
//! its events keep silent. A process is held by a descriptor of its own (pidfd_open(2), Linux 5.3), so that no later
//! one with its ID is taken for it, and so that a look at it costs one system call: lookups look.

use std::fs;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::container::ContainerId;

/// A process, for as long as it lives.
#[derive(Debug, Clone)]
pub struct Process(Arc<OwnedFd>);

impl Process {
    /// Finds process `id`, if it can be seen from here and belongs to the container.
    ///
    /// An agent that runs in a container itself sees other processes under these IDs, or none; the control
    /// group's path, which holds the container's ID with Docker and Podman alike, tells them apart.
    pub(crate) fn of_container(id: u32, container: &ContainerId) -> Option<Self> {
        let process = Self::with_id(id)?;
        let groups = fs::read_to_string(format!("/proc/{id}/cgroup")).ok()?;
        // As it lives, these were its own groups, and not those of another that had its ID by then.
        (groups.contains(container.as_str()) && process.is_alive()).then_some(process)
    }

    fn with_id(id: u32) -> Option<Self> {
        let id = Pid::from_raw(id.try_into().ok()?)?;
        let descriptor = pidfd_open(id, PidfdFlags::empty()).ok()?;
        Some(Self(Arc::new(descriptor)))
    }

    /// Whether it still lives. A zombie does not.
    pub fn is_alive(&self) -> bool {
        const AT_ONCE: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // The descriptor is readable once the process has ended.
        let mut ended = [PollFd::new(&self.0, PollFlags::IN)];
        !poll(&mut ended, Some(&AT_ONCE)).is_ok_and(|ready| ready > 0)
    }
}

/// Whether both are of the same look at a process.
impl PartialEq for Process {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Process {}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_lives_until_it_ends_even_as_a_zombie() {
        let mut child = Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let process = Process::with_id(child.id()).unwrap();
        assert!(process.is_alive());

        drop(child.stdin.take());
        let mut ended = [PollFd::new(&process.0, PollFlags::IN)];
        poll(&mut ended, None).unwrap();
        assert!(!process.is_alive());

        child.wait().unwrap();
        assert!(!process.is_alive());
        assert!(Process::with_id(child.id()).is_none_or(|later| later != process));
    }

    #[test]
    fn a_process_outside_the_container_is_not_taken_for_it() {
        let container = ContainerId::new(&"ab".repeat(32));
        assert_eq!(Process::of_container(std::process::id(), &container), None);
    }
}
