//! From what Docker's API says to [`Container`]. No I/O but a look at `/proc`.
//!
//! The API says the same in two forms: a listing has most of it for all containers at once, an inspection has
//! all of it for one.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};

use bollard::models::{
    ContainerInspectResponse, ContainerSummary, ContainerSummaryStateEnum, EndpointSettings,
    PortMap, PortSummary, PortSummaryTypeEnum,
};

use crate::container::{Container, ContainerId, LABEL_PREFIX, Port};
use crate::process::Process;

/// The network mode of a container that shares the host's network.
const HOST_NETWORK: &str = "host";

/// Reads an entry of a listing (`GET /containers/json`); none when it has no ID.
pub(crate) fn from_summary(summary: ContainerSummary) -> Option<Container> {
    use ContainerSummaryStateEnum as State;

    let mode = summary.host_config.and_then(|config| config.network_mode);
    let networks = summary.network_settings.and_then(|s| s.networks);
    Some(Container {
        id: ContainerId::new(&summary.id?),
        name: own_name(summary.names.unwrap_or_default()).into(),
        labels: own_labels(summary.labels),
        running: matches!(summary.state, Some(State::RUNNING | State::PAUSED)),
        host_network: mode.as_deref() == Some(HOST_NETWORK),
        addresses: addresses(networks),
        ports: ports_of_summary(summary.ports.unwrap_or_default()),
        process: None,
        run: 0,
    })
}

/// Reads an inspection (`GET /containers/ID/json`); none when it has no ID.
pub(crate) fn from_inspection(inspection: ContainerInspectResponse) -> Option<Container> {
    let id = ContainerId::new(&inspection.id?);
    let state = inspection.state.unwrap_or_default();
    let running = state.running == Some(true) && state.restarting != Some(true);
    let mode = inspection.host_config.and_then(|c| c.network_mode);
    let settings = inspection.network_settings.unwrap_or_default();
    let pid = state.pid.and_then(|pid| u32::try_from(pid).ok());
    let process = pid
        .filter(|_| running)
        .and_then(|pid| Process::of_container(pid, &id));
    Some(Container {
        name: own_name(inspection.name.into_iter().collect()).into(),
        labels: own_labels(inspection.config.and_then(|config| config.labels)),
        running,
        host_network: mode.as_deref() == Some(HOST_NETWORK),
        addresses: addresses(settings.networks),
        ports: ports_of_map(settings.ports.unwrap_or_default()),
        process,
        run: 0,
        id,
    })
}

/// The container's own name among its names; `/other/alias` are links made by other containers.
fn own_name(names: Vec<String>) -> String {
    names
        .iter()
        .map(|name| name.strip_prefix('/').unwrap_or(name))
        .find(|name| !name.contains('/'))
        .unwrap_or_default()
        .to_owned()
}

fn own_labels(labels: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    labels
        .into_iter()
        .flatten()
        .filter(|(key, _)| key.starts_with(LABEL_PREFIX))
        .collect()
}

fn addresses(networks: Option<HashMap<String, EndpointSettings>>) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = networks
        .into_iter()
        .flat_map(HashMap::into_values)
        .flat_map(|endpoint| [endpoint.ip_address, endpoint.global_ipv6_address])
        .filter_map(|text| text?.parse().ok())
        .collect();
    addresses.sort_unstable();
    addresses
}

fn ports_of_summary(summaries: Vec<PortSummary>) -> Vec<Port> {
    let mut ports = BTreeMap::<u16, Vec<SocketAddr>>::new();
    for port in summaries {
        // Podman leaves the type out where it is tcp.
        if !matches!(
            port.typ,
            None | Some(PortSummaryTypeEnum::TCP | PortSummaryTypeEnum::EMPTY)
        ) {
            continue;
        }
        let binding = binding(port.ip.as_deref(), port.public_port);
        ports.entry(port.private_port).or_default().extend(binding);
    }
    sorted(ports)
}

fn ports_of_map(map: PortMap) -> Vec<Port> {
    let mut ports = BTreeMap::<u16, Vec<SocketAddr>>::new();
    for (key, bindings) in map {
        let number = key.strip_suffix("/tcp").and_then(|n| n.parse().ok());
        let Some(number) = number else { continue };
        let bindings = bindings
            .into_iter()
            .flatten()
            .filter_map(|b| binding(b.host_ip.as_deref(), b.host_port?.parse().ok()));
        ports.entry(number).or_default().extend(bindings);
    }
    sorted(ports)
}

