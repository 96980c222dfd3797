//! Running cargo as a stage of a test run.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::TestOptions;
use super::tally::Tally;
use crate::interrupt;

/// A stage may compile everything, on a slow machine.
const DEADLINE: Duration = Duration::from_secs(3600);

/// What cargo wrote before it ended has arrived when nothing came for so long.
const QUIET: Duration = Duration::from_millis(500);

/// Tells tests that they may take their time: as many nodes, and runs, as they are meant for.
const LONG: &str = "BEAMPORT_LONG";

/// A call of cargo.
pub(super) struct Cargo {
    command: Command,
    name: String,
}

impl Cargo {
    pub(super) fn new(flags: &[&str]) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.args(flags).stdin(Stdio::null()).process_group(0);
        // By this variable, which `cargo run` has set for us, cargo-machete tells whether it is cargo that runs it.
        command.env_remove("CARGO_PKG_NAME");
        Self {
            command,
            name: format!("cargo {}", flags.join(" ")),
        }
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Applies what the developer asked for.
    pub(super) fn asked_for(mut self, options: &TestOptions) -> Self {
        self.command.args(&options.filter);
        if options.long {
            self.command.env(LONG, "1");
        }
        self
    }

    /// Flags for the test programs, rather than for cargo.
    pub(super) fn then(mut self, flags: &[&str]) -> Self {
        self.command.arg("--").args(flags);
        self
    }

    /// Runs it, its output shown; an error when it fails.
    pub(super) fn run(self) -> Result<()> {
        self.lines(|line| println!("{line}"))
    }

    /// Runs it, and counts the tests it reports.
    pub(super) fn test(self, tally: &mut Tally) -> Result<()> {
        self.lines(|line| {
            println!("{line}");
            tally.read(line);
        })
    }

    /// Runs it, and counts the tests it lists.
    pub(super) fn count_listed(self) -> Result<usize> {
        let mut count = 0;
        self.lines(|line| count += usize::from(line.ends_with(": test")))?;
        Ok(count)
    }

    fn lines(mut self, mut each: impl FnMut(&str)) -> Result<()> {
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run `{}`", self.name))?;
        let output = child.stdout.take().context("no output to read")?;
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.for_each(|line| drop(sender.send(line)));
        });
        let name = self.name.clone();
        let waiter =
            std::thread::spawn(move || interrupt::wait(&mut child, &format!("`{name}`"), DEADLINE));
        // A daemon that a test left behind may hold the other end, so the end of cargo counts and not of the pipe.
        loop {
            match receiver.recv_timeout(QUIET) {
                Ok(line) => each(&line),
                Err(RecvTimeoutError::Timeout) if waiter.is_finished() => break,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = waiter
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        ensure!(status.success(), "`{}` failed ({status})", self.name);
        Ok(())
    }
}
