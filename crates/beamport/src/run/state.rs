//! What `beamport run` leaves for `beamport exec`: one file per running node, readable by its user only.
//!
//! The files are where root's services keep such things, `/run/beamport`, and for other users, who cannot write
//! there, in a directory of their own below `/tmp`. A file may hold a cookie, and says what is put into a command's
//! environment: one that somebody else could have written is not believed.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use serde::{Deserialize, Serialize};

use super::identity::Identity;
use super::options::PortRange;

/// Where root keeps the files.
const ROOT_DIRECTORY: &str = "/run/beamport";

/// The most that is read of a file: far more than one can hold.
const MAX_BYTES: u64 = 64 * 1024;

/// A running node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NodeState {
    /// The process that is `beamport run`.
    pub(crate) pid: u32,
    /// When that process started, in clock ticks since boot: tells it from a later one with the same number.
    pub(crate) started: u64,
    /// The node's name.
    pub(crate) identity: Identity,
    /// The ports its VM may listen on.
    pub(crate) ports: PortRange,
    /// The cookie, when it was given to `beamport run`.
    pub(crate) cookie: Option<CookieState>,
    /// The rewritten `vm.args` of a relx release.
    pub(crate) vm_args: Option<PathBuf>,
    /// Where it tells of its cluster by HTTP, if it is in one.
    #[serde(default)]
    pub(crate) http: Option<SocketAddr>,
}

/// A cookie, and whether it is in no file that VMs read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CookieState {
    pub(crate) text: String,
    pub(crate) by_variable: bool,
}

impl fmt::Debug for CookieState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieState(…)")
    }
}

/// A file that is there as long as this is.
#[derive(Debug)]
pub(crate) struct StateFile(PathBuf);

impl Drop for StateFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Makes the directory for state files, or says why there is none.
pub(crate) fn directory(chosen: Option<&Path>) -> io::Result<PathBuf> {
    let mut failure = None;
    for directory in candidates(chosen) {
        match prepare(&directory) {
            Ok(()) => return Ok(directory),
            Err(error) => {
                let told = format!("{}: {error}", directory.display());
                failure = Some(io::Error::new(error.kind(), told));
            }
        }
    }
    Err(failure.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

impl NodeState {
    /// The state of this process's node.
    pub(crate) fn of_this_process(
        identity: Identity,
        ports: PortRange,
        cookie: Option<CookieState>,
        vm_args: Option<PathBuf>,
    ) -> Self {
        let pid = std::process::id();
        Self {
            pid,
            started: start_of(pid).unwrap_or_default(),
            identity,
            ports,
            cookie,
            vm_args,
            http: None,
        }
    }

    /// Writes the file.
    pub(crate) fn write(&self, directory: &Path) -> io::Result<StateFile> {
        let path = directory.join(format!("{}.json", self.pid));
        let unfinished = directory.join(format!("{}.unfinished", self.pid));
        // One of that name is from a process that had our number and was interrupted.
        let _ = fs::remove_file(&unfinished);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        fs::rename(&unfinished, &path)?;
        Ok(StateFile(path))
    }

    /// The nodes that run now, as far as this user may know.
    pub(crate) fn read_all(chosen: Option<&Path>) -> Vec<Self> {
        let files = candidates(chosen)
            .into_iter()
            .filter(|directory| is_ours(directory).unwrap_or(false))
            .filter_map(|directory| fs::read_dir(directory).ok())
            .flat_map(|entries| entries.flatten())
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "json"));
        files
            .filter_map(|path| Self::read(&path))
            .filter(|state| start_of(state.pid) == Some(state.started))
            .collect()
    }

    fn read(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        let file = fs::File::open(path).ok()?;
        file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

fn candidates(chosen: Option<&Path>) -> Vec<PathBuf> {
    match chosen {
        Some(directory) => vec![directory.to_owned()],
        None => vec![
            ROOT_DIRECTORY.into(),
            std::env::temp_dir().join(format!("beamport-{}", Uid::effective())),
        ],
    }
}

fn prepare(directory: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    if is_ours(directory)? {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the directory belongs to somebody else, or others may write to it",
        ))
    }
}

/// Whether nobody but us can have put a file there.
fn is_ours(directory: &Path) -> io::Result<bool> {
    let metadata = fs::symlink_metadata(directory)?;
    let others_may_write = metadata.mode() & 0o022 != 0;
    Ok(metadata.is_dir() && metadata.uid() == Uid::effective().as_raw() && !others_may_write)
}

/// Field 22 of `/proc/PID/stat`. The second field, a name in parentheses, may contain anything.
fn start_of(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = text.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn state() -> NodeState {
        let identity = Identity {
            name: "app".into(),
            host: "10.99.0.1".into(),
        };
        let cookie = CookieState {
            text: "SECRET".into(),
            by_variable: false,
        };
        NodeState::of_this_process(identity, PortRange::Any, Some(cookie), None)
    }

    #[test]
    fn what_is_written_is_found_until_it_is_over() {
        let parent = tempfile::tempdir().unwrap();
        let directory = directory(Some(&parent.path().join("a/b"))).unwrap();
        let file = state().write(&directory).unwrap();
        assert_eq!(fs::metadata(&file.0).unwrap().mode() & 0o777, 0o600);
        assert_eq!(NodeState::read_all(Some(&directory)), [state()]);
        drop(file);
        assert_eq!(NodeState::read_all(Some(&directory)), []);
    }

    #[test]
    fn a_node_that_ended_without_clearing_up_is_not_found() {
        let parent = tempfile::tempdir().unwrap();
        let directory = directory(Some(&parent.path().join("a"))).unwrap();
        let state = NodeState {
            started: 1,
            ..state()
        };
        let _file = state.write(&directory).unwrap();
        assert_eq!(NodeState::read_all(Some(&directory)), []);
    }

    #[test]
    fn a_directory_that_others_may_write_to_is_not_believed() {
        let parent = tempfile::tempdir().unwrap();
        let open = parent.path().join("open");
        let path = directory(Some(&open)).unwrap();
        let _file = state().write(&path).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(directory(Some(&open)).is_err());
        assert_eq!(NodeState::read_all(Some(&open)), []);
    }

    #[test]
    fn our_start_is_known() {
        assert!(start_of(std::process::id()).is_some());
        assert_eq!(start_of(0), None);
    }
}
