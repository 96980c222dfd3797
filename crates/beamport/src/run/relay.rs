//! Relays what VMs of this container register to the agent of the Docker host, and keeps it registered.
//!
//! A VM registers once and holds its connection; versions before OTP 23.3 never come back when it closes. So that
//! connection is ours, and ends when the VM does. The agent's is another matter: it closes whenever the agent is
//! restarted, and is made anew until the agent has the name again.

use std::net::SocketAddr;
use std::time::Duration;

use beamport_epmd::annotations::Annotations;
use beamport_epmd::client::{self, ClientError, Holding};
use beamport_epmd::directory::{Client, Dumped, Lease, Listed, Refusal, Registered};
use beamport_epmd::local::{LocalDirectory, LocalLease};
use beamport_epmd::{Directory, NodeName, Registration};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use super::assemble::look_up;
use super::backoff::Backoff;

/// How long one attempt to register may take.
const ATTEMPT: Duration = Duration::from_millis(1500);

/// How long a VM waits while the agent refuses its name: where the holder is a container that has just died, the
/// agent gives the name back within a second. VMs themselves wait 10 s for us.
const WHILE_REFUSED: Duration = Duration::from_secs(3);

/// The names of this container, and the agent that is to know them too.
#[derive(Debug)]
pub(super) struct RelayDirectory {
    names: LocalDirectory,
    agent: Option<SocketAddr>,
    about: About,
}

/// What is told of every node here beside its name and port.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    /// The part of the nodes' names after the `@`.
    pub(super) host: String,
    /// Their cluster.
    pub(super) cluster: String,
}

impl About {
    /// Tells it of a node, unless that tells something itself, which stock nodes do not.
    fn annotate(&self, node: &mut Registration) {
        if node.extra.as_bytes().is_empty() {
            let told = Annotations::new()
                .with(look_up::CLUSTER, &self.cluster)
                .with(look_up::NODE, format!("{}@{}", node.name, self.host));
            node.extra = told.to_extra().unwrap_or_default();
        }
    }
}

/// A name held here, and at the agent whenever there is one.
#[derive(Debug)]
pub(super) struct RelayLease {
    local: LocalLease,
    relay: Option<AbortHandle>,
}

impl Lease for RelayLease {
    async fn revoked(&mut self) {
        self.local.revoked().await;
    }
}

impl Drop for RelayLease {
    fn drop(&mut self) {
        if let Some(relay) = &self.relay {
            relay.abort();
        }
    }
}

impl RelayDirectory {
    /// No names yet; those that come are relayed to `agent`.
    pub(super) fn new(agent: Option<SocketAddr>, about: About) -> Self {
        Self {
            names: LocalDirectory::new(),
            agent,
            about,
        }
    }
}

impl Directory for RelayDirectory {
    type Lease = RelayLease;

    fn may_register(&self, client: &Client<'_>) -> bool {
        self.names.may_register(client)
    }

    async fn register(
        &self,
        client: &Client<'_>,
        mut node: Registration,
    ) -> Result<Registered<RelayLease>, Refusal> {
        self.about.annotate(&mut node);
        let Registered { creation, lease } = self.names.register(client, node.clone()).await?;
        let Some(agent) = self.agent else {
            let lease = RelayLease {
                local: lease,
                relay: None,
            };
            return Ok(Registered { creation, lease });
        };
        let (creation, first) = match register_at(agent, &node).await {
            // The agent remembers incarnations across restarts of this container; we do not.
            Ok(holding) => (holding.creation(), Ok(holding)),
            Err(ClientError::NameRefused { .. }) => {
                tracing::error!(node = %node.name, port = node.port, %agent, "the agent refuses the name");
                return Err(Refusal::Duplicate {
                    holder: format!("a node that the agent at {agent} knows"),
                });
            }
            Err(error) => (creation, Err(error)),
        };
        let relay = tokio::spawn(keep(agent, node, first)).abort_handle();
        let lease = RelayLease {
            local: lease,
            relay: Some(relay),
        };
        Ok(Registered { creation, lease })
    }

    fn lookup(&self, client: &Client<'_>, name: &NodeName) -> Option<Registration> {
        self.names.lookup(client, name)
    }

    fn names(&self, client: &Client<'_>) -> Vec<Listed> {
        self.names.names(client)
    }

    fn dump(&self) -> Vec<Dumped> {
        self.names.dump()
    }

    fn stop(&self, name: &NodeName) -> bool {
        self.names.stop(name)
    }

    /// Always: scripts that `epmd -kill` when they find no nodes would end the mapper of nodes to come.
    fn is_in_use(&self) -> bool {
        true
    }
}

/// Registers a node that starts: patient with a name that is about to be given back, not with an absent agent.
async fn register_at(agent: SocketAddr, node: &Registration) -> Result<Holding, ClientError> {
    let patience = Instant::now() + WHILE_REFUSED;
    let mut backoff = Backoff::default();
    loop {
        match client::register(agent, node, Instant::now() + ATTEMPT).await {
            Err(ClientError::NameRefused { .. }) if Instant::now() < patience => {
                sleep(backoff.next()).await;
            }
            outcome => return outcome,
        }
    }
}

/// Keeps a node registered for as long as it is not aborted.
async fn keep(agent: SocketAddr, node: Registration, first: Result<Holding, ClientError>) {
    let mut backoff = Backoff::default();
    let mut outcome = first;
    let mut told = None;
    loop {
        match outcome {
            Ok(holding) => {
                tracing::info!(node = %node.name, port = node.port, %agent, "node registered with the agent");
                holding.lost().await;
                tracing::warn!(
                    node = %node.name, %agent,
                    "the agent has gone; the node runs on and will be registered again"
                );
                told = None;
                backoff = Backoff::default();
            }
            Err(error) => {
                // Once for each reason: the agent may be away for hours.
                let reason = error.to_string();
                if told.as_ref() != Some(&reason) {
                    tracing::warn!(
                        node = %node.name, %agent, error = reason,
                        "the node is not registered with the agent yet"
                    );
                    told = Some(reason);
                }
                sleep(backoff.next()).await;
            }
        }
        outcome = client::register(agent, &node, Instant::now() + ATTEMPT).await;
    }
}
