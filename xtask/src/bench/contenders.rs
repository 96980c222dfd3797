//! The servers that are measured, each a process of its own on a port of its own.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use beamport_epmd::directory::Client;
use beamport_epmd::server::{Config, Server, listen};
use beamport_epmd::{Directory as _, LocalDirectory, Registration};
use clap::{Args, ValueEnum};

use super::{load, trivial};

/// How long a server may take until it listens; one has 100 000 names to take first.
const DEADLINE: Duration = Duration::from_secs(60);

/// How many ports are tried.
const ATTEMPTS: usize = 5;

/// A server for the bench itself to start.
#[derive(Debug, Args)]
pub(crate) struct ServeOptions {
    kind: Kind,
    #[arg(long)]
    port: u16,
    /// How many names it holds without a connection
    #[arg(long, default_value_t = 0)]
    names: usize,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Accepts, reads, writes, closes
    Trivial,
    /// Our server with names that no connection holds
    Directory,
}

/// A server that runs until this is dropped.
#[derive(Debug)]
pub(super) struct Contender {
    child: Child,
    pub(super) address: SocketAddr,
    /// How many names can be looked up there.
    pub(super) names: usize,
    held: Vec<TcpStream>,
}

impl Contender {
    /// Stock epmd.
    pub(super) fn stock(names: usize) -> Result<Self> {
        Self::start(names, |address| {
            let mut command = Command::new("epmd");
            command.args(["-port", &port(address)]);
            Ok(command)
        })?
        .filled()
    }

    /// Ours, in its place.
    pub(super) fn ours(names: usize) -> Result<Self> {
        Self::ours_empty(names)?.filled()
    }

    /// Ours, before it has the names.
    pub(super) fn ours_empty(names: usize) -> Result<Self> {
        Self::start(names, |address| {
            let mut command = Self::our_program()?;
            command.args(["epmd", "-port", &port(address)]);
            Ok(command)
        })
    }

    /// An agent that knows so many containers from the API at `docker`.
    pub(super) fn agent(names: usize, docker: &Path) -> Result<Self> {
        Self::start(names, |address| {
            let mut command = Self::our_program()?;
            command
                .args(["agent", "--log", "warn", "--advertise", "127.0.0.1"])
                .args(["--listen", &address.to_string()])
                .arg("--docker")
                .arg(format!("unix://{}", docker.display()));
            Ok(command)
        })
    }

    /// The program that is built beside this one.
    pub(super) fn our_program() -> Result<Command> {
        let program: PathBuf = std::env::current_exe()?.with_file_name("beamport");
        ensure!(
            program.exists(),
            "{} is missing: cargo build --release --package beamport",
            program.display()
        );
        Ok(Command::new(program))
    }

    /// The least there can be.
    pub(super) fn trivial() -> Result<Self> {
        Self::start(1, |address| Self::this_program("trivial", 0, address))
    }

    /// Our server with names that take no sockets.
    pub(super) fn directory(names: usize) -> Result<Self> {
        Self::start(names, |address| {
            Self::this_program("directory", names, address)
        })
    }

    fn this_program(kind: &str, names: usize, address: SocketAddr) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["bench", "serve", kind, "--port", &port(address)])
            .args(["--names", &names.to_string()]);
        Ok(command)
    }

    /// Starts what `command` makes for an address. Somebody else may take that between our look and the server's:
    /// then another is tried.
    fn start(names: usize, command: impl Fn(SocketAddr) -> Result<Command>) -> Result<Self> {
        let mut outcome = String::new();
        for _ in 0..ATTEMPTS {
            let address = free_address()?;
            let mut command = command(address)?;
            let program = command.get_program().display().to_string();
            let child = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .with_context(|| format!("cannot run {program}"))?;
            let mut contender = Self {
                child,
                address,
                names,
                held: Vec::new(),
            };
            match contender.wait_listening()? {
                None => return Ok(contender),
                Some(status) => outcome = format!("{program} ended at once: {status}"),
            }
        }
        bail!("{outcome}, on {ATTEMPTS} ports")
    }

    /// Waits until the server listens; how it ended, if it did instead.
    fn wait_listening(&mut self) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let is_answered = TcpStream::connect(self.address).is_ok();
            // Looked at after that: where it has ended, another one answered.
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            if is_answered {
                return Ok(None);
            }
            ensure!(
                Instant::now() < deadline,
                "a server does not listen in time"
            );
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn filled(mut self) -> Result<Self> {
        self.fill()?;
        Ok(self)
    }

    /// Registers the names.
    pub(super) fn fill(&mut self) -> Result<()> {
        self.held = load::register(self.address, 0..self.names)?;
        Ok(())
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

fn port(address: SocketAddr) -> String {
    address.port().to_string()
}

/// An address that nobody listens on, below the ports that the kernel gives to connections, of which lookups make
/// many.
fn free_address() -> Result<SocketAddr> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    let start = RandomState::new().hash_one(()) as u16 % COUNT;
    (0..COUNT)
        .map(|n| SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST + (start + n) % COUNT)))
        .find(|address| TcpListener::bind(address).is_ok())
        .context("no free port")
}

impl Drop for Contender {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is one of the servers, in a process that the bench has started.
pub(super) fn serve(options: &ServeOptions) -> Result<()> {
    let listener = listen((Ipv4Addr::LOCALHOST, options.port).into())?;
    match options.kind {
        Kind::Trivial => {
            listener.set_nonblocking(false)?;
            trivial::serve(&listener)
        }
        Kind::Directory => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(serve_directory(listener, options)),
    }
}

async fn serve_directory(listener: TcpListener, options: &ServeOptions) -> Result<()> {
    let directory = Arc::new(LocalDirectory::new());
    let address = listener.local_addr()?;
    let client = Client::new(address, address);
    let mut leases = Vec::with_capacity(options.names);
    for number in 0..options.names {
        let node = Registration::new(load::name(number).parse()?, NonZeroU16::MIN);
        leases.push(directory.register(&client, node).await?.lease);
    }
    let config = Config {
        port: options.port,
        ..Config::default()
    };
    Server::new(config, directory)
        .serve(vec![listener], std::future::pending())
        .await?;
    Ok(())
}
