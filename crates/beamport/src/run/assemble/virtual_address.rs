//! Addresses that Docker Swarm balances among the tasks of a service.
//!
//! Swarm gives one by the service's name, and the tasks' own addresses by `tasks.` and that name. Whoever asks there gets
//! to one task now and to another the next time, or, where the kernel does not balance, to nobody.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use beamport_cluster::sentry::{Place, Source};
use beamport_dist::FullName;
use tokio::time::Instant;

use crate::host_names::HostNames;

/// What Swarm puts before a service's name to name its tasks.
const TASKS: &str = "tasks.";

/// How long the question for the tasks may take: elsewhere, name servers know of none.
const PATIENCE: Duration = Duration::from_secs(1);

/// A sentry's mistake, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error(
    "dns://{service}: {address} is the virtual address of a service of Docker Swarm, behind which is now one of its \
     {tasks} tasks and now another. Neither the network nor a node is at fault, the sentry is: say \
     dns://tasks.{service}, which leads to every task"
)]
pub(super) struct VirtualAddress {
    service: Place,
    address: IpAddr,
    tasks: usize,
}

impl VirtualAddress {
    /// Whether that is what a source's only address is.
    pub(super) async fn find(
        host_names: &HostNames,
        source: &Source,
        address: Option<IpAddr>,
    ) -> Option<Self> {
        let (Source::Dns(service), Some(address)) = (source, address) else {
            return None;
        };
        if service.host.parse::<IpAddr>().is_ok() || service.host.starts_with(TASKS) {
            return None;
        }
        let deadline = Instant::now() + PATIENCE;
        let tasks = format!("{TASKS}{}", service.host);
        let tasks = host_names.find(&tasks, deadline).await.ok()?.addresses;
        (!tasks.contains(&address)).then_some(Self {
            service: service.clone(),
            address,
            tasks: tasks.len(),
        })
    }

    /// Whether it is the address of one of these nodes after all.
    pub(super) fn is_of_any(&self, nodes: &BTreeSet<FullName>) -> bool {
        let address = self.address.to_canonical().to_string();
        nodes.iter().any(|node| node.host() == address)
    }
}
