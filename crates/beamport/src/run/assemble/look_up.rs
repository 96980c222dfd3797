//! From a source of the sentry to the nodes that it leads to: name servers, then port mappers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use beamport_cluster::sentry::{Place, Source};
use beamport_dist::FullName;
use beamport_epmd::annotations::Annotations;
use beamport_epmd::client::{self, ClientError};
use beamport_epmd::entrypoint::{entry_name, is_entry};
use beamport_epmd::{NodeName, NodeType, Registration};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::virtual_address::VirtualAddress;
use crate::host_names::{HostNameError, HostNames};

/// The annotations by which an entrypoint tells what a name alone does not.
pub(crate) const CLUSTER: &str = "cluster";
pub(crate) const NODE: &str = "node";

/// How long one look-up may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many port mappers are asked at a time.
const AT_A_TIME: usize = 32;

/// The most nodes of one port mapper that are looked at.
const MOST_AT_A_MAPPER: usize = 1024;

/// What a source leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) nodes: BTreeSet<FullName>,
    pub(super) fresh_for: Option<Duration>,
}

/// Why a source leads nowhere, for now.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookUpError {
    /// The name servers do not say, or say that there is nothing.
    #[error("{source_name}: {error}")]
    Host {
        source_name: String,
        error: HostNameError,
    },
    /// There are addresses, and no port mapper answers at any.
    #[error(
        "{source_name}: no port mapper answers at any of its {count} addresses, {address} for one: {error}"
    )]
    Silent {
        source_name: String,
        count: usize,
        address: SocketAddr,
        error: ClientError,
    },
    /// There is one address, and it is nobody's own.
    #[error(transparent)]
    Virtual(VirtualAddress),
}

/// Who is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nodes that can be dialled.
    Nodes,
    /// Those too, and nodes of which only the entrypoint is there.
    Entrypoints,
}

/// Looks sources up.
#[derive(Debug)]
pub(super) struct LookUps {
    wanted: Wanted,
    host_names: HostNames,
    mapper_port: NonZeroU16,
    cluster: String,
    /// What each port mapper listed last: one that does not answer for a moment has not lost its nodes.
    last: Mutex<BTreeMap<SocketAddr, BTreeSet<FullName>>>,
}

impl LookUps {
    pub(super) fn new(
        wanted: Wanted,
        host_names: HostNames,
        mapper_port: NonZeroU16,
        cluster: &str,
    ) -> Self {
        Self {
            wanted,
            host_names,
            mapper_port,
            cluster: cluster.to_owned(),
            last: Mutex::default(),
        }
    }

    /// The nodes that a source leads to. It is an error only if nothing at all can be said.
    pub(super) async fn look_up(self: &Arc<Self>, source: &Source) -> Result<Listing, LookUpError> {
        let deadline = Instant::now() + PATIENCE;
        let (mappers, fresh_for) = self.mappers(source, deadline).await.map_err(|error| {
            let source_name = source.to_string();
            LookUpError::Host { source_name, error }
        })?;
        let mut nodes = BTreeSet::new();
        let mut failures = Vec::new();
        let count = mappers.len();
        let only = match mappers.first() {
            Some(mapper) if count == 1 => Some(mapper.ip()),
            _ => None,
        };
        // Side by side: where the kernel does not balance, nobody answers at a virtual address.
        let (answers, behind) = tokio::join!(
            self.ask_all(mappers, deadline),
            VirtualAddress::find(&self.host_names, source, only)
        );
        for (mapper, answer) in answers {
            match answer {
                Ok(listed) => {
                    nodes.extend(listed.iter().cloned());
                    self.last().insert(mapper, listed);
                }
                Err(error) => {
                    nodes.extend(self.last().get(&mapper).into_iter().flatten().cloned());
                    failures.push((mapper, error));
                }
            }
        }
        if let Some(behind) = behind.filter(|behind| !behind.is_of_any(&nodes)) {
            return Err(LookUpError::Virtual(behind));
        }
        match failures.into_iter().next() {
            Some((address, error)) if nodes.is_empty() => Err(LookUpError::Silent {
                source_name: source.to_string(),
                count,
                address,
                error,
            }),
            _ => Ok(Listing { nodes, fresh_for }),
        }
    }

    /// The port mappers that a source leads to, and how long they are good for.
    async fn mappers(
        &self,
        source: &Source,
        deadline: Instant,
    ) -> Result<(BTreeSet<SocketAddr>, Option<Duration>), HostNameError> {
        let places = match source {
            Source::Nodes(_) => return Ok((BTreeSet::new(), None)),
            Source::Dns(place) => return self.addresses(place, deadline).await,
            Source::Hosts(places) => places.clone(),
            Source::Srv(service) => {
                let (found, fresh_for) = self.host_names.services(service, deadline).await?;
                let places: Vec<Place> = found
                    .into_iter()
                    .map(|(host, port)| Place {
                        host,
                        port: NonZeroU16::new(port),
                    })
                    .collect();
                let (mappers, fresh) = self.all_addresses(&places, deadline).await?;
                return Ok((mappers, fresh.into_iter().chain([fresh_for]).min()));
            }
        };
        self.all_addresses(&places, deadline).await
    }

