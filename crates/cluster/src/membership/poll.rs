//! When the sources of the sentry are asked, and what becomes of their answers.

use std::collections::BTreeSet;
use std::time::Duration;

use beamport_dist::FullName;

use super::peer::{Link, Peer};
use super::{Action, Change, Membership, Moment, Phase};
use crate::sentry;

/// A source of the sentry.
#[derive(Debug)]
pub(super) struct Source {
    state: State,
    /// Why it could not be asked, if the last time it could not.
    pub(super) error: Option<String>,
}

#[derive(Debug)]
enum State {
    /// It says the same for ever.
    Fixed,
    /// It is asked now.
    Asked,
    /// It was asked; and how long its answer is good for.
    Answered {
        at: Moment,
        fresh_for: Option<Duration>,
        next: Moment,
    },
    /// It was never asked.
    New,
}

impl Source {
    pub(super) fn new(source: &sentry::Source) -> Self {
        let state = match source {
            sentry::Source::Nodes(_) => State::Fixed,
            _ => State::New,
        };
        Self { state, error: None }
    }

    /// When it is to be asked.
    pub(super) fn next(&self) -> Option<Moment> {
        match self.state {
            State::Fixed | State::Asked => None,
            State::New => Some(Moment::ZERO),
            State::Answered { next, .. } => Some(next),
        }
    }
}

impl Membership {
    pub(super) fn listed(
        &mut self,
        now: Moment,
        source: usize,
        nodes: BTreeSet<FullName>,
        fresh_for: Option<Duration>,
    ) {
        self.answered(now, source, fresh_for, None);
        self.list(now, source, nodes);
    }

    /// What a source said last stays: a name server that is down takes no node from its cluster.
    pub(super) fn lookup_failed(&mut self, now: Moment, source: usize, reason: String) {
        self.answered(now, source, None, Some(reason));
    }

    fn answered(
        &mut self,
        now: Moment,
        number: usize,
        fresh_for: Option<Duration>,
        error: Option<String>,
    ) {
        let pause = self.pause(fresh_for);
        let next = now + self.jitter.of(pause);
        if let Some(source) = self.sources.get_mut(number) {
            source.state = State::Answered {
                at: now,
                fresh_for,
                next,
            };
            let changed = source.error.is_some() != error.is_some();
            source.error = error;
            if changed {
                self.push(Action::Notify(Change::Source(number)));
            }
        }
    }

    /// A source lists these nodes and no others.
    pub(super) fn list(&mut self, now: Moment, source: usize, mut nodes: BTreeSet<FullName>) {
        nodes.remove(&self.config.me);
        let gone: Vec<FullName> = self
            .peers
            .iter()
            .filter(|(name, peer)| peer.listed_by.contains(&source) && !nodes.contains(*name))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            if let Some(peer) = self.peers.get_mut(&name) {
                peer.listed_by.remove(&source);
            }
            self.reconsider(now, &name);
            self.forget_if_lost(&name);
        }
        for name in nodes {
            self.peers
                .entry(name.clone())
                .or_default()
                .listed_by
                .insert(source);
            self.reconsider(now, &name);
        }
    }

    /// A node that is neither listed nor connected is none of ours. One of the two keeps it: lists lag behind, and
    /// a node that is connected is there whatever they say.
    pub(super) fn forget_if_lost(&mut self, name: &FullName) {
        let lost = |peer: &Peer| !peer.is_listed() && matches!(peer.link, Link::Down(_));
        if self.peers.get(name).is_some_and(lost) {
            self.plan(name);
            self.peers.remove(name);
        }
    }

    /// How long until a source is asked again: the less there is amiss, the longer, and no longer than its answer
    /// is good for.
    fn pause(&self, fresh_for: Option<Duration>) -> Duration {
        let fast = self.config.fast_poll;
        let slow = self.config.slow_poll.max(fast);
        match self.phase {
            Phase::Assembling | Phase::Degraded => fast,
            _ => fresh_for.unwrap_or(slow).clamp(fast, slow),
        }
    }

    /// What was to be asked later is asked as soon as the phase wants it.
    pub(super) fn hurry_polls(&mut self, now: Moment) {
        for number in 0..self.sources.len() {
            let Some(State::Answered {
                at,
                fresh_for,
                next,
            }) = self.sources.get(number).map(|source| &source.state)
            else {
                continue;
            };
            let (at, fresh_for, next) = (*at, *fresh_for, *next);
            let pause = self.pause(fresh_for);
            let sooner = next.min((at + self.jitter.of(pause)).max(now));
            if let Some(source) = self.sources.get_mut(number) {
                source.state = State::Answered {
                    at,
                    fresh_for,
                    next: sooner,
                };
            }
        }
    }

    pub(super) fn poll(&mut self, now: Moment) {
        if self.phase.is_over() {
            return;
        }
        for (number, source) in self.sources.iter_mut().enumerate() {
            if source.next().is_some_and(|at| at <= now) {
                source.state = State::Asked;
                self.actions.push_back(Action::LookUp(number));
            }
        }
    }
}
