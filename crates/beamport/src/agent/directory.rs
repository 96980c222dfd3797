//! Who knows which name on a Docker host: nodes that registered, and containers that go by it.

use std::convert::Infallible;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use beamport_docker::{Container, NAME_LABEL, Snapshot, Status, Watch};
use beamport_epmd::agent::{self, AgentFacts, Asker, ContainerFacts, PublishedPort};
use beamport_epmd::directory::{Client, Dumped, Listed, Refusal, Registered};
use beamport_epmd::{Directory, NodeName, NodeType, Registration};
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use super::complaints::Complaints;
use super::reason::Reason;
use super::registry::{Held, NameLease, Owner, Registry};
use super::resolve;
use crate::similar;

/// How long a container that was started this moment may stay unknown to us, when it registers.
const INTRODUCTION: Duration = Duration::from_secs(2);

/// What does not change while the agent runs.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The host name or address under which other hosts dial this one.
    pub(super) advertised: String,
    /// The address that counts as dialled, where the agent is itself behind a published port: there the address
    /// a client is seen to dial is the agent's container's, which no port is published on.
    pub(super) dialled: Option<IpAddr>,
    /// The Erlang port of containers that say nothing else.
    pub(super) erlang_port: NonZeroU16,
    /// The agent's own port.
    pub(super) own_port: NonZeroU16,
}

/// The names of a Docker host.
#[derive(Debug)]
pub(super) struct HostDirectory {
    settings: Settings,
    docker: Watch,
    registry: Registry,
    complaints: Mutex<Complaints>,
}

/// Who a client is, by its address.
enum Who {
    Host,
    Container(Arc<Container>),
    Stranger,
}

impl HostDirectory {
    pub(super) fn new(settings: Settings, docker: Watch) -> Self {
        Self {
            settings,
            docker,
            registry: Registry::default(),
            complaints: Mutex::new(Complaints::new(Instant::now())),
        }
    }

    /// Takes their names from containers as they die. Never completes.
    pub(super) async fn bury_the_dead(&self) -> Infallible {
        let mut docker = self.docker.clone();
        loop {
            let snapshot = docker.changed().await;
            let names = self.registry.revoke_from_the_dead(&snapshot.inventory);
            if names > 0 {
                info!(names, "dropped the names of containers that ended");
            }
        }
    }

    fn who(&self, client: &Client<'_>, snapshot: &Snapshot) -> Who {
        if client.is_local() {
            return Who::Host;
        }
        match snapshot.inventory.at(client.address()) {
            // Its address may already be another's.
            Some(container) if !container.is_seen_dead() => Who::Container(Arc::clone(container)),
            _ => Who::Stranger,
        }
    }

    /// Who a client is, waiting a moment for news of a container that was just started.
    async fn introduce(&self, client: &Client<'_>) -> Who {
        let deadline = Instant::now() + INTRODUCTION;
        let mut docker = self.docker.clone();
        loop {
            let who = self.who(client, &self.docker.snapshot());
            if !matches!(who, Who::Stranger) {
                return who;
            }
            self.docker.refresh();
            if timeout_at(deadline, docker.changed()).await.is_err() {
                return self.who(client, &self.docker.snapshot());
            }
        }
    }

    /// Refuses a name that a container goes by to everyone else.
    fn check_derived(&self, name: &NodeName, owner: &Owner) -> Result<(), Refusal> {
        let inventory = self.docker.snapshot().inventory;
        let Some(container) = inventory.named(name.as_str()) else {
            return Ok(());
        };
        let is_own = match owner {
            // A container with the host's network registers from the host's addresses.
            Owner::Host => container.host_network,
            Owner::Container { id, .. } => *id == container.id,
        };
        if is_own {
            return Ok(());
        }
        Err(Refusal::Duplicate {
            holder: format!("container {container}, which goes by it"),
        })
    }

    fn dialled(&self, client: &Client<'_>) -> IpAddr {
        self.settings.dialled.unwrap_or_else(|| client.dialled())
    }

