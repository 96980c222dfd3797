//! What is known of another node.

use std::collections::BTreeSet;

use beamport_dist::FullName;

use super::Moment;
use super::message::View;
use super::reachability::Lacks;

/// Another node.
#[derive(Debug, Default)]
pub(super) struct Peer {
    /// The sources that list it, by number.
    pub(super) listed_by: BTreeSet<usize>,
    pub(super) link: Link,
    /// When it is to be dialled, as the list of dials has it.
    pub(super) planned: Option<Moment>,
    /// How often in a row it could not be dialled, or went before it had settled.
    pub(super) failures: u32,
    /// Why it is not connected, as far as that is known.
    pub(super) reason: Option<String>,
    /// What it told last, since it is connected.
    pub(super) view: Option<View>,
    /// What it has not of this node's members, if it was asked and its members still are what its view stands for.
    pub(super) lacks: Option<Lacks>,
}

/// How this node is connected with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// Not, and it is not dialled before then.
    Down(Moment),
    /// It is dialled.
    Dialling,
    /// It is, since then.
    Up(Moment),
}

impl Default for Link {
    fn default() -> Self {
        Self::Down(Moment::ZERO)
    }
}

impl Peer {
    pub(super) fn is_up(&self) -> bool {
        matches!(self.link, Link::Up(_))
    }

    pub(super) fn is_listed(&self) -> bool {
        !self.listed_by.is_empty()
    }

    /// Whether it belongs to a cluster: it says so, or it says nothing and is listed.
    fn belongs(&self, cluster: &str) -> bool {
        match &self.view {
            Some(view) => view.cluster == cluster,
            None => self.is_listed(),
        }
    }

    /// Whether it said that it is of another cluster.
    pub(super) fn is_foreign(&self, cluster: &str) -> bool {
        self.view
            .as_ref()
            .is_some_and(|view| view.cluster != cluster)
    }

    pub(super) fn is_member(&self, cluster: &str) -> bool {
        let leaves = self.view.as_ref().is_some_and(|view| view.phase.is_over());
        self.is_up() && self.belongs(cluster) && !leaves
    }

    /// Its place on the ring: its name, unless it says otherwise.
    pub(super) fn place<'a>(&'a self, name: &'a FullName) -> &'a str {
        self.view
            .as_ref()
            .map_or(name.as_str(), |view| view.place.as_str())
    }
}
