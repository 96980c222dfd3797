//! The cluster as JSON, for commands and scripts.

use beamport_cluster::membership::Snapshot;
use serde_json::{Value, json};

/// Keys may be added; those that are there keep their meaning.
pub(super) fn snapshot(snapshot: &Snapshot) -> Value {
    let members = snapshot.members.iter();
    json!({
        "node": snapshot.me.as_str(),
        "cluster": snapshot.cluster,
        "phase": snapshot.phase.as_str(),
        "consensus": snapshot.consensus,
        "leader": snapshot.leader.as_ref().map(|leader| leader.as_str()),
        "members": members
            .map(|member| json!({ "node": member.name.as_str(), "place": member.place }))
            .collect::<Value>(),
        "missing": missing(snapshot),
        "failing": failing(snapshot),
        "problems": problems(snapshot),
    })
}

/// Who is missed, and why.
pub(super) fn missing(snapshot: &Snapshot) -> Value {
    let absent = snapshot.absent.iter();
    absent
        .map(|absent| json!({ "node": absent.name.as_str(), "why": absent.why.to_string() }))
        .collect()
}

pub(super) fn problems(snapshot: &Snapshot) -> Value {
    snapshot.problems.iter().map(ToString::to_string).collect()
}

/// Why sources of the sentry lead nowhere.
pub(super) fn failing(snapshot: &Snapshot) -> Value {
    let failing = snapshot.failing.iter();
    failing.map(|(_, reason)| reason.as_str()).collect()
}