    fn resolve(&self, client: &Client<'_>, name: &NodeName) -> Result<Registration, Reason> {
        let snapshot = self.docker.snapshot();
        let dialled = self.dialled(client);
        if let Some(held) = self.registry.holder(name) {
            let port = resolve::registered(&held, &snapshot, dialled)?;
            return Ok(Registration { port, ..held.node });
        }
        let port = resolve::derived(name, &snapshot, self.settings.erlang_port, dialled)?;
        Ok(Registration::new(name.clone(), port))
    }

    /// What the reserved name is answered with.
    fn facts(&self, client: &Client<'_>) -> AgentFacts {
        let snapshot = self.docker.snapshot();
        let asker = match self.who(client, &snapshot) {
            Who::Host => Asker::Host,
            Who::Container(container) => Asker::Container(self.container_facts(client, &container)),
            Who::Stranger => {
                // If it is a container that was started this moment, it will ask again.
                self.docker.refresh();
                Asker::Unknown
            }
        };
        AgentFacts {
            host: self.settings.advertised.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            asker,
        }
    }

    fn container_facts(&self, client: &Client<'_>, container: &Container) -> ContainerFacts {
        // Others dial the advertised address, whichever one the container itself dialled.
        let dialled = self.settings.advertised.parse();
        let dialled = dialled.unwrap_or_else(|_| self.dialled(client));
        let mut ports: Vec<_> = container
            .published()
            .filter_map(|port| {
                let published = resolve::published(container, port.number, dialled).ok()?;
                Some(PublishedPort {
                    container: port.number,
                    published: published.get(),
                })
            })
            .collect();
        let erlang_port = self.settings.erlang_port.get();
        ports.sort_by_key(|port| port.container != erlang_port);
        ContainerFacts {
            id: container.id.as_str().to_owned(),
            name: container.name.to_string(),
            ports,
        }
    }

    fn complain(&self, client: &Client<'_>, name: &NodeName, reason: &Reason) {
        let leave = self
            .complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .ask(name, reason, Instant::now());
        let Some(leave) = leave else { return };
        let similar = self.similar_names(name, reason);
        warn!(node = %name, peer = %client.remote, "not found: {reason}{similar}");
        if leave.untold > 0 {
            warn!(
                lookups = leave.untold,
                "there were more failed lookups than are worth telling"
            );
        }
    }

    /// The end of a sentence that says that nothing is known of a name.
    fn similar_names(&self, name: &NodeName, reason: &Reason) -> String {
        match reason {
            Reason::Unknown => similar::hint(name.as_str(), self.known_names()),
            _ => String::new(),
        }
    }

    fn known_names(&self) -> Vec<String> {
        let registered = self.registry.all().into_iter();
        let registered = registered.map(|held| held.node.name.to_string());
        let inventory = self.docker.snapshot().inventory;
        let containers = inventory.running().flat_map(|container| {
            [
                Some(&*container.name),
                Some(container.id.short()),
                container.label(NAME_LABEL),
            ]
            .map(|name| name.map(str::to_owned))
        });
        registered.chain(containers.flatten()).collect()
    }
}

impl Directory for HostDirectory {
    type Lease = NameLease;

    /// Everyone may try: whether an address is a container's may take a moment to find out.
    fn may_register(&self, _client: &Client<'_>) -> bool {
        true
    }

    async fn register(
        &self,
        client: &Client<'_>,
        node: Registration,
    ) -> Result<Registered<NameLease>, Refusal> {
        if is_reserved(&node.name) {
            return Err(not_allowed("the name is the agent's own"));
        }
        let who = self.introduce(client).await;
        let (owner, container) = match who {
            Who::Host => (Owner::Host, None),
            Who::Container(container) => (Owner::of(&container), Some(container)),
            Who::Stranger => return Err(not_allowed(&self.why_stranger(client))),
        };
        self.check_derived(&node.name, &owner)?;
        let (name, port) = (node.name.clone(), node.port);
        let (creation, lease) = self.registry.take(node, owner.clone()).await?;
        // It may have ended while it waited, after the dead were buried.
        if !owner.is_there(&self.docker.snapshot().inventory) {
            return Err(not_allowed("its container has ended"));
        }
        if let Some(container) = container {
            match resolve::published(&container, port.get(), self.dialled(client)) {
                Ok(published) => {
                    info!(node = %name, %container, port, published, "others reach the node");
                }
                Err(reason) => warn!(node = %name, %container, "nobody reaches the node: {reason}"),
            }
        }
        Ok(Registered { creation, lease })
    }

