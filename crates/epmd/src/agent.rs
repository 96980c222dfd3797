//! What an agent tells about itself, and about who asks.
//!
//! An agent is the port mapper of a Docker host. It answers a lookup of [`NAME`] with a hidden registration on
//! its own port, whose [`Extra`] carries [`AgentFacts`]. That is how an entrypoint inside a container learns
//! which container it is in and under which ports others reach it: with a request that every port mapper
//! client can make. Any other port mapper answers that there is no such name.
//!
//! In the same way an agent tells why it does not give the port of a name: asked for [`why_name`] of it, it answers
//! with a registration whose [`Extra`] carries the [reason](reason_to_extra).

use crate::annotations::Annotations;
use crate::node::{Extra, NodeName};

/// The name an agent answers for itself under. No BEAM node has it: node names cannot contain a dot.
pub const NAME: &str = "beamport.agent";

/// What is put before a name to ask about it. As with [`NAME`], the dot keeps nodes from having such a name.
const WHY_PREFIX: &str = "why.";

const WHY: &str = "why";
const KNOWN: &str = "known";

const HOST: &str = "host";
const VERSION: &str = "version";
const ASKER: &str = "asker";
const CONTAINER: &str = "container";
const CONTAINER_NAME: &str = "name";
const PORTS: &str = "ports";

const ASKER_HOST: &str = "host";
const ASKER_CONTAINER: &str = "container";

/// Whom to ask an agent for, to hear why it does not give the port of `name`; none if that is too long to be asked.
pub fn why_name(name: &NodeName) -> Option<NodeName> {
    format!("{WHY_PREFIX}{name}").parse().ok()
}

/// The name that is asked about, if this is [such](why_name) a question.
pub fn asked_why(name: &NodeName) -> Option<NodeName> {
    name.as_str().strip_prefix(WHY_PREFIX)?.parse().ok()
}

/// Why an agent does not give the port of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A sentence for people.
    pub text: String,
    /// Whether something is known under the name.
    pub is_known: bool,
}

/// Writes a reason. Of a text that is too long the end is left out.
pub fn reason_to_extra(reason: Reason) -> Extra {
    let Reason { mut text, is_known } = reason;
    loop {
        let annotations = Annotations::new()
            .with(WHY, text.as_str())
            .with(KNOWN, if is_known { "yes" } else { "no" });
        if let Some(extra) = annotations.to_extra() {
            return extra;
        }
        // A character may take twelve bytes there, so that it cannot be told how many there is room for.
        text.pop();
    }
}

/// Reads the reason out of an agent's answer; none when there is none.
pub fn reason_from_extra(extra: &Extra) -> Option<Reason> {
    let annotations = Annotations::from_extra(extra)?;
    Some(Reason {
        text: annotations.value(WHY)?.to_owned(),
        is_known: annotations.value(KNOWN) != Some("no"),
    })
}

/// What an agent tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentFacts {
    /// The address or host name under which other hosts dial this host's published ports: the part after the
    /// `@` in the names of its nodes.
    pub host: String,
    /// The agent's release.
    pub version: String,
    /// Who asks.
    pub asker: Asker,
}

/// Who asks, as the agent sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// A process on the host itself, or in a container with host networking: its ports are reached as they are.
    Host,
    /// A container of this host.
    Container(ContainerFacts),
    /// An address that belongs to no container the agent knows of. It may belong to one that was started this
    /// moment: asking again within a second or two tells.
    Unknown,
}

/// A container, as its agent sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerFacts {
    /// The full ID: 64 hexadecimal digits.
    pub id: String,
    /// The name Docker knows it by, without the leading slash.
    pub name: String,
    /// The TCP ports that other hosts reach.
    pub ports: Vec<PublishedPort>,
}

/// A TCP port of a container, and the port of the host that leads to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedPort {
    /// The port inside the container.
    pub container: u16,
    /// The port of the host.
    pub published: u16,
}

impl ContainerFacts {
    /// The host's port that leads to `port` of the container, if it is published.
    pub fn published(&self, port: u16) -> Option<u16> {
        let found = self.ports.iter().find(|p| p.container == port)?;
        Some(found.published)
    }
}

impl AgentFacts {
    /// Reads what an agent answered; none when the answer is not an agent's.
    pub fn from_extra(extra: &Extra) -> Option<Self> {
        let annotations = Annotations::from_extra(extra)?;
        let text = |key| annotations.value(key).map(str::to_owned);
        let asker = match annotations.value(ASKER)? {
            ASKER_HOST => Asker::Host,
            ASKER_CONTAINER => Asker::Container(ContainerFacts {
                id: text(CONTAINER)?,
                name: text(CONTAINER_NAME)?,
                ports: parse_ports(annotations.value(PORTS).unwrap_or_default())?,
            }),
            _ => Asker::Unknown,
        };
        Some(Self {
            host: text(HOST)?,
            version: text(VERSION)?,
            asker,
        })
    }