/// An address of the host that leads to a port. Podman writes no address for "all of them".
fn binding(address: Option<&str>, port: Option<u16>) -> Option<SocketAddr> {
    let address = match address {
        None | Some("") => IpAddr::from([0; 4]),
        Some(text) => text.parse().ok()?,
    };
    let port = port.filter(|port| *port != 0)?;
    Some(SocketAddr::new(address, port))
}

fn sorted(ports: BTreeMap<u16, Vec<SocketAddr>>) -> Vec<Port> {
    ports
        .into_iter()
        .map(|(number, mut bindings)| {
            bindings.sort_unstable();
            bindings.dedup();
            Port { number, bindings }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Captured from dockerd 20.10 (`containers.json`, `inspection.json`): one container of each kind, and
    /// `web` inspected.
    const LISTING: &str = include_str!("../tests/captured/docker/containers.json");
    const INSPECTION: &str = include_str!("../tests/captured/docker/inspection.json");

    fn listed(name: &str) -> Container {
        serde_json::from_str::<Vec<ContainerSummary>>(LISTING)
            .unwrap()
            .into_iter()
            .filter_map(from_summary)
            .find(|container| &*container.name == name)
            .unwrap()
    }

    /// Captured from Podman 4.3 in Docker's form.
    const PODMAN_LISTING: &str = include_str!("../tests/captured/podman/containers.json");
    const PODMAN_INSPECTION: &str = include_str!("../tests/captured/podman/inspection.json");

    fn addresses_of(container: &Container) -> Vec<String> {
        container.addresses.iter().map(IpAddr::to_string).collect()
    }

    fn bindings(container: &Container, port: u16) -> Vec<String> {
        let port = container.port(port).unwrap();
        port.bindings.iter().map(SocketAddr::to_string).collect()
    }

    #[test]
    fn a_published_port_has_bindings_of_both_families() {
        let web = listed("web");
        assert!(web.running && !web.host_network);
        assert_eq!(bindings(&web, 12345), ["0.0.0.0:32768", "[::]:32768"]);
        assert_eq!(bindings(&web, 80), ["127.0.0.1:8080"]);
        assert_eq!(addresses_of(&web), ["172.17.0.2", "fd97::242:ac11:2"]);
    }

    #[test]
    fn an_exposed_port_has_no_bindings() {
        assert_eq!(bindings(&listed("web"), 9999), Vec::<String>::new());
        assert_eq!(listed("web").port(1), None);
    }

    #[test]
    fn only_our_labels_are_kept() {
        let labels: Vec<_> = listed("web").labels.into_iter().collect();
        assert_eq!(labels, [("beamport.name".to_owned(), "shop".to_owned())]);
    }

    #[test]
    fn a_container_has_an_address_on_each_network() {
        let container = listed("twonet");
        assert_eq!(
            addresses_of(&container),
            ["172.17.0.3", "172.18.0.2", "fd97::242:ac11:3"]
        );
        assert_eq!(bindings(&container, 12345), ["10.98.0.1:4001"]);
    }

    #[test]
    fn host_networking_and_stopped_containers_are_known_as_such() {
        assert!(listed("hostnet").host_network);
        assert!(!listed("stopped").running);
    }

    #[test]
    fn an_inspection_says_what_the_listing_says() {
        let inspection = serde_json::from_str(INSPECTION).unwrap();
        // The process that it tells of was there when it was captured.
        let inspected = Container {
            process: None,
            ..from_inspection(inspection).unwrap()
        };
        assert_eq!(inspected, listed("web"));
    }

    #[test]
    fn podman_says_the_same_in_its_way() {
        let listing: Vec<ContainerSummary> = serde_json::from_str(PODMAN_LISTING).unwrap();
        let listed = listing.into_iter().find_map(from_summary).unwrap();
        let inspection = serde_json::from_str(PODMAN_INSPECTION).unwrap();
        let inspected = from_inspection(inspection).unwrap();
        for container in [listed, inspected] {
            assert_eq!(&*container.name, "pweb");
            assert!(container.running && !container.host_network);
            assert_eq!(bindings(&container, 12345), ["0.0.0.0:43673"]);
            assert_eq!(bindings(&container, 80), ["127.0.0.1:8081"]);
            assert_eq!(addresses_of(&container), ["10.88.0.5"]);
        }
    }

    #[test]
    fn links_of_other_containers_are_no_names() {
        let names = ["/other/db", "/web"].map(str::to_owned).to_vec();
        assert_eq!(own_name(names), "web");
    }
}
