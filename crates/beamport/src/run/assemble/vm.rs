//! The VM, from within: a process of ours in it that tells what goes on and does what it is asked to.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use beamport_cluster::membership::{Message, Phase};
use beamport_dist::FullName;
use beamport_dist::node::{
    CallError, Config, ConnectError, Mailbox, Node, Received, Spawn, StartError,
};
use beamport_ring::Otp;
use beamport_term::{Atom, Pid, Reference, Term, atom};
use tokio::time::sleep;

use super::words;

/// The process, as expressions in Erlang.
const WATCHER: &str = include_str!("watcher.erl");

/// What it makes of a ring, likewise.
const WHOIS: &str = include_str!("whois.erl");

/// How often a VM is dialled that is about to start its distribution, in the end; sooner at first.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LAST_PAUSE: Duration = Duration::from_millis(100);

/// How long to wait before the VM is spoken to again that did not do as it was asked.
const RETRY: Duration = Duration::from_millis(500);

/// How long a call to the VM may take. It is busy when it boots.
const CALL_TIME: Duration = Duration::from_secs(30);

/// Why the VM is not spoken with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VmError {
    /// Our side of the connection cannot be had.
    #[error("cannot make a node to speak with the VM: {0}")]
    Start(#[from] StartError),
    /// The VM does not do as it is asked.
    #[error("the VM does not take the watcher: {0}")]
    Call(#[from] CallError),
    /// The VM does not read the watcher as Erlang.
    #[error("the VM cannot read the watcher: {0}")]
    Parse(Term),
}

/// What the VM tells.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    /// A watcher has begun, in a VM of this release, and these nodes are connected.
    Begun(Otp, Vec<FullName>),
    /// A node is connected.
    Up(FullName),
    /// A node is connected no longer, for this reason.
    Down(FullName, String),
    /// A dial has ended: whether the node is connected.
    Dialled(FullName, bool),
    /// Another node's watcher has sent a message.
    Heard(FullName, Message),
    /// The watcher is gone: the VM's distribution has ended, or somebody has killed it.
    Gone,
}

/// Makes [`Link`]s to a VM.
#[derive(Debug)]
pub(super) struct Vm {
    name: FullName,
    node: Node,
}

/// A watcher in the VM.
#[derive(Debug)]
pub(super) struct Link {
    vm: FullName,
    mailbox: Mailbox,
    watcher: Pid,
    monitor: Option<Reference>,
}

impl Vm {
    /// For the VM of this name, on this machine, which has registered or will register with the port mapper here.
    pub(super) async fn new(name: FullName, config: Config) -> Result<Self, VmError> {
        let own: FullName = format!("beamport-{name}")
            .parse()
            .unwrap_or_else(|_| name.clone());
        let config = Config {
            hosts: HashMap::from([(name.host().to_owned(), IpAddr::V4(Ipv4Addr::LOCALHOST))]),
            call_time: CALL_TIME,
            ..config
        };
        let node = Node::start(own, config).await?;
        Ok(Self { name, node })
    }

    /// Makes a link, however long that takes. Cancel safe: a watcher that nobody owns ends.
    pub(super) async fn link(self: Arc<Self>) -> Link {
        loop {
            match self.try_to_link().await {
                Ok(link) => return link,
                Err(error) => {
                    tracing::warn!(vm = %self.name, %error, "the VM cannot be watched yet");
                    sleep(RETRY).await;
                }
            }
        }
    }

