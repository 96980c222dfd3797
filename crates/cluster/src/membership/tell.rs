//! Telling the others how this node stands, and hearing how they do.

use std::time::Duration;

use beamport_dist::FullName;

use super::peer::Peer;
use super::{Action, Membership, Message, Moment, Phase, View, due};

/// How long news is held back for more to come: how this node stands, and which members it has. The latter serves to
/// find paths that are missing, which takes seconds anyhow.
const COALESCE: Duration = Duration::from_millis(50);
const COALESCE_MEMBERS: Duration = Duration::from_secs(1);

/// How much longer for each member that it goes to: what a node sends in a second does not grow with their number.
const COALESCE_PER_MEMBER: Duration = Duration::from_millis(1);

impl Membership {
    pub(super) fn view(&self) -> View {
        View {
            cluster: self.config.cluster.clone(),
            place: self.config.place.clone(),
            phase: self.phase,
            members: self.members.digest(),
        }
    }

    /// Something has changed that others want to know.
    pub(super) fn tell_soon(&mut self, now: Moment) {
        self.tell_within(now, COALESCE);
    }

    /// Something has changed that others will want to know some time.
    pub(super) fn tell_later(&mut self, now: Moment) {
        self.tell_within(now, COALESCE_MEMBERS);
    }

    fn tell_within(&mut self, now: Moment, pause: Duration) {
        let members = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        let at = now + pause + COALESCE_PER_MEMBER.saturating_mul(members);
        let before = self.timetable.tell.unwrap_or(at);
        self.timetable.tell = Some(before.min(at));
    }

    pub(super) fn tell_if_due(&mut self, now: Moment) {
        if due(self.timetable.tell, now) {
            self.tell_all();
        }
    }

    /// Tells all who are connected, and are not of another cluster.
    fn tell_all(&mut self) {
        self.timetable.tell = None;
        let view = self.view();
        for (name, peer) in &self.peers {
            if peer.is_up() && !peer.is_foreign(&self.config.cluster) {
                let message = Message::View(view.clone());
                self.actions.push_back(Action::Tell(name.clone(), message));
            }
        }
    }

    pub(super) fn heard(&mut self, now: Moment, from: FullName, message: Message) {
        // Too late, or too early: the hello that goes out when it is connected asks for it again.
        if !self.peers.get(&from).is_some_and(Peer::is_up) {
            return;
        }
        match message {
            Message::Hello(view) => {
                self.heard_view(now, &from, view);
                let view = Message::View(self.view());
                self.push(Action::Tell(from, view));
            }
            Message::View(view) => self.heard_view(now, &from, view),
            Message::Ask => {
                let members = self.members.names().cloned().collect();
                self.push(Action::Tell(from, Message::Members(members)));
            }
            Message::Members(members) => {
                self.heard_members(&from, &members.into_iter().collect());
            }
        }
    }

    fn heard_view(&mut self, now: Moment, from: &FullName, view: View) {
        let is_over = |view: &View| view.phase.is_over();
        let leaves = is_over(&view);
        let Some(peer) = self.peers.get_mut(from) else {
            return;
        };
        if peer.view.as_ref().map(|before| before.members) != Some(view.members) {
            peer.lacks = None;
        }
        let left_before = peer.view.as_ref().is_some_and(is_over);
        peer.view = Some(view);
        self.reconsider(now, from);
        self.compare_later(now);
        if leaves && !left_before {
            // It waits to hear that it is no member any more; so do others that leave with it.
            self.tell_soon(now);
            let view = Message::View(self.view());
            self.push(Action::Tell(from.clone(), view));
        }
    }

    pub(super) fn leave(&mut self, now: Moment) {
        if self.phase.is_over() {
            return;
        }
        let me = self.config.me.clone();
        self.members.remove(&me);
        self.enter(now, Phase::Leaving);
        self.members_changed(now);
        self.timetable.stop = Some(now + self.config.leave_time);
        self.tell_all();
    }

    /// Leaving is over when all members have the set that is left, or time is up.
    pub(super) fn stop_if_told(&mut self, now: Moment) {
        if self.phase != Phase::Leaving {
            return;
        }
        let digest = self.members.digest();
        let told = self.members.names().all(|name| {
            self.peers
                .get(name)
                .and_then(|peer| peer.view.as_ref())
                // Who never told anything does not know what leaving is.
                .is_none_or(|view| view.members == digest)
        });
        if told || due(self.timetable.stop, now) {
            self.timetable = super::Timetable::default();
            self.phase = Phase::Gone;
            self.push(Action::Notify(super::Change::Phase(
                Phase::Leaving,
                Phase::Gone,
            )));
            self.push(Action::Stop);
        }
    }
}
