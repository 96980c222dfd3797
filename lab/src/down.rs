//! Taking a lab down, whole or in pieces.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::Signal;

use crate::cgroup;
use crate::command::output;
use crate::instance::Instance;
use crate::lab::hosts;
use crate::process::{self, Process};
use crate::record::{self, Record};
use crate::switch;
use crate::wait::wait_until;

/// How long anything may take to end after SIGKILL.
const END_DEADLINE: Duration = Duration::from_secs(20);

/// Removes what the record says was made, in the order in which it can go.
pub(crate) fn remove(instance: &Instance) -> Result<()> {
    let Some(record) = Record::read(instance)? else {
        return Ok(());
    };
    // Containers first, so that their daemon has nothing to wait for.
    for group in &record.cgroups {
        end_all(|| cgroup::members(group))?;
    }
    for host in hosts(instance, &record) {
        if host.has_dockerd() {
            host.stop_dockerd()?;
        }
    }
    for process in record::processes(instance) {
        process.signal(Signal::SIGKILL);
        process.wait_end(END_DEADLINE)?;
    }
    for namespace in &record.namespaces {
        let path = switch::namespace_path(namespace);
        end_all(|| process::in_network_namespace(&path))?;
        switch::remove_namespace(namespace)?;
    }
    for group in &record.cgroups {
        end_all(|| cgroup::members(group))?;
        cgroup::remove(group)?;
    }
    unmount_below(&instance.folder())?;
    fs::remove_dir_all(instance.folder())
        .with_context(|| format!("cannot remove {}", instance.folder().display()))
}

/// Ends the processes `which` finds, and those that appear meanwhile.
fn end_all(which: impl Fn() -> Vec<Process>) -> Result<()> {
    wait_until("the lab's processes to end", END_DEADLINE, || {
        let left: Vec<_> = which().into_iter().filter(|p| p.is_alive()).collect();
        left.iter()
            .for_each(|process| process.signal(Signal::SIGKILL));
        left.is_empty()
    })
}

/// Unmounts what is mounted below `folder`, the latest first.
fn unmount_below(folder: &Path) -> Result<()> {
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let below: Vec<_> = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .filter(|path| Path::new(path).starts_with(folder))
        .collect();
    for path in below.iter().rev() {
        output(Command::new("umount").arg(path))?;
    }
    Ok(())
}