    /// An error only if no place at all has an address.
    async fn all_addresses(
        &self,
        places: &[Place],
        deadline: Instant,
    ) -> Result<(BTreeSet<SocketAddr>, Option<Duration>), HostNameError> {
        let mut mappers = BTreeSet::new();
        let mut fresh_for: Option<Duration> = None;
        let mut failure = None;
        for place in places {
            match self.addresses(place, deadline).await {
                Ok((found, fresh)) => {
                    mappers.extend(found);
                    fresh_for = fresh_for.into_iter().chain(fresh).min();
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) if mappers.is_empty() => Err(error),
            _ => Ok((mappers, fresh_for)),
        }
    }

    async fn addresses(
        &self,
        place: &Place,
        deadline: Instant,
    ) -> Result<(BTreeSet<SocketAddr>, Option<Duration>), HostNameError> {
        let port = place.port.unwrap_or(self.mapper_port).get();
        let found = self.host_names.find(&place.host, deadline).await?;
        let mappers = found.addresses.into_iter();
        let mappers = mappers.map(|address| SocketAddr::new(address, port));
        Ok((mappers.collect(), found.fresh_for))
    }

    async fn ask_all(
        self: &Arc<Self>,
        mappers: BTreeSet<SocketAddr>,
        deadline: Instant,
    ) -> Vec<(SocketAddr, Result<BTreeSet<FullName>, ClientError>)> {
        let mut waiting = mappers.into_iter();
        let mut asked = JoinSet::new();
        let mut answers = Vec::new();
        loop {
            while asked.len() < AT_A_TIME
                && let Some(mapper) = waiting.next()
            {
                let this = Arc::clone(self);
                asked.spawn(async move { (mapper, this.ask(mapper, deadline).await) });
            }
            match asked.join_next().await {
                Some(Ok(answer)) => answers.push(answer),
                Some(Err(error)) => tracing::error!(%error, "a look-up has failed: this is a bug"),
                None => return answers,
            }
        }
    }

    /// The nodes of this cluster that a port mapper knows.
    async fn ask(
        &self,
        mapper: SocketAddr,
        deadline: Instant,
    ) -> Result<BTreeSet<FullName>, ClientError> {
        let listing = client::names(mapper, deadline).await?;
        let mut nodes = BTreeSet::new();
        for listed in listing.nodes.into_iter().take(MOST_AT_A_MAPPER) {
            // It may have gone since it was listed.
            if let Some(registration) = client::lookup(mapper, &listed.name, deadline).await?
                && self.wants(&registration)
            {
                let told = Annotations::from_extra(&registration.extra);
                nodes.extend(self.node(mapper, &listed.name, told.as_ref()));
            }
        }
        Ok(nodes)
    }

    /// Stock nodes that are hidden are no members, and so are entrypoints.
    fn wants(&self, registration: &Registration) -> bool {
        let is_entry = self.wanted == Wanted::Entrypoints && is_entry(&registration.name);
        is_entry || registration.node_type == NodeType::NORMAL
    }

    /// Whether a node, or its entrypoint, is known where its name says that it is; why not, in a sentence.
    pub(super) async fn find(&self, node: &FullName) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        let place = Place {
            host: node.host().to_owned(),
            port: None,
        };
        let found = self.addresses(&place, deadline).await;
        let (mappers, _) = found.map_err(|error| error.to_string())?;
        let name: NodeName = node.name().parse().map_err(|error| format!("{error}"))?;
        let mut reason = format!("{} has no address", node.host());
        for mapper in mappers {
            for name in entry_name(&name).iter().chain([&name]) {
                reason = match client::lookup(mapper, name, deadline).await {
                    Ok(Some(_)) => return Ok(()),
                    Ok(None) => format!(
                        "{mapper} knows neither {} nor an entrypoint of it: `beamport run` has not started there",
                        node.name()
                    ),
                    Err(error) => error.to_string(),
                };
            }
        }
        Err(reason)
    }

    /// The full name of a node, if it may be of this cluster.
    fn node(
        &self,
        mapper: SocketAddr,
        name: &NodeName,
        told: Option<&Annotations>,
    ) -> Option<FullName> {
        let value = |key| told.and_then(|told| told.value(key));
        match value(CLUSTER) {
            Some(cluster) if cluster != self.cluster => return None,
            None if !may_be_of(&self.cluster, name.as_str()) => return None,
            _ => {}
        }
        match value(NODE) {
            Some(full) => full.parse().ok(),
            None => format!("{name}@{}", mapper.ip().to_canonical())
                .parse()
                .ok(),
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, BTreeMap<SocketAddr, BTreeSet<FullName>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a node that says nothing of its cluster may be of this one: where clusters have names, if its name begins
/// with the cluster's, as `shop`, `shop-1` and `shop_a` do with `shop`.
fn may_be_of(cluster: &str, name: &str) -> bool {
    let Some(rest) = name.strip_prefix(cluster) else {
        return false;
    };
    cluster.is_empty() || rest.is_empty() || rest.starts_with(['-', '_'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_say_nothing_are_told_by_their_names() {
        for (cluster, name, belongs) in [
            ("", "anything", true),
            ("shop", "shop", true),
            ("shop", "shop-1", true),
            ("shop", "shop_1", true),
            ("shop", "shopping", false),
            ("shop", "other", false),
        ] {
            assert_eq!(may_be_of(cluster, name), belongs, "{cluster} {name}");
        }
    }
}
