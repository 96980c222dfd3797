//! The flags of `beamport run` that are about the cluster.

use std::time::Duration;

use beamport_cluster::Sentry;
use beamport_cluster::membership::OnTimeout;
use clap::{Args, ValueEnum};

use super::listener::Listener;
use crate::http::LoopbackAddress;
use crate::time_span;
use crate::tls::TlsOptions;

/// The flags of `beamport run` that are about the cluster.
#[derive(Debug, Args)]
pub(crate) struct AssembleOptions {
    /// Where the cluster's nodes are found: NODE@HOST,…, dns://NAME, srv://NAME, hosts://HOST,… [default:
    /// nowhere; the node joins no cluster of its own accord]
    #[arg(long, value_name = "SENTRY")]
    pub(crate) sentry: Option<Sentry>,

    /// How many nodes, this one among them, have to be connected before applications start
    #[arg(long, default_value = "1", value_name = "N", requires = "sentry")]
    pub(crate) consensus: usize,

    /// How long to wait for them, such as 30s or 5m; 0 waits for ever
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = time_span::parse)]
    pub(crate) consensus_timeout: Duration,

    /// What becomes of a node that has waited that long: `exit`, with code 75, or `open`, starting all the same
    #[arg(long, default_value = "exit", value_name = "WHAT")]
    pub(crate) on_timeout: Policy,

    /// How applications are held until then: `boot` holds the VM's boot; `launch` does not start the VM before as many
    /// others are about to, for RabbitMQ and whatever starts its distribution late; `off` does not hold them
    #[arg(long, default_value = "boot", value_name = "WHAT")]
    pub(crate) gate: Gate,

    /// The cluster's name: nodes of another are left alone, whoever lists them
    #[arg(long, default_value = "", value_name = "NAME")]
    pub(crate) cluster: String,

    /// What this node is called on the ring, for nodes whose names change with their containers: a template as
    /// --name is [default: the node's name]
    #[arg(long, value_name = "PLACE")]
    pub(crate) place: Option<String>,

    /// A module whose on_state_change(From, To, State) the VM calls after each change: my_listener, or
    /// MyApp.Listener of Elixir
    #[arg(long, value_name = "MODULE")]
    pub(crate) listener: Option<Listener>,

    /// A command for the shell that is run after each change: see BEAMPORT_PHASE, BEAMPORT_MEMBERS,
    /// BEAMPORT_LEADER, and JSON on its standard input
    #[arg(long, value_name = "COMMAND")]
    pub(crate) on_change: Option<String>,

    /// Where to tell of the cluster by HTTP, on this machine: /ready, /v1/status, /v1/ring, /v1/events [default: a free
    /// port of 127.0.0.1, which `beamport whois` finds]
    #[arg(long, value_name = "ADDRESS:PORT", requires = "sentry")]
    pub(crate) http: Option<LoopbackAddress>,

    /// How TLS is spoken with the VM, if it speaks TLS.
    #[command(flatten)]
    pub(super) tls: TlsOptions,
}

impl AssembleOptions {
    /// Whether the VM's boot is held.
    pub(crate) fn holds(&self) -> bool {
        self.sentry.is_some() && self.gate == Gate::Boot
    }

    /// How long to wait for consensus; none waits for ever.
    pub(super) fn patience(&self) -> Option<Duration> {
        (!self.consensus_timeout.is_zero()).then_some(self.consensus_timeout)
    }
}

/// What becomes of a node that waited for consensus in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Policy {
    /// The node ends.
    Exit,
    /// Its applications start.
    Open,
}

/// How applications are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Gate {
    /// By the VM's boot.
    Boot,
    /// By not starting the VM.
    Launch,
    /// Not at all.
    Off,
}

impl From<Policy> for OnTimeout {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Exit => Self::Exit,
            Policy::Open => Self::Open,
        }
    }
}
