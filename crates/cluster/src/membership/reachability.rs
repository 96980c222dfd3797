//! Whether every member is connected with every other.
//!
//! Where A reaches B and C, and B does not reach C, `global` of OTP 25 and later disconnects nodes until no such
//! triangle is left ("requested disconnect … in order to prevent overlapping partitions"), and says no more than
//! that. Here the missing side is found and named.

use std::collections::BTreeSet;

use beamport_dist::FullName;

use super::members::Digest;
use super::{Action, Change, Membership, Message, Moment, Problem, due};

/// How many are asked at a time which members they have. Where two are not connected, two differ from all the others; in
/// a cluster of hundreds that is being cut to pieces everybody does, and each answer names hundreds.
const ASKED: usize = 8;

/// How many problems are named: enough to see what they have in common.
const NAMED: usize = 16;

/// Which of this node's members another one has not.
#[derive(Debug)]
pub(super) struct Lacks {
    /// The members of this node that were looked for.
    of: Digest,
    /// Some of those that were not found.
    names: Vec<FullName>,
}

impl Membership {
    /// News takes a while to get around: sets that differ now may be the same then.
    pub(super) fn compare_later(&mut self, now: Moment) {
        self.timetable.compare = Some(now + self.config.compare_after);
    }

    /// Asks some of those for their members whose digest is still another, until enough is known.
    pub(super) fn compare_if_due(&mut self, now: Moment) {
        if !due(self.timetable.compare, now) || self.phase.is_over() {
            return;
        }
        self.timetable.compare = None;
        self.compare();
        let unknown: Vec<&FullName> = self
            .members
            .names()
            .filter(|name| self.is_unclear(name))
            .collect();
        if unknown.is_empty() || self.problems.len() >= NAMED {
            return;
        }
        // Not the same ones that everybody asks.
        let first = self.jitter.out_of(unknown.len());
        let asked = unknown
            .iter()
            .cycle()
            .skip(first)
            .take(ASKED.min(unknown.len()));
        let asks: Vec<_> = asked
            .map(|name| Action::Tell((*name).clone(), Message::Ask))
            .collect();
        self.actions.extend(asks);
        self.compare_later(now);
    }

    fn differs(&self, name: &FullName) -> bool {
        self.peers
            .get(name)
            .and_then(|peer| peer.view.as_ref())
            .is_some_and(|view| view.members != self.members.digest())
    }

    /// What another has not of this node's members as they are now; none where that is not known.
    fn lacked_by(&self, name: &FullName) -> Option<&[FullName]> {
        let lacks = self.peers.get(name)?.lacks.as_ref()?;
        (lacks.of == self.members.digest()).then_some(&lacks.names)
    }

    /// Whether it has other members than this node, and is not known to lack, or not to lack, one of these.
    fn is_unclear(&self, name: &FullName) -> bool {
        self.differs(name) && self.lacked_by(name).is_none()
    }

    /// A member has said which members it has.
    pub(super) fn heard_members(&mut self, from: &FullName, members: &BTreeSet<FullName>) {
        let lacked = self
            .members
            .names()
            .filter(|name| *name != from && !members.contains(name));
        let lacks = Lacks {
            of: self.members.digest(),
            names: lacked.take(NAMED).cloned().collect(),
        };
        if let Some(peer) = self.peers.get_mut(from) {
            peer.lacks = Some(lacks);
            self.compare();
        }
    }

    /// Finds the pairs of this node's members of which one does not have the other. Where that is unclear, a pair that
    /// was found before stays.
    fn compare(&mut self) {
        let found = self
            .members
            .names()
            .filter(|name| self.differs(name))
            .filter_map(|from| Some((from, self.lacked_by(from)?)))
            .flat_map(|(from, lacked)| {
                let pair = |to| Problem::NoPath(from.min(to).clone(), from.max(to).clone());
                lacked.iter().map(pair)
            });
        let stays = self.problems.iter().filter(|Problem::NoPath(one, other)| {
            let are_members = self.members.contains(one) && self.members.contains(other);
            are_members && (self.is_unclear(one) || self.is_unclear(other))
        });
        let problems: BTreeSet<Problem> = stays.cloned().chain(found).take(NAMED).collect();
        if problems != self.problems {
            self.problems = problems;
            self.push(Action::Notify(Change::Problems));
        }
    }
}