    /// Waits until the VM's distribution runs, and starts a watcher in it.
    async fn try_to_link(&self) -> Result<Link, VmError> {
        let mut pause = FIRST_PAUSE;
        let mut warned = false;
        while let Err(error) = self.node.connect(&self.name).await {
            let is_there = matches!(*error, ConnectError::Tls(_) | ConnectError::Handshake(_));
            if is_there && !warned {
                // That it does not run yet needs no words, but who is there and says no may say so for ever.
                tracing::warn!(vm = %self.name, %error, "the VM does not let this command in");
                warned = true;
            } else {
                tracing::debug!(vm = %self.name, %error, "the VM is not to be reached yet");
            }
            sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
        let program = self.parse(WATCHER).await?;
        let mailbox = self.node.mailbox();
        let bindings = Term::list([
            (atom!("Owner"), Term::from(mailbox.pid().clone())),
            (atom!("Whois"), self.parse(WHOIS).await?),
        ]);
        let spawn = Spawn {
            monitor: true,
            ..Spawn::new(atom!("erl_eval"), atom!("exprs"), vec![program, bindings])
        };
        let spawned = mailbox.spawn(&self.name, spawn).await?;
        Ok(Link {
            vm: self.name.clone(),
            mailbox,
            watcher: spawned.pid,
            monitor: spawned.monitor,
        })
    }

    /// Has the VM make expressions of a text.
    async fn parse(&self, text: &str) -> Result<Term, VmError> {
        let arguments = Term::list([Term::charlist(text)]);
        let scanned = self
            .node
            .rpc(&self.name, atom!("erl_scan"), atom!("string"), arguments)
            .await?;
        let Some([tokens, _]) = scanned.tagged("ok") else {
            return Err(VmError::Parse(scanned));
        };
        let arguments = Term::list([tokens.clone()]);
        let parsed = self
            .node
            .rpc(
                &self.name,
                atom!("erl_parse"),
                atom!("parse_exprs"),
                arguments,
            )
            .await?;
        match parsed.tagged("ok") {
            Some([expressions]) => Ok(expressions.clone()),
            _ => Err(VmError::Parse(parsed)),
        }
    }
}

impl Link {
    /// What the VM tells next. Cancel safe.
    pub(super) async fn next(&mut self) -> Told {
        loop {
            match self.mailbox.receive().await {
                Some(Received::Message(message)) => {
                    if let Some(told) = told(&message) {
                        return told;
                    }
                    tracing::debug!(vm = %self.vm, %message, "what the VM tells is not understood");
                }
                Some(Received::Down {
                    reference, reason, ..
                }) if Some(&reference) == self.monitor.as_ref() => {
                    tracing::info!(vm = %self.vm, %reason, "the watcher in the VM is gone");
                    return Told::Gone;
                }
                Some(_) => {}
                None => return Told::Gone,
            }
        }
    }

    pub(super) async fn dial(&self, peer: &FullName) {
        self.ask((self.owner(), atom!("dial"), peer.to_atom()))
            .await;
    }

    pub(super) async fn open(&self) {
        self.ask((self.owner(), atom!("open"))).await;
    }

    pub(super) async fn tell(&self, peer: &FullName, message: &Message) {
        let message = words::to_term(message);
        self.ask((self.owner(), atom!("tell"), peer.to_atom(), message))
            .await;
    }

    /// What is published next, and all after it, has this ring.
    pub(super) async fn ring(&self, points: Term) {
        self.ask((self.owner(), atom!("ring"), points)).await;
    }

    pub(super) async fn publish(&self, map: Term) {
        self.ask((self.owner(), atom!("publish"), map)).await;
    }

    /// Has the listener called, with what was published last.
    pub(super) async fn notify(&self, module: &Atom, phases: [Phase; 2]) {
        let [from, to] = phases.map(phase_atom);
        self.ask((self.owner(), atom!("notify"), module.clone(), from, to))
            .await;
    }

    fn owner(&self) -> Term {
        self.mailbox.pid().clone().into()
    }

    /// What does not reach the watcher is lost with it: its successor is told everything anew.
    async fn ask(&self, request: impl Into<Term>) {
        let watcher = self.watcher.clone().into();
        if let Err(error) = self.mailbox.send(&watcher, request.into()).await {
            tracing::debug!(vm = %self.vm, %error, "the watcher cannot be asked");
        }
    }
}

/// The phase as Erlang has it.
pub(super) fn phase_atom(phase: Phase) -> Atom {
    // The names of phases are short, and atoms.
    Atom::new(phase.as_str()).unwrap_or(atom!("undefined"))
}

/// The release, as a VM says it: "25". One that says something else is newer.
fn otp(release: &Term) -> Otp {
    let digits = release.to_string();
    let number = digits.trim_matches('"').parse();
    number.map_or(Otp::From26, Otp::of_release)
}

fn told(message: &Term) -> Option<Told> {
    if let Some([release, nodes]) = message.tagged("begun") {
        let names = nodes.as_list()?.iter();
        return Some(Told::Begun(
            otp(release),
            names.filter_map(|name| words::full_name(&name)).collect(),
        ));
    }
    if let Some([node]) = message.tagged("up") {
        return words::full_name(node).map(Told::Up);
    }
    if let Some([node, reason]) = message.tagged("down") {
        return Some(Told::Down(words::full_name(node)?, reason.to_string()));
    }
    if let Some([node, connected]) = message.tagged("dialled") {
        return Some(Told::Dialled(
            words::full_name(node)?,
            connected.is_atom("true"),
        ));
    }
    let [node, message] = message.tagged("heard")? else {
        return None;
    };
    Some(Told::Heard(
        words::full_name(node)?,
        words::from_term(message)?,
    ))
}
