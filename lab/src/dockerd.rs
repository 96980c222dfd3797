//! A host's Docker daemon.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::Signal;
use serde_json::json;

use crate::host::Host;
use crate::process::{self, Process};
use crate::record;
use crate::wait::wait_until;

const START_DEADLINE: Duration = Duration::from_secs(60);
const STOP_DEADLINE: Duration = Duration::from_secs(30);

impl Host {
    /// Starts the Docker daemon and waits until it serves.
    pub fn start_dockerd(&self) -> Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.dockerd_log())?;
        if !self.dockerd_config().exists() {
            self.configure_dockerd(false, None)?;
        }
        // A client that dials what a killed daemon left behind would get "connection refused".
        let _ = fs::remove_file(self.dockerd_id_file());
        let mut child = self
            .command("nsenter")
            .arg(format!("--mount={}", self.mount_namespace().display()))
            .args(["--", "dockerd", "--config-file"])
            .arg(self.dockerd_config())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .context("cannot start dockerd")?;
        let process = Process::of(&child).context("dockerd was gone at once")?;
        record::add_process(&self.instance, process)?;
        let what = format!("dockerd of {} to serve", self.name());
        let mut ended = None;
        let served = wait_until(&what, START_DEADLINE, || {
            ended = child.try_wait().ok().flatten();
            ended.is_some()
                || self
                    .docker(["version", "--format", "{{.Server.Version}}"])
                    .is_ok()
        });
        match (served, ended) {
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(status)) => {
                bail!(
                    "dockerd of {} ended ({status}): {}",
                    self.name(),
                    self.log_end()
                )
            }
            (Err(error), _) => Err(error.context(self.log_end())),
        }
    }

    /// Ends the Docker daemon in good order. Its containers end too, unless it has [`Host::set_live_restore`].
    pub fn stop_dockerd(&self) -> Result<()> {
        self.end_dockerd(Signal::SIGTERM)
    }

    /// Ends the Docker daemon with SIGKILL, its containers running on.
    pub fn kill9_dockerd(&self) -> Result<()> {
        self.end_dockerd(Signal::SIGKILL)
    }

    /// Whether the Docker daemon runs.
    pub fn has_dockerd(&self) -> bool {
        self.dockerd().is_some()
    }

    /// Whether containers outlive the end of their daemon. At first, and in each new test, they do not.
    pub fn set_live_restore(&self, on: bool) -> Result<()> {
        self.configure_dockerd(on, None)?;
        let wanted = format!("{on}");
        if let Some(dockerd) = self.dockerd() {
            dockerd.signal(Signal::SIGHUP);
            wait_until(
                "dockerd to take its new configuration",
                START_DEADLINE,
                || {
                    self.docker(["info", "--format", "{{.LiveRestoreEnabled}}"])
                        .is_ok_and(|now| now == wanted)
                },
            )?;
        }
        Ok(())
    }

    /// Starts the Docker daemon anew, to serve over TLS too: at port 2376 of the host's address, until the next test.
    ///
    /// `folder` has its certificate and key, `cert.pem` and `key.pem`, and in `ca.pem` the authority that must have
    /// signed its clients' certificates.
    pub fn serve_tls(&self, folder: &Path) -> Result<()> {
        self.stop_dockerd()?;
        self.configure_dockerd(false, Some(folder))?;
        self.start_dockerd()
    }

    /// Ends a Docker daemon that serves over TLS; started again, it does not.
    pub(crate) fn end_tls(&self) -> Result<()> {
        let configuration = fs::read_to_string(self.dockerd_config()).unwrap_or_default();
        if configuration.contains("tlsverify") {
            if self.has_dockerd() {
                self.stop_dockerd()?;
            }
            self.configure_dockerd(false, None)?;
        }
        Ok(())
    }

    /// Whether `process` is the Docker daemon.
    pub(crate) fn is_dockerd(&self, process: Process) -> bool {
        self.dockerd() == Some(process)
    }

    fn end_dockerd(&self, signal: Signal) -> Result<()> {
        let dockerd = self
            .dockerd()
            .with_context(|| format!("{} has no dockerd running", self.name()))?;
        let containerd = read_process(&self.folder().join("exec/containerd/containerd.pid"));
        dockerd.signal(signal);
        dockerd.wait_end(STOP_DEADLINE)?;
        record::remove_process(&self.instance, dockerd);
        // It dies with dockerd. The next dockerd takes one that is not reaped yet for alive, and waits for it in vain.
        if let Some(containerd) = containerd {
            containerd.wait_reaped(STOP_DEADLINE)?;
        }
        Ok(())
    }

    fn dockerd(&self) -> Option<Process> {
        let process = read_process(&self.dockerd_id_file())?;
        let here = process::in_network_namespace(&self.network_namespace());
        (process.is_alive() && here.contains(&process)).then_some(process)
    }

    fn configure_dockerd(&self, live_restore: bool, tls: Option<&Path>) -> Result<()> {
        let folder = self.folder();
        let socket = format!("unix://{}", self.docker_socket().display());
        let mut configuration = json!({
            "data-root": folder.join("data"),
            "exec-root": folder.join("exec"),
            "pidfile": self.dockerd_id_file(),
            "hosts": [&socket],
            "cgroup-parent": self.instance.host_cgroup(self.number()),
            // With the daemon's own driver a parent group may have any name.
            "exec-opts": ["native.cgroupdriver=cgroupfs"],
            "live-restore": live_restore,
            "shutdown-timeout": 5,
        });
        if let (Some(tls), Some(configuration)) = (tls, configuration.as_object_mut()) {
            let network = format!("tcp://{}:2376", self.address());
            configuration.extend([
                ("hosts".to_owned(), json!([socket, network])),
                ("tlsverify".to_owned(), json!(true)),
                ("tlscacert".to_owned(), json!(tls.join("ca.pem"))),
                ("tlscert".to_owned(), json!(tls.join("cert.pem"))),
                ("tlskey".to_owned(), json!(tls.join("key.pem"))),
            ]);
        }
        fs::write(
            self.dockerd_config(),
            serde_json::to_vec_pretty(&configuration)?,
        )?;
        Ok(())
    }

    fn dockerd_config(&self) -> PathBuf {
        self.folder().join("daemon.json")
    }

    fn dockerd_id_file(&self) -> PathBuf {
        self.folder().join("docker.pid")
    }

    fn dockerd_log(&self) -> PathBuf {
        self.folder().join("dockerd.log")
    }

    fn log_end(&self) -> String {
        let text = fs::read_to_string(self.dockerd_log()).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(8).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

fn read_process(id_file: &Path) -> Option<Process> {
    Process::with_id(fs::read_to_string(id_file).ok()?.trim().parse().ok()?)
}
