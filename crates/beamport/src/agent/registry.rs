//! Names that nodes registered themselves, each held by a connection.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use beamport_docker::{Container, ContainerId, Inventory};
use beamport_epmd::directory::{Lease, Refusal};
use beamport_epmd::{Creation, NodeName, Registration};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How long a name that is asked for again may take to be given back by its dying holder: a node that restarts
/// at once may be quicker than the end of its previous connection, or the news of its container's death.
const HANDOVER: Duration = Duration::from_millis(500);

/// Who holds a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    /// A process on the host itself, or in a container with host networking.
    Host,
    /// A container, in one of its runs.
    Container { id: ContainerId, run: u64 },
}

impl Owner {
    pub(super) fn of(container: &Container) -> Self {
        Self::Container {
            id: container.id.clone(),
            run: container.run,
        }
    }

    /// Whether it can still hold a name.
    pub(super) fn is_there(&self, inventory: &Inventory) -> bool {
        match self {
            Self::Host => true,
            Self::Container { id, run } => inventory.by_id(id).is_some_and(|c| c.run == *run),
        }
    }
}

/// A name that is held.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) node: Registration,
    pub(super) owner: Owner,
    /// Tells it from later ones of the same name.
    serial: u64,
    revoked: Arc<Notify>,
}

/// The names that are held. Cheap to clone; clones share the names.
#[derive(Debug, Clone, Default)]
pub(super) struct Registry(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    table: Mutex<Table>,
    /// Told whenever a name is given back.
    released: Notify,
}

#[derive(Debug, Default)]
struct Table {
    held: HashMap<NodeName, Held>,
    next_serial: u64,
    first_creation: RandomState,
}

/// Holds a name until dropped.
#[derive(Debug)]
pub(super) struct NameLease {
    registry: Registry,
    name: NodeName,
    serial: u64,
    revoked: Arc<Notify>,
}

impl Registry {
    /// Takes a name, waiting a moment for a holder that is about to give it back.
    pub(super) async fn take(
        &self,
        node: Registration,
        owner: Owner,
    ) -> Result<(Creation, NameLease), Refusal> {
        let patience = Instant::now() + HANDOVER;
        loop {
            // Listening before looking, so that a name given back in between is not missed.
            let mut released = std::pin::pin!(self.0.released.notified());
            released.as_mut().enable();
            let is_over = Instant::now() >= patience;
            match self.try_take(&node, &owner) {
                Ok(taken) => return Ok(taken),
                Err(refusal) if is_over => return Err(refusal),
                // Either way it is tried again, a last time when patience is over.
                Err(_) => drop(timeout_at(patience, released).await),
            }
        }
    }

    /// The holder of a name.
    pub(super) fn holder(&self, name: &NodeName) -> Option<Held> {
        self.table().held.get(name).cloned()
    }

    /// All that is held, in no order.
    pub(super) fn all(&self) -> Vec<Held> {
        self.table().held.values().cloned().collect()
    }

    /// Takes a name from its holder; whether there was one.
    pub(super) fn revoke(&self, name: &NodeName) -> bool {
        self.revoke_where(|held| held.node.name == *name) > 0
    }

    /// Takes their names from containers that are gone, or run anew; tells how many names.
    pub(super) fn revoke_from_the_dead(&self, inventory: &Inventory) -> usize {
        self.revoke_where(|held| !held.owner.is_there(inventory))
    }

    fn revoke_where(&self, condition: impl Fn(&Held) -> bool) -> usize {
        let mut count = 0;
        self.table().held.retain(|_, held| {
            let is_revoked = condition(held);
            if is_revoked {
                held.revoked.notify_one();
                count += 1;
            }
            !is_revoked
        });
        if count > 0 {
            self.0.released.notify_waiters();
        }
        count
    }

    fn try_take(
        &self,
        node: &Registration,
        owner: &Owner,
    ) -> Result<(Creation, NameLease), Refusal> {
        let mut table = self.table();
        if let Some(held) = table.held.get(&node.name) {
            let holder = match &held.owner {
                Owner::Host => "a node on the host".to_owned(),
                same if same == owner => "another node in the same container".to_owned(),
                Owner::Container { id, .. } => format!("a node in container {id}"),
            };
            return Err(Refusal::Duplicate { holder });
        }
        table.next_serial += 1;
        let serial = table.next_serial;
        // Another one for each registration, and in all likelihood than before a restart of the agent.
        let first = table.first_creation.hash_one(&node.name) as u32;
        let creation = Creation::new(first.wrapping_add(serial as u32));
        let revoked = Arc::new(Notify::new());
        let held = Held {
            node: node.clone(),
            owner: owner.clone(),
            serial,
            revoked: Arc::clone(&revoked),
        };
        table.held.insert(node.name.clone(), held);
        let lease = NameLease {
            registry: self.clone(),
            name: node.name.clone(),
            serial,
            revoked,
        };
        Ok((creation, lease))
    }

    /// No operation on the table can leave it half done, so that a poisoned lock is as good as any.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease for NameLease {
    async fn revoked(&mut self) {
        self.revoked.notified().await;
    }
}

impl Drop for NameLease {
    fn drop(&mut self) {
        let mut table = self.registry.table();
        if table.held.get(&self.name).map(|held| held.serial) == Some(self.serial) {
            table.held.remove(&self.name);
            drop(table);
            self.registry.0.released.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> Registration {
        Registration::new(name.parse().unwrap(), 12345.try_into().unwrap())
    }

    fn container(run: u64) -> Owner {
        Owner::Container {
            id: ContainerId::new(&"a".repeat(64)),
            run,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_name_is_refused_to_everyone() {
        let registry = Registry::default();
        let (_, _lease) = registry.take(node("a"), container(1)).await.unwrap();
        for (owner, holder) in [
            (container(1), "another node in the same container"),
            (Owner::Host, "a node in container aaaaaaaaaaaa"),
        ] {
            let refusal = registry.take(node("a"), owner).await.unwrap_err();
            let holder = holder.to_owned();
            assert_eq!(refusal, Refusal::Duplicate { holder });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dying_holder_hands_over() {
        let registry = Registry::default();
        let (first, lease) = registry.take(node("a"), container(1)).await.unwrap();
        let (second, ()) = tokio::join!(registry.take(node("a"), container(2)), async {
            drop(lease);
        });
        assert_ne!(second.unwrap().0, first);
    }

    #[tokio::test]
    async fn names_of_containers_that_are_gone_are_revoked() {
        let registry = Registry::default();
        let (_, mut lease) = registry.take(node("a"), container(1)).await.unwrap();
        let (_, _host) = registry.take(node("b"), Owner::Host).await.unwrap();
        assert_eq!(registry.revoke_from_the_dead(&Inventory::default()), 1);
        lease.revoked().await;
        let (_, _new) = registry.take(node("a"), container(2)).await.unwrap();
        drop(lease);
        assert!(registry.holder(&node("a").name).is_some());
        assert_eq!(registry.all().len(), 2);
    }
}
