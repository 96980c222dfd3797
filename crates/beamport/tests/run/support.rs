//! What the tests of `beamport run` share: the command in surroundings of its own.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::ports::free_port;

/// Far more than anything here takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// A home, a state directory and a port mapper's port that nobody else has.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) folder: TempDir,
    pub(crate) epmd_port: u16,
}

impl Surroundings {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            epmd_port: free_port(),
        }
    }

    /// `beamport COMMAND` with these surroundings.
    pub(crate) fn beamport(&self, command: &str) -> Command {
        let mut beamport = Command::new(env!("CARGO_BIN_EXE_beamport"));
        beamport
            .arg(command)
            .arg("--state-dir")
            .arg(self.folder.path().join("state"))
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("ERL_EPMD_PORT", self.epmd_port.to_string())
            // A loaded machine may take its time; tests of the grace period give their own by flag.
            .env("BEAMPORT_GRACE", "60")
            .env_remove("ERL_AFLAGS")
            .env_remove("BEAMPORT_COOKIE")
            .stdin(Stdio::null());
        beamport
    }

    /// `beamport run` without an agent, with `flags`.
    pub(crate) fn run(&self, flags: &[&str]) -> Command {
        let mut run = self.beamport("run");
        run.args(["--agent", "none", "--host", "127.0.0.1"]);
        run.args(flags);
        run
    }
}

/// A process that is ended with the test.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// Files, since a pipe is open for as long as anybody has it that the process left behind.
    stdout: File,
    stderr: File,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let (stdout, stderr) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        command
            .stdout(stdout.try_clone().unwrap())
            .stderr(stderr.try_clone().unwrap());
        Self {
            child: command.spawn().unwrap(),
            stdout,
            stderr,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id() as i32), signal).unwrap();
    }

    /// What it has written so far of what happens to it.
    pub(crate) fn told(&self) -> String {
        // Opened anew, since what is shared with the process that writes is the place in the file too.
        let path = format!("/proc/self/fd/{}", self.stderr.as_raw_fd());
        std::fs::read_to_string(path).unwrap()
    }

    /// Waits for its end, and gives what it wrote and how it ended.
    pub(crate) fn ended(mut self) -> Output {
        wait_until("the process to end", || {
            self.child.try_wait().unwrap().is_some()
        });
        Output {
            status: self.child.wait().unwrap(),
            stdout: read_all(&mut self.stdout),
            stderr: read_all(&mut self.stderr),
        }
    }
}

impl Drop for Running {
    /// In good order, since a VM would outlive a `beamport run` that is killed.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::SIGTERM);
            let _ = self.child.wait();
        }
    }
}

fn read_all(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Asks again and again until `condition` holds.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

pub(crate) fn wait_for_file(path: &Path) {
    wait_until(&path.display().to_string(), || path.exists());
}