    /// Writes the facts. Where they do not fit, the ports at the end of the list are left out: the first ones
    /// are those that matter to the asker.
    pub fn to_extra(&self) -> Extra {
        let mut facts = self.clone();
        loop {
            if let Some(extra) = facts.annotations().to_extra() {
                return extra;
            }
            let shortened = match &mut facts.asker {
                Asker::Container(container) => container.ports.pop().is_some(),
                Asker::Host | Asker::Unknown => false,
            };
            if !shortened {
                return Extra::default();
            }
        }
    }

    fn annotations(&self) -> Annotations {
        let annotations = Annotations::new()
            .with(HOST, &self.host)
            .with(VERSION, &self.version);
        match &self.asker {
            Asker::Host => annotations.with(ASKER, ASKER_HOST),
            Asker::Unknown => annotations.with(ASKER, "unknown"),
            Asker::Container(container) => annotations
                .with(ASKER, ASKER_CONTAINER)
                .with(CONTAINER, &container.id)
                .with(CONTAINER_NAME, &container.name)
                .with(PORTS, print_ports(&container.ports)),
        }
    }
}

fn print_ports(ports: &[PublishedPort]) -> String {
    let each: Vec<_> = ports
        .iter()
        .map(|port| format!("{}:{}", port.container, port.published))
        .collect();
    each.join(",")
}

fn parse_ports(text: &str) -> Option<Vec<PublishedPort>> {
    text.split_terminator(',')
        .map(|pair| {
            let (container, published) = pair.split_once(':')?;
            Some(PublishedPort {
                container: container.parse().ok()?,
                published: published.parse().ok()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(asker: Asker) -> AgentFacts {
        AgentFacts {
            host: "10.99.0.1".to_owned(),
            version: "0.1.0".to_owned(),
            asker,
        }
    }

    fn container(ports: Vec<PublishedPort>) -> Asker {
        Asker::Container(ContainerFacts {
            id: "ab".repeat(32),
            name: "web".to_owned(),
            ports,
        })
    }

    #[test]
    fn facts_survive_the_wire() {
        let ports = vec![
            PublishedPort {
                container: 12345,
                published: 32771,
            },
            PublishedPort {
                container: 80,
                published: 8080,
            },
        ];
        for asker in [
            Asker::Host,
            Asker::Unknown,
            container(Vec::new()),
            container(ports),
        ] {
            let facts = facts(asker);
            assert_eq!(AgentFacts::from_extra(&facts.to_extra()), Some(facts));
        }
    }

    #[test]
    fn ports_that_do_not_fit_are_left_out() {
        let ports: Vec<_> = (1..=500)
            .map(|n| PublishedPort {
                container: n,
                published: 30000 + n,
            })
            .collect();
        let read = AgentFacts::from_extra(&facts(container(ports)).to_extra()).unwrap();
        let Asker::Container(read) = read.asker else {
            panic!("{read:?}")
        };
        assert!(read.ports.len() > 50);
        assert_eq!(read.published(1), Some(30001));
        assert_eq!(read.published(500), None);
    }

    #[test]
    fn a_reason_is_asked_for_by_name() {
        let name: NodeName = "shop".parse().unwrap();
        let asked = why_name(&name).unwrap();
        assert_eq!(asked.as_str(), "why.shop");
        assert_eq!(asked_why(&asked), Some(name.clone()));
        assert_eq!(asked_why(&name), None);
        assert_eq!(asked_why(&"why.".parse().unwrap()), None);
        assert_eq!(why_name(&"x".repeat(255).parse().unwrap()), None);
    }

    #[test]
    fn a_reason_survives_the_wire_as_far_as_it_fits() {
        let told = |text: &str, is_known| {
            let text = text.to_owned();
            reason_from_extra(&reason_to_extra(Reason { text, is_known })).unwrap()
        };
        for is_known in [false, true] {
            let text = "container web (abc) is stopped: start it";
            let reason = told(text, is_known);
            assert_eq!((reason.text.as_str(), reason.is_known), (text, is_known));
            let long = "\u{1F608}".repeat(2000);
            let reason = told(&long, is_known);
            assert!(reason.text.len() > 200 && long.starts_with(&reason.text));
            assert_eq!(reason.is_known, is_known);
        }
        assert_eq!(reason_from_extra(&Extra::default()), None);
    }

    #[test]
    fn other_port_mappers_are_no_agents() {
        assert_eq!(AgentFacts::from_extra(&Extra::default()), None);
        let cluster = Annotations::new().with("cluster", "shop");
        assert_eq!(AgentFacts::from_extra(&cluster.to_extra().unwrap()), None);
    }
}
