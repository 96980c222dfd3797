//! A container, as far as reaching the nodes in it goes.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::process::Process;

/// The label that gives a container another name to be known under.
pub const NAME_LABEL: &str = "beamport.name";

/// The label that says which of a container's ports is the Erlang port.
pub const PORT_LABEL: &str = "beamport.port";

/// Labels outside this family are not kept.
pub(crate) const LABEL_PREFIX: &str = "beamport.";

/// A container's full ID: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId(Arc<str>);

impl ContainerId {
    /// How many digits of an ID `docker ps` shows, and a container has as its host name.
    pub const SHORT: usize = 12;

    /// The ID, as Docker writes it.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The full ID.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits.
    pub fn short(&self) -> &str {
        self.0.get(..Self::SHORT).unwrap_or(&self.0)
    }
}

impl Borrow<str> for ContainerId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

/// A container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The full ID.
    pub id: ContainerId,
    /// The name, without the leading slash.
    pub name: Arc<str>,
    /// The labels that begin with `beamport.`.
    pub labels: BTreeMap<String, String>,
    /// Whether its processes run. A paused container runs.
    pub running: bool,
    /// Whether it has the host's network, so that its ports are the host's.
    pub host_network: bool,
    /// Its address on each of its networks, IPv4 and IPv6.
    pub addresses: Vec<IpAddr>,
    /// The TCP ports that are published or exposed, by port.
    pub ports: Vec<Port>,
    /// Its first process; none where it cannot be seen from here, or has not been looked for yet.
    pub process: Option<Process>,
    /// Which of its runs this is: another number after a restart, and a higher one for what started later. Means
    /// nothing outside the inventories of one [`Watch`](crate::Watch).
    pub run: u64,
}

/// A TCP port of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The port inside the container.
    pub number: u16,
    /// The addresses of the host that lead to it; none when it is only exposed.
    pub bindings: Vec<SocketAddr>,
}

impl Container {
    /// The TCP port `number`, if it is published or exposed.
    pub fn port(&self, number: u16) -> Option<&Port> {
        self.ports.iter().find(|port| port.number == number)
    }

    /// The TCP ports that are published.
    pub fn published(&self) -> impl Iterator<Item = &Port> {
        self.ports.iter().filter(|port| !port.bindings.is_empty())
    }

    /// The value of a label that begins with `beamport.`.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    /// Whether `name` is one of the names it goes by: full ID, short ID, name, or [`NAME_LABEL`].
    pub fn goes_by(&self, name: &str) -> bool {
        name == self.id.as_str()
            || name == self.id.short()
            || name == &*self.name
            || self.label(NAME_LABEL) == Some(name)
    }

    /// Whether its first process is seen to be gone. A process that cannot be seen is not.
    pub fn is_seen_dead(&self) -> bool {
        self.process
            .as_ref()
            .is_some_and(|process| !process.is_alive())
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.id)
    }
}
