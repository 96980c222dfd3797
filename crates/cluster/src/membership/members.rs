//! The set of members, in the order that decides who leads.

use std::collections::{BTreeMap, BTreeSet};

use beamport_dist::FullName;

/// The members: by place on the ring, then by name, so that the first one is the same for all who have the same set.
#[derive(Debug)]
pub(super) struct Members {
    ordered: BTreeSet<(String, FullName)>,
    places: BTreeMap<FullName, String>,
    digest: Digest,
}

/// Stands for a set of members: equal sets have equal digests, and different sets different ones, but for chance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Digest(u64);

impl Digest {
    /// The digest as a number, to be sent.
    pub fn value(self) -> u64 {
        self.0
    }

    /// A digest that was received.
    pub fn from_value(value: u64) -> Self {
        Self(value)
    }

    /// With a name if it was without, without it if it was with.
    #[must_use]
    fn toggle(self, name: &FullName) -> Self {
        Self(self.0 ^ hash(name.as_str()))
    }
}

/// FNV-1a, mixed: the same on every node and in every release, which the standard library's is not.
fn hash(text: &str) -> u64 {
    let hash = text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3_u64)
    });
    (hash ^ (hash >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Members {
    /// A node alone.
    pub(super) fn of(name: &FullName, place: &str) -> Self {
        let mut members = Self {
            ordered: BTreeSet::new(),
            places: BTreeMap::new(),
            digest: Digest::default(),
        };
        members.insert(name, place);
        members
    }

    /// Whether the node was none. One that is may move to another place.
    pub(super) fn insert(&mut self, name: &FullName, place: &str) -> bool {
        if let Some(before) = self.places.insert(name.clone(), place.to_owned()) {
            if before != place {
                self.ordered.remove(&(before, name.clone()));
                self.ordered.insert((place.to_owned(), name.clone()));
            }
            return false;
        }
        self.ordered.insert((place.to_owned(), name.clone()));
        self.digest = self.digest.toggle(name);
        true
    }

    /// Whether the node was one.
    pub(super) fn remove(&mut self, name: &FullName) -> bool {
        let Some(place) = self.places.remove(name) else {
            return false;
        };
        self.ordered.remove(&(place, name.clone()));
        self.digest = self.digest.toggle(name);
        true
    }

    pub(super) fn contains(&self, name: &FullName) -> bool {
        self.places.contains_key(name)
    }

    /// The leader.
    pub(super) fn first(&self) -> Option<&FullName> {
        self.ordered.first().map(|(_, name)| name)
    }

    /// Places and names, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &FullName)> {
        self.ordered
            .iter()
            .map(|(place, name)| (place.as_str(), name))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &FullName> {
        self.places.keys()
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn digest(&self) -> Digest {
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> FullName {
        text.parse().unwrap()
    }

    #[test]
    fn the_digest_is_that_of_the_set_however_it_came_about() {
        let mut one = Members::of(&name("a@h"), "a");
        one.insert(&name("b@h"), "b");
        one.insert(&name("c@h"), "c");
        one.remove(&name("b@h"));
        let mut other = Members::of(&name("c@h"), "c");
        assert_ne!(one.digest(), other.digest());
        other.insert(&name("a@h"), "a");
        assert_eq!(one.digest(), other.digest());
        assert_eq!(Digest::from_value(one.digest().value()), other.digest());
    }

    #[test]
    fn places_come_before_names() {
        let mut members = Members::of(&name("a@h"), "2");
        members.insert(&name("b@h"), "1");
        assert_eq!(members.first(), Some(&name("b@h")));
        assert!(!members.insert(&name("b@h"), "3"));
        assert_eq!(members.first(), Some(&name("a@h")));
        assert_eq!(members.len(), 2);
    }
}
