//! The demo where Docker hosts cannot be had: three nodes of this machine under `beamport run`.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use beamport_lab::{Build, control, wait_until};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::cluster::{Cluster, Member};
use super::{paint, story};
use crate::show::Show;

const NAMES: [&str; 3] = ["orders", "stock", "billing"];

/// Which of them dies: not the first, whose port mapper the others use.
const VICTIM: usize = 1;
const SUCCESSOR: &str = "search";

/// Asks a node for its distribution port: that of the socket which net_kernel owns.
const LISTENING_PORT: &str = "[P] = [P || S <- erlang:ports(), \
     erlang:port_info(S, connected) =:= {connected, whereis(net_kernel)}, {ok, P} <- [inet:port(S)]], P.";

const HOST: &str = "127.0.0.1";
const START_DEADLINE: Duration = Duration::from_secs(60);
const END_DEADLINE: Duration = Duration::from_secs(20);

pub(super) fn run() -> Result<()> {
    let show = Show::new();
    println!(
        "{}",
        paint::bold("Beamport: Erlang nodes under `beamport run`\n")
    );
    let binary = show.step("beamport, a static release binary", || {
        beamport_lab::build_static_binary(Build::Release)
    })?;
    let folder = tempfile::tempdir().context("cannot make a folder for cookie and state")?;
    std::fs::write(folder.path().join("cookie"), "demo")?;
    let mut machine = Machine {
        binary,
        folder: folder.path().to_owned(),
        // Not 4369, which may be somebody's.
        port_mapper: free_port()?,
        nodes: Vec::new(),
    };
    let mut cluster = Cluster::default();
    show.step("three nodes", || {
        for name in NAMES {
            cluster.0.push(machine.start(name)?);
        }
        Ok(())
    })?;
    story::tell(&show, &mut cluster, VICTIM, &mut machine)?;
    println!(
        "\n  Each node: `beamport run --name NAME --host {HOST} --port any -- erl …`, and no epmd.\n"
    );
    Ok(())
}

/// The processes of the demo, which end with it.
struct Machine {
    binary: PathBuf,
    folder: PathBuf,
    port_mapper: u16,
    nodes: Vec<Running>,
}

/// A node's VM and the `beamport run` above it.
struct Running {
    run: Child,
    vm: Pid,
}

impl Machine {
    fn start(&mut self, name: &str) -> Result<Member> {
        let control = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let log = std::fs::File::create(self.folder.join(format!("{name}.log")))?;
        let mut run = Command::new(&self.binary)
            .args([
                "run", "--name", name, "--host", HOST, "--port", "any", "--agent", "none",
            ])
            .arg("--cookie-file")
            .arg(private(&self.folder.join("cookie"))?)
            .arg("--state-dir")
            .arg(self.folder.join(name))
            .args([
                "--",
                "erl",
                "-noinput",
                "-eval",
                &control::serve(control.port()),
            ])
            .env("ERL_EPMD_PORT", self.port_mapper.to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .context("cannot start beamport run")?;
        let node = format!("{name}@{HOST}");
        let ask = move |expressions: &str| control::ask(control, expressions);
        let wanted = format!("'{node}'");
        let up = wait_until(&format!("{node} to be up"), START_DEADLINE, || {
            ask("node().").is_ok_and(|name| name == wanted)
        });
        if let Err(error) = up {
            end(&mut run)?;
            return Err(error.context(self.log(name)));
        }
        let vm = ask("os:getpid().")?.trim_matches('"').parse()?;
        self.nodes.push(Running {
            run,
            vm: Pid::from_raw(vm),
        });
        Ok(Member {
            host: HOST.to_owned(),
            place: format!("process {vm}"),
            otp: ask("erlang:system_info(otp_release).")?
                .trim_matches('"')
                .to_owned(),
            port: ask(LISTENING_PORT)?,
            ask: Box::new(ask),
            is_gone: false,
            node,
        })
    }

    fn log(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.folder.join(format!("{name}.log")));
        format!("its output: {}", text.unwrap_or_default())
    }
}

impl story::Stage for Machine {
    fn kill(&mut self, _: &Cluster, position: usize) -> Result<()> {
        let node = self.nodes.get_mut(position).context("no such node")?;
        kill(node.vm, Signal::SIGKILL)?;
        wait_end(&mut node.run)
    }

    fn start_another(&mut self) -> Result<Member> {
        self.start(SUCCESSOR)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            let _ = end(&mut node.run);
        }
    }
}

/// Ends a `beamport run`, which ends its node.
fn end(run: &mut Child) -> Result<()> {
    if run.try_wait()?.is_none() {
        kill(Pid::from_raw(i32::try_from(run.id())?), Signal::SIGTERM)?;
    }
    wait_end(run)
}

fn wait_end(run: &mut Child) -> Result<()> {
    wait_until("beamport run to end", END_DEADLINE, || {
        matches!(run.try_wait(), Ok(Some(_)))
    })
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((HOST, 0))?.local_addr()?.port())
}

/// Cookies are read only from files that are the owner's alone.
fn private(path: &Path) -> Result<&Path> {
    use std::os::unix::fs::PermissionsExt;

    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o400))?;
    Ok(path)
}
