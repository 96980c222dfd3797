//! A Docker host of the lab.

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns};

use crate::command::output;
use crate::instance::Instance;
use crate::switch;

/// The environment of what runs on a host: this machine's own settings are not the host's.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Old daemons write a key into /etc/docker, which is not ours to write to: each host has an empty one of its own.
const HIDE_KEYS: &str = "mkdir -p /etc/docker && mount -t tmpfs tmpfs /etc/docker";

/// A Docker host: a network namespace with an address, a host name and a Docker daemon.
#[derive(Debug, Clone)]
pub struct Host {
    pub(crate) instance: Instance,
    number: u8,
}

impl Host {
    pub(crate) fn new(instance: &Instance, number: u8) -> Self {
        Self {
            instance: instance.clone(),
            number,
        }
    }

    /// 1 for the first.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// `host1`, `host2`, …
    pub fn name(&self) -> String {
        format!("host{}", self.number)
    }

    /// The address on the switch: 10.99.0.N.
    pub fn address(&self) -> Ipv4Addr {
        switch::address(self.number)
    }

    /// Where its Docker daemon listens.
    pub fn docker_socket(&self) -> PathBuf {
        self.folder().join("docker.sock")
    }

    /// Runs `docker` against its daemon, for a minute at most, and gives what it printed.
    pub fn docker<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<String> {
        output(self.docker_command().args(arguments)).with_context(|| self.name())
    }

    /// The `docker` client, talking to its daemon.
    pub fn docker_command(&self) -> Command {
        let mut command = Command::new("docker");
        command
            .env_remove("DOCKER_CONTEXT")
            .env_remove("DOCKER_HOST")
            .env_remove("DOCKER_TLS_VERIFY")
            .arg("--host")
            .arg(format!("unix://{}", self.docker_socket().display()));
        command
    }

    /// Runs a command on the host, for a minute at most, and gives what it printed.
    pub fn exec<A: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = A>) -> Result<String> {
        let mut words = words.into_iter();
        let program = words.next().context("nothing to run")?;
        output(self.command(program).args(words)).with_context(|| self.name())
    }

    /// A command that runs on the host: in its network, under its host name, with a plain environment.
    ///
    /// The process that is started becomes `program` itself, so its id is the program's.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net={}", self.network_namespace().display()))
            .arg(format!("--uts={}", self.uts_namespace().display()))
            .arg("--")
            .arg(program)
            .env_clear()
            .env("PATH", PATH)
            .env(
                "DOCKER_HOST",
                format!("unix://{}", self.docker_socket().display()),
            )
            .env("HOME", "/root")
            .env("LANG", "C.UTF-8");
        command
    }

    /// Does `work` with sockets of the host's network: one that it opens stays there, wherever it is used later.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        in_network(&self.network_namespace(), work)
    }

    /// Does `work` with sockets of a container's network, as [`Host::inside`] does with the host's.
    pub fn inside_container<T: Send>(
        &self,
        container: &str,
        work: impl FnOnce() -> T + Send,
    ) -> Result<T> {
        let process = self.docker(["inspect", "--format", "{{.State.Pid}}", container])?;
        self.inside_process(process.parse()?, work)
    }

    /// Does `work` with sockets of the network that a process is in, as [`Host::inside`] does with the host's.
    pub fn inside_process<T: Send>(
        &self,
        process: u32,
        work: impl FnOnce() -> T + Send,
    ) -> Result<T> {
        in_network(Path::new(&format!("/proc/{process}/ns/net")), work)
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.instance.folder().join(self.name())
    }

    pub(crate) fn network_namespace(&self) -> PathBuf {
        switch::namespace_path(&self.instance.host_namespace(self.number))
    }

    pub(crate) fn uts_namespace(&self) -> PathBuf {
        self.folder().join("uts")
    }

    pub(crate) fn mount_namespace(&self) -> PathBuf {
        self.folder().join("mounts")
    }

    /// Makes the host's folder, its name, and its view of the file system, the latter two in namespaces that are
    /// held by mounts in that folder.
    ///
    /// The mounts of the daemon and of its containers are in that view only. It outlives the daemon, whose
    /// containers may do so too.
    pub(crate) fn build(&self) -> Result<()> {
        let folder = self.folder();
        std::fs::create_dir_all(&folder)?;
        let (names, mounts) = (self.uts_namespace(), self.mount_namespace());
        // A mount namespace can only be held where mounts do not propagate.
        let mut mount = Command::new("mount");
        output(
            mount
                .args(["--bind", "--make-private"])
                .arg(&folder)
                .arg(&folder),
        )?;
        std::fs::write(&names, "")?;
        std::fs::write(&mounts, "")?;
        let mut unshare = Command::new("unshare");
        output(
            unshare
                .arg(format!("--uts={}", names.display()))
                .args(["hostname", &self.name()]),
        )?;
        let mut unshare = Command::new("unshare");
        output(
            unshare
                .arg(format!("--mount={}", mounts.display()))
                .args(["sh", "-c", HIDE_KEYS]),
        )?;
        Ok(())
    }
}

/// Does `work` in a network namespace. Namespaces are a thread's, and this thread ends with the work.
fn in_network<T: Send>(path: &Path, work: impl FnOnce() -> T + Send) -> Result<T> {
    let namespace =
        std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    std::thread::scope(|scope| {
        scope
            .spawn(|| {
                setns(&namespace, CloneFlags::CLONE_NEWNET)
                    .with_context(|| format!("cannot enter {}", path.display()))?;
                Ok(work())
            })
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
