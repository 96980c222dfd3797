//! Which address of ours peers dial, where there are several: the one on the network where the sentry finds peers.
//!
//! A task of Docker Swarm has its default gateway on a bridge that every host has for itself. The address there is
//! no other host's to dial, and tasks on other hosts have the same.

use std::net::IpAddr;
use std::time::Duration;

use beamport_cluster::Sentry;
use beamport_cluster::sentry::Source;
use tokio::time::{Instant, sleep};

use crate::host_names::HostNames;
use crate::run::identity::network;

/// How long to wait for a name that is none yet: Swarm names a task a moment after it has started.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause between two look-ups.
const PAUSE: Duration = Duration::from_millis(200);

/// Our address towards peers; none where there is no choice, or where the sentry gives no name that tells.
pub(crate) async fn towards_peers(sentry: &Sentry) -> Option<IpAddr> {
    let ours: Vec<IpAddr> = network::addresses();
    if ours.iter().filter(|address| address.is_ipv4()).count() < 2 {
        return None;
    }
    let name = sentry.sources().iter().find_map(|source| match source {
        Source::Dns(place) => Some(place.host.as_str()),
        _ => None,
    })?;
    let host_names = HostNames::of_system().ok()?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = host_names.addresses(name, deadline).await;
        match found {
            Ok(found) => {
                let towards = found.into_iter().find_map(network::address_towards);
                return towards.filter(|address| ours.contains(address));
            }
            Err(error) if Instant::now() + PAUSE >= deadline => {
                tracing::warn!(
                    %error,
                    "several networks, and nothing tells on which of them peers are: the default gateway's is taken. \
                     --host says another"
                );
                return None;
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}
