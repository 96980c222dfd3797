//! The flags of `beamport run`, and the values they take.

use std::ffi::OsString;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::assemble::AssembleOptions;
use super::launcher::Launcher;
use crate::time_span;

/// The flags of `beamport run`.
#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// The node's name, before the `@` or with host; a template: {container}, {container_name},
    /// {hostname}, {host}, {address} [default: {container}, outside of containers {hostname}]
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,

    /// The node's host, which every peer can reach; a template as well [default: what the agent says,
    /// without an agent the container's own address]
    #[arg(long, value_name = "HOST")]
    pub(super) host: Option<String>,

    /// Where the VM accepts distribution connections: a port, a range such as 12345-12349 for several
    /// VMs in one container, or `any`
    #[arg(long, default_value = "12345", value_name = "PORTS")]
    pub(super) port: PortRange,

    /// The agent's address, or `none` [default: the default gateway, if an agent answers there]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) agent: Option<AgentChoice>,

    /// How long to wait for the agent at start [default: 30s for a given agent, else 1s]
    #[arg(long, value_name = "TIME", value_parser = time_span::parse)]
    pub(super) agent_wait: Option<Duration>,

    /// A file with the cookie; the variable BEAMPORT_COOKIE is the other way to give one
    #[arg(long, value_name = "FILE")]
    pub(super) cookie_file: Option<PathBuf>,

    /// Make up a cookie if there is none, and keep it in ~/.erlang.cookie
    #[arg(long)]
    pub(super) generate_cookie: bool,

    /// What kind of command this is, which decides the variables it is given [default: what the command looks like]
    #[arg(long, value_enum, value_name = "KIND")]
    pub(super) launcher: Option<Launcher>,

    /// How long the command may take to end after a signal before it is killed
    #[arg(long, default_value = "8s", value_name = "TIME", value_parser = time_span::parse)]
    pub(super) grace: Duration,

    /// The command's limit of open files [default: as it is, but at most 65536]
    #[arg(long, value_name = "N")]
    pub(super) nofile: Option<u64>,

    /// Where to leave what `beamport exec` needs [default: /run/beamport, else below /tmp]
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(super) assemble: AssembleOptions,

    /// The command that starts the node
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

/// The ports that the VMs of this container may listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PortRange {
    /// Any free port: nothing can be published for it beforehand.
    Any,
    /// These, the lowest free one first.
    From {
        /// The first port.
        low: NonZeroU16,
        /// The last port; `low` again when only one will do.
        high: NonZeroU16,
    },
}

impl PortRange {
    /// The first port, unless it is any.
    pub(super) fn first(self) -> Option<NonZeroU16> {
        match self {
            Self::Any => None,
            Self::From { low, .. } => Some(low),
        }
    }
}

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "any" {
            return Ok(Self::Any);
        }
        let port = |text: &str| {
            text.parse::<NonZeroU16>()
                .map_err(|_| format!("`{text}` is no port; give 1 to 65535, a range, or `any`"))
        };
        let (low, high) = match text.split_once('-') {
            Some((low, high)) => (port(low)?, port(high)?),
            None => (port(text)?, port(text)?),
        };
        if low > high {
            return Err(format!("the range {text} ends before it begins"));
        }
        Ok(Self::From { low, high })
    }
}

/// Which agent to register with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AgentChoice {
    /// None: peers share a network with this container.
    None,
    /// The one at this address, on the port of all port mappers unless given.
    At {
        /// Its address.
        address: IpAddr,
        /// Its port.
        port: Option<NonZeroU16>,
    },
}

impl FromStr for AgentChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::At {
                address,
                port: None,
            });
        }
        let with_port: std::net::SocketAddr = text
            .parse()
            .map_err(|_| format!("`{text}` is no IP address, no ADDRESS:PORT, and not `none`"))?;
        Ok(Self::At {
            address: with_port.ip(),
            port: NonZeroU16::new(with_port.port()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_one_or_a_range_or_any() {
        let range = |low, high| PortRange::From {
            low: NonZeroU16::new(low).unwrap(),
            high: NonZeroU16::new(high).unwrap(),
        };
        assert_eq!("12345".parse(), Ok(range(12345, 12345)));
        assert_eq!("12345-12346".parse(), Ok(range(12345, 12346)));
        assert_eq!("any".parse(), Ok(PortRange::Any));
        for wrong in ["", "0", "65536", "2-1", "1-", "-1", "a", "1-2-3"] {
            assert!(wrong.parse::<PortRange>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_agent_is_none_or_an_address() {
        let at = |address: &str, port| AgentChoice::At {
            address: address.parse().unwrap(),
            port: NonZeroU16::new(port),
        };
        assert_eq!("none".parse(), Ok(AgentChoice::None));
        assert_eq!("172.17.0.1".parse(), Ok(at("172.17.0.1", 0)));
        assert_eq!("172.17.0.1:4000".parse(), Ok(at("172.17.0.1", 4000)));
        assert_eq!("fd00::1".parse(), Ok(at("fd00::1", 0)));
        assert_eq!("[fd00::1]:4000".parse(), Ok(at("fd00::1", 4000)));
        assert!("gateway".parse::<AgentChoice>().is_err());
    }
}
