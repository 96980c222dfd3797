//! What has happened in the cluster, numbered, so that whoever lost touch can ask for what came since.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use beamport_cluster::membership::{Change, Snapshot};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::json;

/// How many events are kept.
const KEPT: usize = 1024;

/// The last events.
#[derive(Debug)]
pub(super) struct Journal {
    events: VecDeque<Arc<Event>>,
    last: u64,
}

/// Something that has happened.
#[derive(Debug)]
pub(super) struct Event {
    /// Events of later have higher numbers, also those of a later `beamport run`.
    pub(super) id: u64,
    pub(super) kind: &'static str,
    /// The event as JSON, in one line.
    pub(super) json: String,
}

impl Event {
    pub(super) fn new(id: u64, kind: &'static str, details: Value) -> Self {
        let now = DateTime::<Utc>::from(SystemTime::now());
        let mut all = json!({
            "id": id,
            "at": now.to_rfc3339_opts(SecondsFormat::Millis, true),
            "event": kind,
        });
        if let (Some(all), Value::Object(details)) = (all.as_object_mut(), details) {
            all.extend(details);
        }
        Self {
            id,
            kind,
            json: all.to_string(),
        }
    }
}

impl Journal {
    /// An empty one.
    pub(super) fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            events: VecDeque::new(),
            // Who asks for what came after an event of an earlier one is given all there is of this one.
            last: now.map_or(0, |now| now.as_millis() as u64),
        }
    }

    pub(super) fn add(&mut self, kind: &'static str, details: Value) {
        self.last += 1;
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        let event = Event::new(self.last, kind, details);
        self.events.push_back(Arc::new(event));
    }

    /// A change, and what it has led to.
    pub(super) fn add_change(&mut self, change: &Change, snapshot: &Snapshot) {
        let members = snapshot.members.len();
        let phase = snapshot.phase.as_str();
        let (kind, details) = match change {
            Change::Phase(from, to) => (
                "phase",
                json!({ "from": from.as_str(), "to": to.as_str(), "members": members }),
            ),
            Change::Joined(node) => (
                "joined",
                json!({ "node": node.as_str(), "phase": phase, "members": members }),
            ),
            Change::Left(node) => (
                "left",
                json!({ "node": node.as_str(), "phase": phase, "members": members }),
            ),
            Change::Leader(leader) => (
                "leader",
                json!({ "node": leader.as_ref().map(|leader| leader.as_str()) }),
            ),
            Change::Problems => ("problems", json!({ "problems": json::problems(snapshot) })),
            Change::Source(_) => ("sentry", json!({ "failing": json::failing(snapshot) })),
        };
        self.add(kind, details);
    }

    /// The number of the last event.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// The first event after `id` that is kept; none where nothing came since.
    pub(super) fn next_after(&self, id: u64) -> Option<&Arc<Event>> {
        let first = self.events.front()?.id;
        let index = id.saturating_add(1).saturating_sub(first);
        self.events.get(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_since_is_given_as_long_as_it_is_kept() {
        let mut journal = Journal::new();
        let begin = journal.last();
        let next = |journal: &Journal, id| journal.next_after(id).map(|event| event.id);
        assert_eq!(next(&journal, begin), None);
        journal.add("joined", json!({ "node": "a@h" }));
        journal.add("left", json!({ "node": "a@h" }));
        assert_eq!(next(&journal, 0), Some(begin + 1));
        assert_eq!(next(&journal, begin), Some(begin + 1));
        assert_eq!(next(&journal, begin + 1), Some(begin + 2));
        assert_eq!(next(&journal, begin + 2), None);
        for _ in 0..KEPT {
            journal.add("left", json!({}));
        }
        assert_eq!(next(&journal, begin), Some(begin + 3));
        assert_eq!(next(&journal, journal.last()), None);
    }

    #[test]
    fn an_event_is_one_line_of_json() {
        let event = Event::new(7, "left", json!({ "node": "a@h" }));
        let read: Value = serde_json::from_str(&event.json).unwrap();
        assert_eq!(
            (&read["id"], &read["event"], &read["node"]),
            (&7.into(), &"left".into(), &"a@h".into())
        );
        assert!(!event.json.contains('\n') && read["at"].as_str().unwrap().ends_with('Z'));
    }
}