    fn lookup(&self, client: &Client<'_>, name: &NodeName) -> Option<Registration> {
        if name.as_str() == agent::NAME {
            let mut own = Registration::new(name.clone(), self.settings.own_port);
            own.node_type = NodeType::HIDDEN;
            own.extra = self.facts(client).to_extra();
            return Some(own);
        }
        if let Some(asked) = agent::asked_why(name) {
            let reason = self.resolve(client, &asked).err()?;
            let reason = agent::Reason {
                text: format!("{reason}{}", self.similar_names(&asked, &reason)),
                is_known: reason.is_known(),
            };
            let mut own = Registration::new(name.clone(), self.settings.own_port);
            own.node_type = NodeType::HIDDEN;
            own.extra = agent::reason_to_extra(reason);
            return Some(own);
        }
        self.resolve(client, name)
            .inspect_err(|reason| self.complain(client, name, reason))
            .ok()
    }

    /// What others reach: the nodes that registered, and containers none of whose nodes registered.
    ///
    /// A container is not told of itself before that: RabbitMQ asks its host for its own name before it starts,
    /// and takes what it finds for another node that has it.
    fn names(&self, client: &Client<'_>) -> Vec<Listed> {
        let snapshot = self.docker.snapshot();
        let dialled = self.dialled(client);
        let held = self.registry.all();
        let has_registered = |container: &Container| {
            let owner = Owner::of(container);
            held.iter().any(|held| held.owner == owner)
        };
        let asker = match self.who(client, &snapshot) {
            Who::Container(container) => Some(container.id.clone()),
            Who::Host | Who::Stranger => None,
        };

        let registered = held.iter().filter_map(|held: &Held| {
            let port = resolve::registered(held, &snapshot, dialled).ok()?;
            Some((held.node.name.clone(), port))
        });
        let port = self.settings.erlang_port;
        let derived = snapshot
            .inventory
            .running()
            .filter(|container| Some(&container.id) != asker.as_ref())
            .filter(|container| !has_registered(container))
            .filter_map(|container| {
                let port =
                    resolve::of_container(container, &snapshot.status, port, dialled).ok()?;
                Some((resolve::listed_name(container)?, port))
            });
        let mut names: Vec<Listed> = registered
            .chain(derived)
            .map(|(name, port)| Listed {
                name,
                port: port.get(),
            })
            .collect();
        names.sort_by(|a, b| a.name.cmp(&b.name));
        // A label that several containers have, or that a node of another one registered, is one name.
        names.dedup_by(|a, b| a.name == b.name);
        names
    }

    fn dump(&self) -> Vec<Dumped> {
        let held = self.registry.all().into_iter();
        held.map(|held| Dumped {
            name: held.node.name,
            port: held.node.port.get(),
            active: true,
        })
        .collect()
    }

    fn stop(&self, name: &NodeName) -> bool {
        self.registry.revoke(name)
    }

    /// Always: an agent serves the names of containers too, so that `epmd -kill` on the host, which scripts use
    /// to clean up, does not end it.
    fn is_in_use(&self) -> bool {
        true
    }
}

impl HostDirectory {
    fn why_stranger(&self, client: &Client<'_>) -> String {
        let address = client.address();
        match self.docker.snapshot().status {
            Status::Connected => format!(
                "{address} is no container of this host: nodes of other hosts register at their own host's agent"
            ),
            Status::Connecting => {
                format!("whether {address} is a container of this host is not known yet")
            }
            Status::Unreachable(error) => format!(
                "whether {address} is a container of this host cannot be told: Docker does not answer ({error})"
            ),
        }
    }
}

/// Whether a name is one by which the agent answers for itself.
fn is_reserved(name: &NodeName) -> bool {
    name.as_str() == agent::NAME || agent::asked_why(name).is_some()
}

fn not_allowed(reason: &str) -> Refusal {
    Refusal::NotAllowed {
        reason: reason.to_owned(),
    }
}
