//! Whether every member is connected with every other.
//!
//! Where A reaches B and C, and B does not reach C, `global` of OTP 25 and later disconnects nodes until no such
//! triangle is left ("requested disconnect … in order to prevent overlapping partitions"), and says no more than
//! that. Here the missing side is found and named.

use std::collections::BTreeSet;

use beamport_dist::FullName;

use super::{Action, Change, Membership, Message, Moment, Problem, due};

impl Membership {
    /// News takes a while to get around: sets that differ now may be the same then.
    pub(super) fn compare_later(&mut self, now: Moment) {
        self.timetable.compare = Some(now + self.config.compare_after);
    }

    /// Asks those for their members whose digest is still another.
    pub(super) fn compare_if_due(&mut self, now: Moment) {
        if !due(self.timetable.compare, now) || self.phase.is_over() {
            return;
        }
        self.timetable.compare = None;
        let differing: Vec<FullName> = self
            .members
            .names()
            .filter(|name| self.differs(name))
            .cloned()
            .collect();
        if differing.is_empty() {
            self.compare();
        }
        for name in differing {
            self.push(Action::Tell(name, Message::Ask));
        }
    }

    fn differs(&self, name: &FullName) -> bool {
        self.peers
            .get(name)
            .and_then(|peer| peer.view.as_ref())
            .is_some_and(|view| view.members != self.members.digest())
    }

    /// Finds the pairs of this node's members of which one does not have the other.
    pub(super) fn compare(&mut self) {
        let problems: BTreeSet<Problem> = self
            .members
            .names()
            .filter(|name| self.differs(name))
            .filter_map(|from| Some((from, self.peers.get(from)?.members.as_ref()?)))
            .flat_map(|(from, has)| {
                let lacks = move |to: &&FullName| *to != from && !has.contains(*to);
                let pair = |to| Problem::NoPath(from.min(to).clone(), from.max(to).clone());
                self.members.names().filter(lacks).map(pair)
            })
            .collect();
        if problems != self.problems {
            self.problems = problems;
            self.push(Action::Notify(Change::Problems));
        }
    }
}
