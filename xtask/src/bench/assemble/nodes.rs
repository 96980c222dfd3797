//! Real VMs under `beamport run`, which write down when what happens to them.

use std::collections::HashMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use beamport_epmd::client;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::runtime::{self, Runtime};

use crate::bench::contenders::Contender;
use crate::bench::dist::{COOKIE, mapper};

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Between two looks: a figure is that much too large at worst.
const PAUSE: Duration = Duration::from_micros(500);

/// Writes down how many members there are, and since when.
const LISTENER: &str = "\
-module(bench_listener).
-export([on_state_change/3]).
on_state_change(_, _, #{members := Members, node := Node}) ->
    Line = io_lib:format(\"~b ~b~n\", [length(Members), os:system_time(nanosecond)]),
    ok = file:write_file(atom_to_list(Node) ++ \".heard\", Line, [append]).
";

/// A moment as VMs have it: since the epoch.
type Moment = Duration;

/// Nodes that know of one another.
pub(super) struct Nodes {
    folder: TempDir,
    mapper: u16,
    /// For questions to the port mapper.
    runtime: Runtime,
    sentry: String,
    running: HashMap<String, Child>,
}

impl Drop for Nodes {
    /// In good order, since a VM would outlive a `beamport run` that is killed.
    fn drop(&mut self) {
        for child in self.running.values() {
            let _ = kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM);
        }
        for child in self.running.values_mut() {
            let _ = child.wait();
        }
    }
}

impl Nodes {
    pub(super) fn new(names: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("bench_listener.erl"), LISTENER)?;
        let compiled = Command::new("erlc")
            .arg("bench_listener.erl")
            .current_dir(&folder)
            .status()?;
        ensure!(compiled.success(), "erlc failed: {compiled}");
        let names: Vec<_> = names
            .iter()
            .map(|name| format!("{name}@127.0.0.1"))
            .collect();
        Ok(Self {
            folder,
            mapper: mapper::start()?,
            runtime: runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            sentry: names.join(","),
            running: HashMap::new(),
        })
    }

    /// Starts a node that waits for so many.
    pub(super) fn start(&mut self, name: &str, consensus: usize) -> Result<()> {
        let (sentry, consensus) = (self.sentry.clone(), consensus.to_string());
        let flags = ["--sentry", &sentry, "--consensus", &consensus];
        self.run(
            name,
            &[&flags[..], &["--listener", "bench_listener"]].concat(),
        )
    }

    /// Starts one that waits for nothing.
    pub(super) fn start_free(&mut self, name: &str) -> Result<()> {
        self.run(name, &[])
    }

    fn run(&mut self, name: &str, flags: &[&str]) -> Result<()> {
        let folder = self.folder.path();
        for file in ["heard", "started"] {
            let _ = fs::remove_file(self.file(name, file));
        }
        let program = "Line = io_lib:format(\"~b ~s\", [os:system_time(nanosecond), os:getpid()]), \
             File = atom_to_list(node()) ++ \".started\", \
             ok = file:write_file(File ++ \".new\", Line), ok = file:rename(File ++ \".new\", File).";
        let child = Contender::our_program()?
            .args([
                "run",
                "--log",
                "error",
                "--name",
                name,
                "--host",
                "127.0.0.1",
            ])
            .args(["--agent", "none", "--port", "any", "--state-dir"])
            .arg(folder.join("state"))
            .args(flags)
            .args(["--", "erl", "-noinput", "-eval", program])
            .current_dir(folder)
            .env("HOME", folder)
            .env("ERL_EPMD_PORT", self.mapper.to_string())
            .env("BEAMPORT_COOKIE", COOKIE)
            .stdin(Stdio::null())
            // VMs say there that they end.
            .stdout(Stdio::null())
            .spawn()
            .context("cannot run beamport")?;
        self.running.insert(name.to_owned(), child);
        Ok(())
    }

    /// Kills a node's VM; when.
    pub(super) fn kill(&mut self, name: &str) -> Result<Moment> {
        self.wait_for_application(name)?;
        let started = self.started(name).context("it has not started")?;
        let (_, process) = started.split_once(' ').context("no process")?;
        let at = now();
        kill(Pid::from_raw(process.parse()?), Signal::SIGKILL)?;
        if let Some(mut run) = self.running.remove(name) {
            run.wait()?;
        }
        Ok(at)
    }

    /// Waits until the port mapper knows a node; when.
    pub(super) fn wait_until_up(&self, name: &str) -> Result<Moment> {
        let mapper = SocketAddr::from((Ipv4Addr::LOCALHOST, self.mapper));
        let node = name.parse()?;
        wait_for(&format!("{name} to be up"), || {
            let deadline = tokio::time::Instant::now() + DEADLINE;
            let asked = self
                .runtime
                .block_on(client::lookup(mapper, &node, deadline));
            asked.is_ok_and(|found| found.is_some()).then(now)
        })
    }

    /// Waits until a node's application has started; when.
    pub(super) fn wait_for_application(&self, name: &str) -> Result<Moment> {
        wait_for(&format!("{name} to start"), || {
            let started = self.started(name)?;
            nanoseconds(started.split_once(' ')?.0)
        })
    }

    /// Waits until a node's listener was told last that there are so many; when.
    pub(super) fn wait_for_members(&self, name: &str, count: usize) -> Result<Moment> {
        wait_for(&format!("{name} to have {count} members"), || {
            let heard = fs::read_to_string(self.file(name, "heard")).ok()?;
            let (members, at) = heard.lines().next_back()?.split_once(' ')?;
            (members.parse() == Ok(count)).then(|| nanoseconds(at))?
        })
    }

    fn started(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.file(name, "started")).ok()
    }

    fn file(&self, name: &str, kind: &str) -> PathBuf {
        self.folder.path().join(format!("{name}@127.0.0.1.{kind}"))
    }
}

/// From one moment to a later one.
pub(super) fn since(begin: Moment, end: Moment) -> Duration {
    end.saturating_sub(begin)
}

fn wait_for<T>(what: &str, look: impl Fn() -> Option<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        ensure!(begun.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::park_timeout(PAUSE);
    }
}

fn nanoseconds(text: &str) -> Option<Moment> {
    text.parse().ok().map(Duration::from_nanos)
}

fn now() -> Moment {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}
