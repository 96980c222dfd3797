//! The directory of stock epmd: names live as long as the connections that registered them.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::directory::{Client, Directory, Dumped, Lease, Listed, Refusal, Registered};
use crate::node::{Creation, NodeName, Registration};

/// How many names that are gone are remembered, so that the next incarnation gets another creation.
///
/// Stock epmd's `MAX_UNREG_COUNT`.
pub const REMEMBERED_NAMES: usize = 1000;

/// How long a name that is asked for again may take to be given back by its dying holder.
///
/// A node that restarts at once registers while the end of its previous connection is still on the way to us
/// (erlang/otp#11083). Who holds a name rightfully keeps it all the same; its rival is just told this much later.
const HANDOVER: Duration = Duration::from_millis(200);

/// Names in memory. Cheap to clone; clones share the names.
#[derive(Debug, Clone)]
pub struct LocalDirectory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    table: Mutex<Table>,
    /// Told whenever a name is given back.
    released: Notify,
    /// Told whenever a name is taken from its holder. One for all: that is rare, and names are many.
    stopped: Notify,
}

#[derive(Debug)]
struct Table {
    /// Boxed, since a map has room for more than it holds.
    held: HashMap<NodeName, Box<Held>>,
    /// Oldest first.
    remembered: VecDeque<Remembered>,
    most_remembered: usize,
    /// Tells a registration from later ones of the same name, and orders listings.
    next_serial: u64,
}

#[derive(Debug)]
struct Held {
    node: Registration,
    creation: Creation,
    serial: u64,
    holder: SocketAddr,
}

#[derive(Debug)]
struct Remembered {
    name: NodeName,
    port: u16,
    creation: Creation,
}

impl Default for LocalDirectory {
    fn default() -> Self {
        Self::remembering(REMEMBERED_NAMES)
    }
}

impl LocalDirectory {
    /// An empty directory that remembers as many names that are gone as stock epmd does.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty directory that remembers this many names that are gone.
    pub fn remembering(most_remembered: usize) -> Self {
        Self(Arc::new(Shared {
            table: Mutex::new(Table {
                held: HashMap::new(),
                remembered: VecDeque::new(),
                most_remembered,
                next_serial: 0,
            }),
            released: Notify::new(),
            stopped: Notify::new(),
        }))
    }
}

impl Directory for LocalDirectory {
    type Lease = LocalLease;

    fn may_register(&self, client: &Client<'_>) -> bool {
        client.is_local()
    }

    async fn register(
        &self,
        client: &Client<'_>,
        node: Registration,
    ) -> Result<Registered<LocalLease>, Refusal> {
        let patience = Instant::now() + HANDOVER;
        loop {
            // Listening before looking, so that a name given back in between is not missed.
            let mut released = std::pin::pin!(self.0.released.notified());
            released.as_mut().enable();
            let taken = self.0.table().take(client, &node);
            match taken {
                Ok((creation, serial)) => {
                    let lease = LocalLease {
                        name: node.name,
                        serial,
                        shared: Arc::clone(&self.0),
                    };
                    return Ok(Registered { creation, lease });
                }
                Err(refusal) if Instant::now() >= patience => return Err(refusal),
                Err(_) => {
                    // Either way the name is tried again, a last time when patience is over.
                    let _ = timeout_at(patience, released).await;
                }
            }
        }
    }

    fn lookup(&self, _client: &Client<'_>, name: &NodeName) -> Option<Registration> {
        self.0.table().held.get(name).map(|held| held.node.clone())
    }

    fn names(&self, _client: &Client<'_>) -> Vec<Listed> {
        self.0
            .table()
            .newest_first()
            .into_iter()
            .map(|held| Listed {
                name: held.node.name.clone(),
                port: held.node.port.get(),
            })
            .collect()
    }

    fn dump(&self) -> Vec<Dumped> {
        let table = self.0.table();
        let active = table.newest_first().into_iter().map(|held| Dumped {
            name: held.node.name.clone(),
            port: held.node.port.get(),
            active: true,
        });
        let remembered = table.remembered.iter().map(|old| Dumped {
            name: old.name.clone(),
            port: old.port,
            active: false,
        });
        active.chain(remembered).collect()
    }

    fn stop(&self, name: &NodeName) -> bool {
        let is_stopped = self.0.table().give_back(name, |_| true);
        if is_stopped {
            self.0.stopped.notify_waiters();
            self.0.released.notify_waiters();
        }
        is_stopped
    }

    fn is_in_use(&self) -> bool {
        !self.0.table().held.is_empty()
    }
}

