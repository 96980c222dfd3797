//! What is registered of a node that is not there yet, so that others that wait find it.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::time::Duration;

use anyhow::{Result, anyhow};
use beamport_cluster::membership::Config;
use beamport_epmd::annotations::Annotations;
use beamport_epmd::entrypoint::entry_name;
use beamport_epmd::{NodeName, NodeType, Registration, client};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::super::look_up::{CLUSTER, NODE};
use crate::run::backoff::Backoff;

/// How long one attempt to register may take; a relay asks an agent meanwhile.
const ATTEMPT: Duration = Duration::from_secs(8);

/// A node's entry, registered with the port mapper here for as long as this is not dropped.
#[derive(Debug)]
pub(crate) struct Entry(AbortHandle);

impl Drop for Entry {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Entry {
    /// Registers it, and again whenever the port mapper has gone. `port` is the one that the VM will listen on, which is
    /// published if any is.
    pub(in super::super) fn announce(
        config: &Config,
        mapper_port: NonZeroU16,
        port: NonZeroU16,
    ) -> Result<Self> {
        let name: NodeName = config.me.name().parse()?;
        let name = entry_name(&name).ok_or_else(|| anyhow!("{name} is too long a name"))?;
        let told = Annotations::new()
            .with(CLUSTER, &config.cluster)
            .with(NODE, config.me.as_str());
        let mut entry = Registration::new(name, port);
        entry.node_type = NodeType::HIDDEN;
        entry.extra = told.to_extra().unwrap_or_default();
        let mapper = SocketAddr::from((Ipv4Addr::LOCALHOST, mapper_port.get()));
        Ok(Self(tokio::spawn(keep(mapper, entry)).abort_handle()))
    }
}

async fn keep(mapper: SocketAddr, entry: Registration) {
    let mut backoff = Backoff::default();
    loop {
        match client::register(mapper, &entry, Instant::now() + ATTEMPT).await {
            Ok(holding) => {
                holding.lost().await;
                backoff = Backoff::default();
            }
            // One that had the name before us may not be known to be gone.
            Err(error) => {
                tracing::debug!(entry = %entry.name, %error, "the entrypoint is not registered yet");
                sleep(backoff.next()).await;
            }
        }
    }
}
