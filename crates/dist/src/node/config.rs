//! How a node behaves.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::ProcessLimits;
use crate::frame::FrameLimits;
use crate::tls::Tls;
use crate::{Cookie, FullName};

/// How a node behaves.
#[derive(Debug, Clone)]
pub struct Config {
    /// What it shares with peers.
    pub cookie: Cookie,
    /// What it shares with some peers instead, as by `erlang:set_cookie/2`.
    pub cookies: HashMap<FullName, Cookie>,
    /// How it speaks TLS, with all peers. Default: not at all.
    pub tls: Option<Tls>,
    /// Where it takes connections; port 0 for any. Its name is then registered with the port mapper of this host,
    /// and again whenever the mapper comes back. Default: nowhere, and no port mapper is needed.
    pub listen: Option<SocketAddr>,
    /// The port of all port mappers. Default: 4369.
    pub mapper_port: u16,
    /// How long it may take until a connection stands, all told. Default: 7 s, as in the VM (`net_setuptime`).
    pub setup_time: Duration,
    /// How long a peer may be silent, give or take a quarter; four times in it this node gives a sign of life.
    /// The same on all nodes. Default: 60 s, as in the VM (`net_ticktime`).
    pub tick_time: Duration,
    /// How long [`Node::call`](super::Node::call) and its like wait. Default: 5 s, as `gen_server:call/2` does.
    pub call_time: Duration,
    /// Whether this node, when it dials, takes the place of a connection that the peer still has with a node of its
    /// name, which is this node in an earlier life as a rule. Default: yes, as in the VM.
    pub take_over: bool,
    /// How many messages a mailbox holds. One that is full ends, and the next message finds nobody: it would hold
    /// up all others of its connection. Default: 65536.
    pub inbox: usize,
    /// How many messages may wait for a connection before their senders have to. Default: 128.
    pub outbox: usize,
    /// What peers may send.
    pub limits: FrameLimits,
    /// How many mailboxes there may be, and how many may watch them.
    pub processes: ProcessLimits,
}

impl Config {
    /// All defaults.
    pub fn new(cookie: Cookie) -> Self {
        Self {
            cookie,
            cookies: HashMap::new(),
            tls: None,
            listen: None,
            mapper_port: beamport_epmd::DEFAULT_PORT,
            setup_time: Duration::from_secs(7),
            tick_time: Duration::from_secs(60),
            call_time: Duration::from_secs(5),
            take_over: true,
            inbox: 65536,
            outbox: 128,
            limits: FrameLimits::default(),
            processes: ProcessLimits::default(),
        }
    }

    pub(super) fn cookie_for(&self, peer: &FullName) -> &Cookie {
        self.cookies.get(peer).unwrap_or(&self.cookie)
    }
}
