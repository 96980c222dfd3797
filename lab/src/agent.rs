//! A Beamport agent on a host of the lab.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;

use crate::host::Host;
use crate::process::Process;
use crate::record;
use crate::wait::wait_until;

const START_DEADLINE: Duration = Duration::from_secs(30);
const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// An agent that somebody started. Ended when dropped, unless it is to run on.
#[derive(Debug)]
pub struct Agent {
    host: Host,
    binary: PathBuf,
    flags: Vec<OsString>,
    log: PathBuf,
    child: Child,
    process: Process,
    is_kept: bool,
}

impl Host {
    /// Starts an agent with `flags` and waits until its port mapper takes connections.
    pub fn agent<F: AsRef<OsStr>>(
        &self,
        binary: &Path,
        flags: impl IntoIterator<Item = F>,
    ) -> Result<Agent> {
        let mut agent = self.spawn_agent(binary, flags)?;
        agent.wait_serving()?;
        Ok(agent)
    }

    /// Starts an agent with `flags`, for a test that wants to see how it starts or fails to.
    ///
    /// It is told its daemon's socket and the host's address, unless `flags` say otherwise.
    pub fn spawn_agent<F: AsRef<OsStr>>(
        &self,
        binary: &Path,
        flags: impl IntoIterator<Item = F>,
    ) -> Result<Agent> {
        let mut flags: Vec<OsString> = flags.into_iter().map(|f| f.as_ref().to_owned()).collect();
        add_default(
            &mut flags,
            "--docker",
            format!("unix://{}", self.docker_socket().display()),
        );
        add_default(&mut flags, "--advertise", self.address().to_string());
        let log = self.folder().join("agent.log");
        File::create(&log)?;
        let (child, process) = spawn(self, binary, &flags, &log)?;
        Ok(Agent {
            host: self.clone(),
            binary: binary.to_owned(),
            flags,
            log,
            child,
            process,
            is_kept: false,
        })
    }
}

impl Agent {
    /// All it has logged, over restarts too.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until its log has `needle`.
    pub fn wait_log(&self, needle: &str, deadline: Duration) -> Result<()> {
        wait_until(&format!("{needle:?} in the agent's log"), deadline, || {
            self.log().contains(needle)
        })
        .with_context(|| format!("the log:\n{}", self.log()))
    }

    /// Waits until it ended by itself, and gives its exit code; none if a signal ended it.
    pub fn wait_end(&mut self, deadline: Duration) -> Result<Option<i32>> {
        let mut status = None;
        wait_until("the agent to end", deadline, || {
            status = self.child.try_wait().ok().flatten();
            status.is_some()
        })?;
        Ok(status.and_then(|status| status.code()))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without a warning.
    pub fn kill9(&mut self) -> Result<()> {
        self.end(Signal::SIGKILL)
    }

    /// Ends it in good order.
    pub fn stop(&mut self) -> Result<()> {
        self.end(Signal::SIGTERM)
    }

    /// Starts it again, as it was started first, after [`Agent::kill9`] or [`Agent::stop`].
    pub fn start(&mut self) -> Result<()> {
        if self.process.is_alive() {
            bail!("the agent of {} still runs", self.host.name());
        }
        (self.child, self.process) = spawn(&self.host, &self.binary, &self.flags, &self.log)?;
        self.wait_serving()
    }

    /// Lets it run on, until the lab's next user or its end.
    pub fn leave_running(mut self) {
        self.is_kept = true;
    }

    fn wait_serving(&mut self) -> Result<()> {
        let port_mapper = SocketAddr::from((self.host.address(), 4369));
        let mut ended = None;
        let host = &self.host;
        let child = &mut self.child;
        wait_until("the agent to take connections", START_DEADLINE, || {
            ended = child.try_wait().ok().flatten();
            let dial = || TcpStream::connect_timeout(&port_mapper, Duration::from_secs(1)).is_ok();
            ended.is_some() || host.inside(dial).unwrap_or(false)
        })
        .with_context(|| format!("the log:\n{}", self.log()))?;
        match ended {
            None => Ok(()),
            Some(status) => bail!(
                "the agent of {host_name} ended ({status}):\n{}",
                self.log(),
                host_name = self.host.name()
            ),
        }
    }

    fn end(&mut self, signal: Signal) -> Result<()> {
        self.process.signal(signal);
        self.wait_end(STOP_DEADLINE)?;
        record::remove_process(&self.host.instance, self.process);
        Ok(())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = self.end(Signal::SIGKILL);
        }
    }
}

fn spawn(host: &Host, binary: &Path, flags: &[OsString], log: &Path) -> Result<(Child, Process)> {
    let log = File::options().append(true).open(log)?;
    let child = host
        .command(binary)
        .arg("agent")
        .args(flags)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("cannot start the agent")?;
    let process = Process::of(&child).context("the agent was gone at once")?;
    record::add_process(&host.instance, process)?;
    Ok((child, process))
}

fn add_default(flags: &mut Vec<OsString>, flag: &str, value: String) {
    let given = flags.iter().any(|given| {
        let given = given.to_string_lossy();
        given == flag || given.starts_with(&format!("{flag}="))
    });
    if !given {
        flags.push(flag.into());
        flags.push(value.into());
    }
}
