//! How a node behaves.
//!
//! # How much to allow
//!
//! Everything that others can make a node hold has a limit, and the defaults are those of a node among peers that it
//! trusts: they leave room for whatever VMs do, and only keep what has gone wrong from taking the machine.
//!
//! | what | who can fill it | bounded by |
//! |---|---|---|
//! | a connection: what comes | its peer | [`limits`](Config::limits): a frame and all unfinished messages |
//! | a connection: what goes | this node, while the peer does not read | [`outbox`](Config::outbox) |
//! | a connection: atoms | its peer, and this node | 2048 of at most 1020 bytes in either direction, by protocol |
//! | a mailbox | all peers | [`inbox`](Config::inbox) and [`inbox_bytes`](Config::inbox_bytes), and one message of at most what `limits` allow |
//! | links and monitors | a peer | [`processes`](Config::processes) |
//! | connections | who knows the cookie | [`connections`](Config::connections) |
//! | handshakes | anyone | [`handshakes`](Config::handshakes), each for [`setup_time`](Config::setup_time) |
//!
//! To be safe from peers that are not trusted that far, set `limits.frame` and `limits.unfinished_bytes` to a few
//! times the largest message that is expected, and `inbox_bytes` such that as much fits into memory for each mailbox;
//! decoded, small terms take several times their bytes. Peers that are not trusted at all must not know the cookie, as
//! with it they can do on VMs whatever they like.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
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
    /// Where some hosts are, whatever `/etc/hosts` and the name servers say: addresses by the part of a node's name
    /// after the `@`. For nodes that are nearer than their names tell, behind the same translated address. Default:
    /// none.
    pub hosts: HashMap<String, IpAddr>,
    /// The port of all port mappers. Default: 4369.
    pub mapper_port: u16,
    /// How long it may take until a connection stands, all told. Default: 7 s, as in the VM (`net_setuptime`).
    pub setup_time: Duration,
    /// How long a peer may be silent, give or take one of the parts that [`tick_intensity`](Self::tick_intensity)
    /// says. The same on all nodes. Default: 60 s, as in the VM (`net_ticktime`).
    ///
    /// Less to hear sooner of hosts that are gone without a word; it is also how long a node may hang, for lack of
    /// processor or memory, until it is taken for gone. Translating gateways forget connections that are silent for
    /// some minutes, which the default keeps well below.
    pub tick_time: Duration,
    /// How many signs of life this node gives in that time, at least 4. Default: 4, as in the VM
    /// (`net_tickintensity`). More makes what is silent for too long known more exactly.
    pub tick_intensity: u32,
    /// When this node connects without being asked to. Default: always.
    pub auto_connect: AutoConnect,
    /// The only nodes that this one connects with, whoever dials, as by `net_kernel:allow/1`. Default: all.
    pub allowed: Option<HashSet<FullName>>,
    /// How many nodes may be connected before others that dial are turned away. Each takes two tasks, a cache of
    /// 2048 atoms for either direction, and what waits in [`outbox`](Self::outbox). Default: 4096.
    pub connections: usize,
    /// How many peers may shake hands at a time; others wait to be taken. Each holds a socket for no longer than
    /// [`setup_time`](Self::setup_time), so that this many can be held up by who proves nothing. Default: 128.
    pub handshakes: usize,
    /// How long [`Node::call`](super::Node::call) and its like wait. Default: 5 s, as `gen_server:call/2` does.
    pub call_time: Duration,
    /// How long a node that ends waits for what was sent to be on its way, and [`Node::stop`](super::Node::stop) for
    /// all of it. Default: 5 s.
    pub stop_time: Duration,
    /// Whether this node, when it dials, takes the place of a connection that the peer still has with a node of its
    /// name, which is this node in an earlier life as a rule. Default: yes, as in the VM.
    pub take_over: bool,
    /// How many messages a mailbox holds. One that is full holds up the connection that brings more, and ends when it
    /// does so for a second. Default: 65536.
    pub inbox: usize,
    /// How many bytes of messages and signals from other nodes a mailbox holds, as they arrived, before it is full in the
    /// same way. One more may go beyond that, so that what is larger can be received at all. Default: 256 MiB.
    pub inbox_bytes: usize,
    /// How many bytes may wait for a connection before those who send to it have to; what is left of large messages
    /// that take turns is not counted. Default: 1 MiB, as in the VM (`+zdbbl`).
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
            hosts: HashMap::new(),
            mapper_port: beamport_epmd::DEFAULT_PORT,
            setup_time: Duration::from_secs(7),
            tick_time: Duration::from_secs(60),
            tick_intensity: 4,
            auto_connect: AutoConnect::default(),
            allowed: None,
            connections: 4096,
            handshakes: 128,
            call_time: Duration::from_secs(5),
            stop_time: Duration::from_secs(5),
            take_over: true,
            inbox: 65536,
            inbox_bytes: 256 << 20,
            outbox: 1 << 20,
            limits: FrameLimits::default(),
            processes: ProcessLimits::default(),
        }
    }

    /// Whether this node connects with a peer at all.
    pub(super) fn allows(&self, peer: &FullName) -> bool {
        let allowed = self.allowed.as_ref();
        allowed.is_none_or(|allowed| allowed.contains(peer))
    }

    /// How often a sign of life is given.
    pub(super) fn tick_interval(&self) -> Duration {
        self.tick_time / self.tick_intensity.max(4)
    }

    /// How long a peer may do nothing before it counts as gone.
    pub(super) fn patience(&self) -> Duration {
        self.tick_time + self.tick_interval()
    }
}

/// When a node connects without being asked to: because something is to be sent. [`Node::connect`] asks it to, and
/// peers may always connect.
///
/// [`Node::connect`]: super::Node::connect
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AutoConnect {
    /// Whenever something is to be sent.
    #[default]
    Always,
    /// Only to nodes that have not been connected before: a connection that was lost is not made again. As
    /// `dist_auto_connect once`.
    Once,
    /// Never. As `dist_auto_connect never`.
    Never,
}
