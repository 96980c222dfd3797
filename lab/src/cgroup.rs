//! Control groups: all containers of a host are in one, so they are found whatever became of their daemon.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::process::{self, Process};
use crate::wait::wait_until;

/// Where the one hierarchy is mounted, or the several are, depending on the machine.
const MOUNT: &str = "/sys/fs/cgroup";

/// How long the kernel may take to let go of a group whose last process ended.
const REMOVE_DEADLINE: Duration = Duration::from_secs(20);

/// The processes in the group `name` at the top of the hierarchy, or in one below it. Paused ones go on, so
/// that they can be ended.
pub(crate) fn members(name: &str) -> Vec<Process> {
    for folder in folders(name) {
        thaw(&folder);
    }
    let top = format!("/{name}");
    let below = format!("/{name}/");
    process::all()
        .filter(|id| {
            fs::read_to_string(format!("/proc/{id}/cgroup")).is_ok_and(|text| {
                text.lines()
                    .filter_map(|line| line.splitn(3, ':').nth(2))
                    .any(|path| path == top || path.starts_with(&below))
            })
        })
        .filter_map(Process::with_id)
        .collect()
}

/// Removes the group `name`, which has no processes any more, and those in it.
pub(crate) fn remove(name: &str) -> Result<()> {
    folders(name).try_for_each(|folder| remove_with_inner(&folder))
}

/// The group in each hierarchy that has it.
fn folders(name: &str) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(MOUNT)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .chain([PathBuf::from(MOUNT)])
        .map(move |hierarchy| hierarchy.join(name))
        .filter(|folder| folder.is_dir())
}

/// Lets paused processes go on: the file is one or the other, by the kind of hierarchy, or neither.
fn thaw(folder: &Path) {
    for (file, value) in [("freezer.state", "THAWED"), ("cgroup.freeze", "0")] {
        let file = folder.join(file);
        if file.exists() {
            let _ = fs::write(file, value);
        }
    }
    inner(folder).for_each(|folder| thaw(&folder));
}

fn remove_with_inner(folder: &Path) -> Result<()> {
    inner(folder).try_for_each(|folder| remove_with_inner(&folder))?;
    wait_until(
        &format!("{} to go", folder.display()),
        REMOVE_DEADLINE,
        || fs::remove_dir(folder).is_ok() || !folder.exists(),
    )
}

fn inner(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
}