impl Shared {
    /// No operation on the table can leave it half done, so that a poisoned lock is as good as any.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn take(
        &mut self,
        client: &Client<'_>,
        node: &Registration,
    ) -> Result<(Creation, u64), Refusal> {
        if let Some(held) = self.held.get(&node.name) {
            return Err(Refusal::Duplicate {
                holder: held.holder.to_string(),
            });
        }
        let creation = self.next_creation(&node.name);
        let serial = self.next_serial;
        self.next_serial += 1;
        let held = Held {
            node: node.clone(),
            creation,
            serial,
            holder: client.remote,
        };
        self.held.insert(node.name.clone(), Box::new(held));
        Ok((creation, serial))
    }

    fn next_creation(&mut self, name: &NodeName) -> Creation {
        match self.remembered.iter().position(|old| old.name == *name) {
            Some(index) => match self.remembered.remove(index) {
                Some(old) => old.creation.next(),
                None => Creation::new(random()),
            },
            None => Creation::new(random()),
        }
    }

    /// Gives the name back if it is held and `is_meant` agrees, and remembers it.
    fn give_back(&mut self, name: &NodeName, is_meant: impl FnOnce(&Held) -> bool) -> bool {
        if !self.held.get(name).is_some_and(|held| is_meant(held)) {
            return false;
        }
        let Some(held) = self.held.remove(name) else {
            return false;
        };
        while self.remembered.len() >= self.most_remembered.max(1) {
            self.remembered.pop_front();
        }
        self.remembered.push_back(Remembered {
            name: held.node.name.clone(),
            port: held.node.port.get(),
            creation: held.creation,
        });
        true
    }

    /// The order stock epmd lists names in.
    fn newest_first(&self) -> Vec<&Held> {
        let mut all: Vec<&Held> = self.held.values().map(Box::as_ref).collect();
        all.sort_unstable_by_key(|held| std::cmp::Reverse(held.serial));
        all
    }
}

/// A number that the previous run of this program, or of another port mapper, hardly gave out as well.
fn random() -> u32 {
    RandomState::new().hash_one(()) as u32
}

/// A name held in a [`LocalDirectory`].
#[derive(Debug)]
pub struct LocalLease {
    name: NodeName,
    serial: u64,
    shared: Arc<Shared>,
}

impl Lease for LocalLease {
    async fn revoked(&mut self) {
        loop {
            // Listening before looking, so that nothing in between is missed.
            let mut stopped = std::pin::pin!(self.shared.stopped.notified());
            stopped.as_mut().enable();
            let is_held = self
                .shared
                .table()
                .held
                .get(&self.name)
                .is_some_and(|held| held.serial == self.serial);
            if !is_held {
                return;
            }
            stopped.await;
        }
    }
}

impl Drop for LocalLease {
    fn drop(&mut self) {
        // After a STOP the name may have a new holder already.
        let given_back = self
            .shared
            .table()
            .give_back(&self.name, |held| held.serial == self.serial);
        if given_back {
            self.shared.released.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    fn client() -> Client<'static> {
        Client::new(
            "127.0.0.1:40000".parse().unwrap(),
            "127.0.0.1:4369".parse().unwrap(),
        )
    }

    fn node(name: &str) -> Registration {
        Registration::new(name.parse().unwrap(), NonZeroU16::new(5000).unwrap())
    }

    async fn register(names: &LocalDirectory, name: &str) -> Registered<LocalLease> {
        names.register(&client(), node(name)).await.unwrap()
    }

    #[tokio::test]
    async fn a_name_lives_as_long_as_its_lease() {
        let names = LocalDirectory::new();
        let held = register(&names, "a").await;
        assert_eq!(names.lookup(&client(), &node("a").name), Some(node("a")));
        assert!(names.is_in_use());
        drop(held);
        assert_eq!(names.lookup(&client(), &node("a").name), None);
        assert!(!names.is_in_use());
    }

    #[tokio::test]
    async fn incarnations_differ() {
        let names = LocalDirectory::new();
        let first = register(&names, "a").await.creation;
        assert_eq!(register(&names, "a").await.creation, first.next());
    }

    #[tokio::test(start_paused = true)]
    async fn a_held_name_is_refused_once_patience_is_over() {
        let names = LocalDirectory::new();
        let _held = register(&names, "a").await;
        let refusal = names.register(&client(), node("a")).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Duplicate { .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_given_back_meanwhile_is_handed_over() {
        let names = LocalDirectory::new();
        let held = register(&names, "a").await;
        let next = tokio::spawn({
            let names = names.clone();
            async move { names.register(&client(), node("a")).await }
        });
        tokio::task::yield_now().await;
        drop(held);
        next.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_stopped_name_is_revoked_and_its_old_lease_harms_no_successor() {
        let names = LocalDirectory::new();
        let mut old = register(&names, "a").await;
        assert!(names.stop(&node("a").name));
        assert!(!names.stop(&node("a").name));
        old.lease.revoked().await;
        let _new = register(&names, "a").await;
        drop(old);
        assert!(names.lookup(&client(), &node("a").name).is_some());
    }

    #[tokio::test]
    async fn only_so_many_names_are_remembered_and_the_newest_are_listed_first() {
        let names = LocalDirectory::remembering(2);
        for name in ["a", "b", "c"] {
            register(&names, name).await;
        }
        let _held = (register(&names, "d").await, register(&names, "e").await);
        let dump: Vec<(String, bool)> = names
            .dump()
            .into_iter()
            .map(|line| (line.name.to_string(), line.active))
            .collect();
        let expected = [("e", true), ("d", true), ("b", false), ("c", false)];
        assert_eq!(
            dump,
            expected.map(|(name, active)| (name.to_owned(), active))
        );
    }
}
