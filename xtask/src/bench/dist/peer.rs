//! The nodes that are measured, each a process of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

/// What all nodes share.
pub(crate) const COOKIE: &str = "secret";

/// How long a node may take to start, or a measurement to end.
const DEADLINE: Duration = Duration::from_secs(120);

/// The Erlang side, which each VM compiles.
const TRAFFIC: &str = include_str!("traffic.erl");

/// What a node is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Otp,
    Rust,
}

/// What nodes have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    /// The port of the port mapper.
    pub(crate) mapper: u16,
    /// A folder for files; of TLS too, if the nodes speak it.
    pub(crate) folder: &'a Path,
    pub(crate) tls: bool,
}

/// A node that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Peer {
    name: String,
    child: Child,
    orders: ChildStdin,
    answers: Receiver<String>,
}

impl Peer {
    /// Starts a node, and waits until it takes orders.
    pub(crate) fn start(kind: Kind, name: &str, around: Surroundings<'_>) -> Result<Self> {
        let name = format!("{name}@127.0.0.1");
        let mut command = match kind {
            Kind::Otp => vm(&name, around)?,
            Kind::Rust => rust(&name, around)?,
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", command.get_program().display()))?;
        let orders = child.stdin.take().context("no input to write to")?;
        let output = child.stdout.take().context("no output to read from")?;
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.for_each(|line| drop(sender.send(line)));
        });
        let peer = Self {
            name,
            child,
            orders,
            answers,
        };
        match peer.answer()?.as_str() {
            "ready" => Ok(peer),
            other => Err(anyhow!("{} does not start: {other}", peer.name)),
        }
    }

    /// Has messages sent to another node until it has them all; how long that took.
    pub(crate) fn send(&mut self, to: &Self, size: usize, count: usize) -> Result<Duration> {
        match self.order("send", to, size, count)?.as_slice() {
            [time] => Ok(*time),
            other => Err(anyhow!("{} measured {other:?}", self.name)),
        }
    }

    /// Has messages echoed by another node, one after the other: the median, and what 99 of 100 do not exceed.
    pub(crate) fn echo(&mut self, by: &Self, size: usize, count: usize) -> Result<[Duration; 2]> {
        match self.order("echo", by, size, count)?.as_slice() {
            [median, p99] => Ok([*median, *p99]),
            other => Err(anyhow!("{} measured {other:?}", self.name)),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn order(&mut self, what: &str, to: &Self, size: usize, count: usize) -> Result<Vec<Duration>> {
        writeln!(self.orders, "{what} {} {size} {count}", to.name)?;
        let answer = self.answer()?;
        let numbers = answer
            .split(' ')
            .map(|word| word.parse().map(Duration::from_nanos));
        numbers
            .collect::<Result<_, _>>()
            .with_context(|| format!("{} says {answer:?}", self.name))
    }

    fn answer(&self) -> Result<String> {
        self.answers
            .recv_timeout(DEADLINE)
            .map_err(|_| anyhow!("{} does not answer, or has ended", self.name))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn vm(name: &str, around: Surroundings<'_>) -> Result<Command> {
    let source = around.folder.join("traffic.erl");
    std::fs::write(&source, TRAFFIC)?;
    let source = source.display();
    let program = format!(
        "{{ok, traffic, Beam}} = compile:file(\"{source}\", [binary]), \
         {{module, _}} = code:load_binary(traffic, \"{source}\", Beam), traffic:start()."
    );
    let mut command = Command::new("erl");
    command
        .args(["-name", name, "-setcookie", COOKIE, "-hidden"])
        .args(["-start_epmd", "false", "-noshell"])
        .env("ERL_EPMD_PORT", around.mapper.to_string());
    if around.tls {
        let file = around.folder.join("dist.conf");
        std::fs::write(&file, vm_tls(around.folder))?;
        command
            .args(["-proto_dist", "inet_tls", "-ssl_dist_optfile"])
            .arg(file);
    }
    command.args(["-eval", &program]);
    Ok(command)
}

/// What a VM is told of TLS: the version and the checks that Rust nodes have too.
fn vm_tls(folder: &Path) -> String {
    let file = |kind, name| format!("{{{kind}, \"{}\"}}", folder.join(name).display());
    let common = [
        file("certfile", "cert.pem"),
        file("keyfile", "key.pem"),
        file("cacertfile", "ca.pem"),
        "{verify, verify_peer}, {versions, ['tlsv1.3']}".to_owned(),
    ]
    .join(", ");
    format!("[{{server, [{common}, {{fail_if_no_peer_cert, true}}]}}, {{client, [{common}]}}].")
}

fn rust(name: &str, around: Surroundings<'_>) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "traffic", name, "--mapper"]);
    command.arg(around.mapper.to_string());
    if around.tls {
        command.arg("--tls").arg(around.folder);
    }
    Ok(command)
}
