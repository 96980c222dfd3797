//! Podman in Docker's place: its API in Docker's form, on a socket of its own.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::Result;
use beamport_lab::{Host, Image, Lab, output, wait_until};
use tempfile::TempDir;

use super::DEADLINE;
use super::client::Client;

/// A Podman service of its own on a host, with its own images and containers.
struct Podman {
    host: Host,
    folder: TempDir,
    service: Option<Child>,
}

#[test]
fn containers_of_podman_are_known_like_those_of_docker() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let image = lab.image(Image::Otp25)?;
    let podman = Podman::start(host)?;
    let image = podman.load(&image)?;
    let docker = format!("unix://{}", podman.socket().display());
    let agent = host.agent(lab.binary(), ["--docker", &docker])?;
    agent.wait_log("following Docker", DEADLINE)?;
    // Where the sandbox does not let limits be raised, Podman's own defaults would.
    let limits = [
        "--ulimit",
        "nofile=1024:1024",
        "--ulimit",
        "nproc=4096:4096",
    ];
    let ports = [
        "-p",
        "5001:12345",
        "-p",
        "127.0.0.1:5002:80",
        "-p",
        "12345/udp",
    ];
    let words = [
        "run",
        "-d",
        "--name",
        "web",
        "--cgroup-parent",
        "docker",
        "-l",
        "beamport.name=shop",
    ];
    let id = podman.run(words.iter().chain(&limits).chain(&ports).chain(&[
        image.as_str(),
        "sleep",
        "600",
    ]))?;

    let outside = Client::on(lab.host(2)?).asking(host.address());
    for name in ["web", "shop", &id[..12], &id] {
        wait_until(&format!("{name} to be known"), DEADLINE, || {
            outside.lookup(name).is_ok_and(|port| port == Some(5001))
        })?;
    }
    let process = podman.run(["inspect", "--format", "{{.State.Pid}}", "web"])?;
    let inside = Client::in_process(host, process.parse()?);
    let _held = inside.register("orders", 12345)?.unwrap();
    assert_eq!(outside.lookup("orders")?, Some(5001));

    podman.run(["kill", "web"])?;
    wait_until("the names to be gone", DEADLINE, || {
        ["orders", "web", "shop"]
            .iter()
            .all(|name| outside.lookup(name).is_ok_and(|port| port.is_none()))
    })?;
    // Podman takes the network away first, so that the end of the connection does not get there.
    agent.wait_log("unregistered node=orders", DEADLINE)?;
    agent.wait_log("is stopped: start it", DEADLINE)
}

impl Podman {
    fn start(host: &Host) -> Result<Self> {
        let mut podman = Self {
            host: host.clone(),
            folder: tempfile::tempdir()?,
            service: None,
        };
        let socket = format!("unix://{}", podman.socket().display());
        let service = podman
            .command()
            .args(["system", "service", "--time", "0", &socket])
            .stdin(Stdio::null())
            .spawn()?;
        podman.service = Some(service);
        let path = podman.socket();
        wait_until("Podman to serve", DEADLINE, || path.exists())?;
        Ok(podman)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("podman.sock")
    }

    /// Takes over an image of the host's dockerd; the name it then has.
    fn load(&self, image: &str) -> Result<String> {
        let file = self.folder.path().join("image.tar");
        let file = file.to_string_lossy();
        self.host.docker(["save", "--output", &file, image])?;
        self.run(["load", "--input", &file])?;
        Ok(image.to_owned())
    }

    fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Result<String> {
        output(self.command().args(arguments))
    }

    fn command(&self) -> Command {
        let mut command = self.host.command("podman");
        for (flag, folder) in [
            ("--root", "root"),
            ("--runroot", "run"),
            ("--tmpdir", "tmp"),
        ] {
            command.arg(flag).arg(self.folder.path().join(folder));
        }
        // With this driver there is nothing to unmount, whatever happens.
        command.args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"]);
        // Docker's runtime: crun refuses machines whose control groups are of both versions.
        command.args(["--runtime", "runc"]);
        command
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let removed = self.run(["rm", "--force", "--all", "--time", "0"]);
        if let Some(service) = &mut self.service {
            let _ = service.kill();
            let _ = service.wait();
        }
        if let Err(error) = removed {
            eprintln!("cannot remove Podman's containers: {error:#}");
        }
    }
}
