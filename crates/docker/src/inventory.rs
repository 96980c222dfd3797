//! All containers at one moment, found by what they are known by.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::Bound;
use std::sync::Arc;

use crate::container::{Container, ContainerId, NAME_LABEL};

/// The containers of a host at one moment.
#[derive(Debug, Default)]
pub struct Inventory {
    running: BTreeMap<ContainerId, Arc<Container>>,
    by_name: HashMap<Arc<str>, Arc<Container>>,
    by_label: HashMap<String, Arc<Container>>,
    by_address: HashMap<IpAddr, Arc<Container>>,
    stopped: Vec<Arc<Container>>,
}

impl Inventory {
    /// Indexes running containers, the earliest first: where two claim the same label, the first has it.
    pub fn new(running: &[Arc<Container>], stopped: Vec<Arc<Container>>) -> Self {
        let mut inventory = Self {
            stopped,
            ..Self::default()
        };
        for container in running {
            inventory
                .running
                .insert(container.id.clone(), Arc::clone(container));
            inventory
                .by_name
                .insert(Arc::clone(&container.name), Arc::clone(container));
            if let Some(label) = container.label(NAME_LABEL) {
                inventory
                    .by_label
                    .entry(label.to_owned())
                    .or_insert_with(|| Arc::clone(container));
            }
            for address in &container.addresses {
                inventory
                    .by_address
                    .entry(*address)
                    .or_insert_with(|| Arc::clone(container));
            }
        }
        inventory
    }

    /// The running containers, by ID.
    pub fn running(&self) -> impl Iterator<Item = &Arc<Container>> {
        self.running.values()
    }

    /// The running container with this full ID.
    pub fn by_id(&self, id: &ContainerId) -> Option<&Arc<Container>> {
        self.running.get(id)
    }

    /// The running container that goes by `name`: full ID, short ID, name, or [`NAME_LABEL`], in this order.
    pub fn named(&self, name: &str) -> Option<&Arc<Container>> {
        self.running
            .get(name)
            .or_else(|| self.by_short_id(name))
            .or_else(|| self.by_name.get(name))
            .or_else(|| self.by_label.get(name))
    }

    /// The running container that has this address on one of its networks.
    pub fn at(&self, address: IpAddr) -> Option<&Arc<Container>> {
        self.by_address.get(&address.to_canonical())
    }

    /// The stopped container that went by `name`, among those still remembered.
    pub fn stopped_named(&self, name: &str) -> Option<&Arc<Container>> {
        self.stopped
            .iter()
            .find(|container| container.goes_by(name))
    }

    fn by_short_id(&self, name: &str) -> Option<&Arc<Container>> {
        let from = (Bound::Included(name), Bound::Unbounded);
        let (id, container) = self.running.range::<str, _>(from).next()?;
        (id.short() == name).then_some(container)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::tests::container;

    fn inventory() -> Inventory {
        let mut first = container('a', "web");
        first
            .labels
            .insert(NAME_LABEL.to_owned(), "shop".to_owned());
        first.addresses = vec!["172.17.0.2".parse().unwrap()];
        let mut second = container('b', "db");
        second
            .labels
            .insert(NAME_LABEL.to_owned(), "shop".to_owned());
        let stopped = container('c', "old");
        let running = [first, second].map(Arc::new);
        Inventory::new(&running, vec![Arc::new(stopped)])
    }

    #[test]
    fn a_container_is_found_by_each_of_its_names() {
        let inventory = inventory();
        for name in [&"a".repeat(64), &"a".repeat(12), "web", "shop"] {
            assert_eq!(&*inventory.named(name).unwrap().name, "web", "{name}");
        }
        for name in [&"a".repeat(13), &"a".repeat(11), "", "c", "old", "~"] {
            assert!(inventory.named(name).is_none(), "{name}");
        }
    }

    #[test]
    fn a_container_is_found_by_its_address_in_either_form() {
        let inventory = inventory();
        for address in ["172.17.0.2", "::ffff:172.17.0.2"] {
            let found = inventory.at(address.parse().unwrap());
            assert_eq!(&*found.unwrap().name, "web");
        }
        assert!(inventory.at("172.17.0.3".parse().unwrap()).is_none());
    }

    #[test]
    fn a_stopped_container_is_remembered_apart() {
        let inventory = inventory();
        assert!(inventory.stopped_named("old").is_some());
        assert!(inventory.stopped_named("web").is_none());
    }
}
