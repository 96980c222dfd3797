//! Which nodes are dialled, and when.

use std::collections::BTreeSet;

use beamport_dist::FullName;

use super::peer::{Link, Peer};
use super::{Action, Membership, Message, Moment};

/// Who is to be dialled when, and who is being dialled.
#[derive(Debug, Default)]
pub(super) struct Dials {
    due: BTreeSet<(Moment, FullName)>,
    under_way: BTreeSet<FullName>,
}

impl Membership {
    /// Puts a peer where it belongs by what is known of it.
    pub(super) fn plan(&mut self, name: &FullName) {
        let Some(peer) = self.peers.get_mut(name) else {
            return;
        };
        let wanted = wanted(peer, &self.config.cluster);
        if peer.planned != wanted {
            if let Some(at) = peer.planned.take() {
                self.dials.due.remove(&(at, name.clone()));
            }
            if let Some(at) = wanted {
                self.dials.due.insert((at, name.clone()));
            }
            peer.planned = wanted;
        }
        if peer.link == Link::Dialling {
            self.dials.under_way.insert(name.clone());
        } else {
            self.dials.under_way.remove(name);
        }
    }

    /// Dials whom the sentry lists and who is not connected, so many at a time.
    pub(super) fn dial(&mut self, now: Moment) {
        while self.next_dial().is_some_and(|at| at <= now)
            && let Some((_, name)) = self.dials.due.pop_first()
        {
            if let Some(peer) = self.peers.get_mut(&name) {
                peer.planned = None;
                peer.link = Link::Dialling;
            }
            self.plan(&name);
            self.push(Action::Dial(name));
        }
    }

    /// When somebody is to be dialled next. Where all dials are under way, the end of one comes first.
    pub(super) fn next_dial(&self) -> Option<Moment> {
        let busy = self.dials.under_way.len() >= self.config.dials;
        if busy || !self.online || self.phase.is_over() {
            return None;
        }
        self.dials.due.first().map(|(at, _)| *at)
    }

    /// Who was connected and is not has gone; who is, is greeted, again if need be: whoever spoke for this node
    /// before has taken with it what was under way.
    pub(super) fn started(&mut self, now: Moment, connected: BTreeSet<FullName>) {
        self.stopped(now);
        self.online = true;
        for name in connected {
            self.up(now, name);
        }
    }

    pub(super) fn stopped(&mut self, now: Moment) {
        self.online = false;
        let names: Vec<FullName> = self.peers.keys().cloned().collect();
        for name in names {
            if let Some(peer) = self.peers.get_mut(&name)
                && !matches!(peer.link, Link::Down(_))
            {
                peer.link = Link::Down(now);
                peer.view = None;
                peer.lacks = None;
            }
            self.reconsider(now, &name);
            self.forget_if_lost(&name);
        }
    }

    pub(super) fn up(&mut self, now: Moment, name: FullName) {
        if name == self.config.me {
            return;
        }
        let peer = self.peers.entry(name.clone()).or_default();
        if peer.is_up() {
            return;
        }
        peer.link = Link::Up(now);
        peer.reason = None;
        self.reconsider(now, &name);
        let hello = self.hello();
        self.push(Action::Tell(name, hello));
    }

    pub(super) fn down(&mut self, now: Moment, name: &FullName, reason: String) {
        let settled = self.config.settled;
        let Some(peer) = self.peers.get_mut(name) else {
            return;
        };
        if let Link::Up(since) = peer.link
            && now.saturating_sub(since) >= settled
        {
            peer.failures = 0;
        }
        peer.view = None;
        peer.lacks = None;
        self.failed(now, name, reason);
        self.reconsider(now, name);
        self.forget_if_lost(name);
    }

    pub(super) fn dial_failed(&mut self, now: Moment, name: &FullName, reason: String) {
        // It may have connected by itself in the meantime.
        if self
            .peers
            .get(name)
            .is_some_and(|peer| peer.link == Link::Dialling)
        {
            self.failed(now, name, reason);
            self.plan(name);
            self.forget_if_lost(name);
        }
    }

    fn failed(&mut self, now: Moment, name: &FullName, reason: String) {
        let (first, last) = (self.config.first_redial, self.config.last_redial);
        if let Some(peer) = self.peers.get_mut(name) {
            peer.failures = peer.failures.saturating_add(1);
            peer.reason = Some(reason);
            peer.link = Link::Down(now + self.jitter.after_failures(peer.failures, first, last));
        }
    }

    /// The first words on a new connection.
    pub fn hello(&self) -> Message {
        Message::Hello(self.view())
    }
}

/// When a node is to be dialled, if it is.
fn wanted(peer: &Peer, cluster: &str) -> Option<Moment> {
    match peer.link {
        Link::Down(at) if peer.is_listed() && !peer.is_foreign(cluster) => Some(at),
        _ => None,
    }
}
