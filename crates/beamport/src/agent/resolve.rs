//! From a name to the port of the host that leads to its node. Pure: what is known goes in, a port or the reason
//! why there is none comes out.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;

use beamport_docker::{Container, NAME_LABEL, PORT_LABEL, Snapshot, Status};
use beamport_epmd::{NodeName, agent};

use super::reason::Reason;
use super::registry::{Held, Owner};

/// The port, on the address `dialled`, of a node that registered.
pub(super) fn registered(
    held: &Held,
    snapshot: &Snapshot,
    dialled: IpAddr,
) -> Result<NonZeroU16, Reason> {
    match &held.owner {
        Owner::Host => Ok(held.node.port),
        Owner::Container { id, .. } => {
            // It is gone, and its names are about to be.
            let container = snapshot.inventory.by_id(id).ok_or(Reason::Unknown)?;
            if container.is_seen_dead() {
                return Err(Reason::Unknown);
            }
            published(container, held.node.port.get(), dialled)
        }
    }
}

/// The port, on the address `dialled`, of the container that goes by `name`.
pub(super) fn derived(
    name: &NodeName,
    snapshot: &Snapshot,
    default_port: NonZeroU16,
    dialled: IpAddr,
) -> Result<NonZeroU16, Reason> {
    let Some(container) = snapshot.inventory.named(name.as_str()) else {
        return Err(unknown(name, snapshot));
    };
    of_container(container, &snapshot.status, default_port, dialled)
}

/// The Erlang port of a container, on the address `dialled`.
pub(super) fn of_container(
    container: &Container,
    docker: &Status,
    default_port: NonZeroU16,
    dialled: IpAddr,
) -> Result<NonZeroU16, Reason> {
    if container.is_seen_dead() {
        // Docker will say so too, if its events do not keep silent.
        return Err(Reason::Stopped {
            container: container.to_string(),
        });
    }
    if let Status::Unreachable(error) = docker
        && container.process.is_none()
    {
        return Err(Reason::Unconfirmed {
            container: container.to_string(),
            error: error.clone(),
        });
    }
    if container.host_network {
        return Err(Reason::HostNetwork {
            container: container.to_string(),
        });
    }
    let port = match container.label(PORT_LABEL) {
        None => default_port,
        Some(label) => label.parse().map_err(|_| Reason::BadPortLabel {
            container: container.to_string(),
            label: label.to_owned(),
        })?,
    };
    published(container, port.get(), dialled)
}

/// The name a container is listed under as long as none of its nodes registered: of all its names the one that
/// was given for this purpose, else the one that every container has as its host name.
pub(super) fn listed_name(container: &Container) -> Option<NodeName> {
    container
        .label(NAME_LABEL)
        .unwrap_or(container.id.short())
        .parse()
        .ok()
        .filter(|name: &NodeName| name.as_str() != agent::NAME)
}

/// The host's port that leads to `port` of a container, on the address `dialled`.
pub(super) fn published(
    container: &Container,
    port: u16,
    dialled: IpAddr,
) -> Result<NonZeroU16, Reason> {
    let bindings = container
        .port(port)
        .map(|port| port.bindings.as_slice())
        .unwrap_or_default();
    if bindings.is_empty() {
        return Err(Reason::NotPublished {
            container: container.to_string(),
            port,
            published: container.published().map(|port| port.number).collect(),
        });
    }
    binding_at(bindings, dialled).ok_or_else(|| Reason::PublishedElsewhere {
        container: container.to_string(),
        port,
        dialled,
        bindings: bindings.to_vec(),
    })
}

/// Of a port's bindings the one that serves an address of the host: its own, else that of all addresses of its
/// family.
fn binding_at(bindings: &[SocketAddr], dialled: IpAddr) -> Option<NonZeroU16> {
    let dialled = dialled.to_canonical();
    let serves_all = |ip: IpAddr| ip.is_unspecified() && ip.is_ipv4() == dialled.is_ipv4();
    let found = bindings
        .iter()
        .find(|binding| binding.ip() == dialled)
        .or_else(|| bindings.iter().find(|binding| serves_all(binding.ip())))?;
    NonZeroU16::new(found.port())
}

fn unknown(name: &NodeName, snapshot: &Snapshot) -> Reason {
    if let Some(container) = snapshot.inventory.stopped_named(name.as_str()) {
        return Reason::Stopped {
            container: container.to_string(),
        };
    }
    match &snapshot.status {
        Status::Connected => Reason::Unknown,
        Status::Connecting => Reason::UnknownWithoutDocker {
            error: "it has not been asked yet".into(),
        },
        Status::Unreachable(error) => Reason::UnknownWithoutDocker {
            error: error.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(bindings: &[&str], dialled: &str) -> Option<u16> {
        let bindings: Vec<SocketAddr> = bindings.iter().map(|b| b.parse().unwrap()).collect();
        binding_at(&bindings, dialled.parse().unwrap()).map(NonZeroU16::get)
    }

    #[test]
    fn the_binding_of_the_dialled_address_is_taken() {
        let all = ["0.0.0.0:1", "[::]:2"];
        assert_eq!(at(&all, "10.0.0.1"), Some(1));
        assert_eq!(at(&all, "fd00::1"), Some(2));
        assert_eq!(at(&all, "::ffff:10.0.0.1"), Some(1));
        let specific = ["10.0.0.1:3", "10.0.0.2:4", "0.0.0.0:5"];
        assert_eq!(at(&specific, "10.0.0.2"), Some(4));
        assert_eq!(at(&specific, "10.0.0.3"), Some(5));
    }

    #[test]
    fn a_binding_elsewhere_serves_not() {
        assert_eq!(at(&["127.0.0.1:1"], "10.0.0.1"), None);
        assert_eq!(at(&["127.0.0.1:1"], "127.0.0.1"), Some(1));
        assert_eq!(at(&["0.0.0.0:1"], "fd00::1"), None);
    }
}
