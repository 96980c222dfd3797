//! Why a name is not answered with a port, and what to do about it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use beamport_docker::PORT_LABEL;

/// Why a name is not answered with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// Nothing on this host is known under the name.
    Unknown,
    /// Nothing is known under the name, and what is known is not all: Docker does not answer.
    UnknownWithoutDocker {
        /// What Docker's silence looks like.
        error: Arc<str>,
    },
    /// The container went by the name and does not run.
    Stopped { container: String },
    /// The container has the port for itself.
    NotPublished {
        container: String,
        port: u16,
        /// The TCP ports it does publish.
        published: Vec<u16>,
    },
    /// The port is published on other addresses of the host than the one dialled.
    PublishedElsewhere {
        container: String,
        port: u16,
        dialled: IpAddr,
        bindings: Vec<SocketAddr>,
    },
    /// The container has the host's network, so that no port of it can be known from Docker.
    HostNetwork { container: String },
    /// The container's label is no port.
    BadPortLabel { container: String, label: String },
    /// The container ran when Docker was last heard of, and whether it still does cannot be seen.
    Unconfirmed { container: String, error: Arc<str> },
}

impl Reason {
    /// Whether something is known under the name.
    pub(super) fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown | Self::UnknownWithoutDocker { .. })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str(
                "no node registered this name, and no container of this host goes by it",
            ),
            Self::UnknownWithoutDocker { error } => write!(
                f,
                "no node registered this name, and whether a container goes by it cannot be told: \
                 Docker does not answer ({error})"
            ),
            Self::Stopped { container } => {
                write!(f, "container {container} is stopped: start it")
            }
            Self::NotPublished {
                container,
                port,
                published,
            } => {
                write!(
                    f,
                    "container {container} does not publish port {port}: start it with `-p {port}`"
                )?;
                match published.as_slice() {
                    [] => f.write_str(" (it publishes no TCP port)"),
                    ports => write!(
                        f,
                        ", or name the Erlang port with the label {PORT_LABEL} (it publishes {})",
                        listed(ports)
                    ),
                }
            }
            Self::PublishedElsewhere {
                container,
                port,
                dialled,
                bindings,
            } => write!(
                f,
                "container {container} publishes port {port} on {} only, and {dialled} was dialled: \
                 start it with `-p {port}`, which publishes on all addresses",
                listed(bindings)
            ),
            Self::HostNetwork { container } => write!(
                f,
                "container {container} has the host's network: its nodes are known by what they register \
                 on 127.0.0.1, and none registered this name"
            ),
            Self::BadPortLabel { container, label } => write!(
                f,
                "container {container} has the label {PORT_LABEL}={label}, which is no port"
            ),
            Self::Unconfirmed { container, error } => write!(
                f,
                "whether container {container} still runs cannot be told: Docker does not answer ({error})"
            ),
        }
    }
}

fn listed<T: ToString>(all: &[T]) -> String {
    let texts: Vec<_> = all.iter().map(T::to_string).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpublished_port_comes_with_the_remedy() {
        let reason = |published: &[u16]| {
            Reason::NotPublished {
                container: "web (abc)".to_owned(),
                port: 12345,
                published: published.to_vec(),
            }
            .to_string()
        };
        assert_eq!(
            reason(&[]),
            "container web (abc) does not publish port 12345: start it with `-p 12345` \
             (it publishes no TCP port)"
        );
        assert!(reason(&[80, 443]).ends_with("(it publishes 80, 443)"));
    }
}
