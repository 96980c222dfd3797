//! The ring of a cluster: which member owns a key.
//!
//! Members are on it by their places and in the order of these, so that it is the same on every node that has the same
//! members, whoever came first. Where no places are given they are the nodes' names, and it is the ring that libring
//! makes of the same nodes added in order.

use std::collections::HashMap;

use beamport_cluster::membership::{Member, Snapshot};
use beamport_dist::FullName;
use beamport_ring::{Otp, Ring};
use beamport_term::{Atom, Term};

/// The ring of a cluster's members.
#[derive(Debug, Clone)]
pub(super) struct ClusterRing {
    members: Vec<Member>,
    ring: Ring,
    /// Who is at a place: of two that claim one, the first.
    nodes: HashMap<Term, FullName>,
}

impl ClusterRing {
    /// Of these members, with VMs of this release.
    pub(super) fn new(members: &[Member], otp: Otp) -> Self {
        let (mut ring, mut nodes) = (Ring::new(otp), HashMap::new());
        for member in members {
            let place = place(member);
            if ring.add(place.clone()) {
                nodes.insert(place, member.name.clone());
            }
        }
        Self {
            members: members.to_vec(),
            ring,
            nodes,
        }
    }

    /// Whether it still is what these members make.
    pub(super) fn is_of(&self, snapshot: &Snapshot) -> bool {
        self.members == snapshot.members
    }

    /// Who is on it, in the order in which they were added.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Who owns a key; nobody where there is no member.
    pub(super) fn owner(&self, key: &Term) -> Option<&FullName> {
        self.nodes.get(self.ring.owner(key)?)
    }

    /// How much of all keys each member owns, as a part of one.
    pub(super) fn shares(&self) -> HashMap<&FullName, f64> {
        /// One more than the last place there is.
        const AROUND: f64 = u32::MAX as f64;
        let last = self.points().last().map_or(0, |(place, _)| place);
        let mut before = f64::from(last) - AROUND;
        let mut shares = HashMap::new();
        for (place, node) in self.points() {
            let place = f64::from(place);
            *shares.entry(node).or_default() += (place - before) / AROUND;
            before = place;
        }
        shares
    }

    /// Its points, in ascending order: `[{Place, Node}]`.
    pub(super) fn term(&self) -> Term {
        Term::list(
            self.points()
                .map(|(place, node)| Term::from((u64::from(place), node.to_atom()))),
        )
    }

    fn points(&self) -> impl Iterator<Item = (u32, &FullName)> {
        let points = self.ring.points();
        points.filter_map(|(point, place)| Some((point, self.nodes.get(place)?)))
    }
}

/// What is on the ring for a member: an atom, as nodes are with libring.
fn place(member: &Member) -> Term {
    match Atom::new(&member.place) {
        Ok(place) => place.into(),
        Err(_) => member.place.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(names: &[(&str, &str)]) -> Vec<Member> {
        let member = |(place, name): &(&str, &str)| Member {
            name: name.parse().unwrap(),
            place: (*place).to_owned(),
        };
        names.iter().map(member).collect()
    }

    /// From libring 1.7.0 in a VM.
    #[test]
    fn without_places_it_is_the_ring_of_libring() {
        let names = [2, 3, 4, 5, 6].map(|number| format!("cloister@172.26.0.{number}"));
        let named: Vec<_> = names.iter().map(|n| (n.as_str(), n.as_str())).collect();
        let ring = ClusterRing::new(&members(&named), Otp::From26);
        for (key, number) in [
            ("1", 3),
            ("42", 4),
            ("<<\"user:1\">>", 5),
            ("{myworker, 123}", 2),
        ] {
            let owner = ring.owner(&key.parse().unwrap()).unwrap();
            assert_eq!(
                owner.as_str(),
                format!("cloister@172.26.0.{number}"),
                "{key}"
            );
        }
    }

    #[test]
    fn a_node_of_another_name_at_the_same_place_owns_the_same_keys() {
        let before = members(&[("app-1", "x@h"), ("app-2", "y@h")]);
        let after = members(&[("app-1", "z@h"), ("app-2", "y@h")]);
        let (before, after) = (
            ClusterRing::new(&before, Otp::From26),
            ClusterRing::new(&after, Otp::From26),
        );
        for key in 0..100 {
            let owners = [&before, &after].map(|r| r.owner(&Term::from(key)).unwrap().as_str());
            assert!(
                matches!(owners, ["x@h", "z@h"] | ["y@h", "y@h"]),
                "{owners:?}"
            );
        }
    }

    #[test]
    fn shares_are_parts_of_one() {
        let ring = ClusterRing::new(
            &members(&[("a", "a@h"), ("b", "b@h"), ("c", "c@h")]),
            Otp::From26,
        );
        let shares = ring.shares();
        let sum: f64 = shares.values().sum();
        assert_eq!(shares.len(), 3);
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        assert!(ClusterRing::new(&[], Otp::From26).shares().is_empty());
    }
}
