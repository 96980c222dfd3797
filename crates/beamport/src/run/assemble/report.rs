//! What is said of the cluster in the log.

use beamport_cluster::membership::{Change, Snapshot};

/// Who is missed, and why. Said less often the longer it lasts.
pub(super) fn missing(snapshot: &Snapshot) {
    let (have, want) = (snapshot.members.len(), snapshot.consensus);
    tracing::warn!(phase = %snapshot.phase, have, want, "waiting for consensus: {have} of {want} nodes are connected");
    details(snapshot);
}

/// Waiting was in vain.
pub(super) fn given_up(snapshot: &Snapshot) {
    let (have, want) = (snapshot.members.len(), snapshot.consensus);
    tracing::error!(
        have,
        want,
        "no consensus in time: {have} of {want} nodes are connected; the node ends"
    );
    details(snapshot);
}

fn details(snapshot: &Snapshot) {
    for absent in &snapshot.absent {
        tracing::warn!(node = %absent.name, "missing: {}", absent.why);
    }
    for (_, reason) in &snapshot.failing {
        tracing::warn!("the sentry leads nowhere: {reason}");
    }
    if snapshot.absent.is_empty()
        && snapshot.failing.is_empty()
        && snapshot.members.len() < snapshot.consensus
    {
        tracing::warn!("the sentry lists no other node");
    }
}

/// Something has changed.
pub(super) fn change(change: &Change, snapshot: &Snapshot) {
    let members = snapshot.members.len();
    match change {
        Change::Phase(from, to) => tracing::info!(%from, %to, members, "the node is {to}"),
        Change::Joined(node) => tracing::info!(%node, members, "a node has joined"),
        Change::Left(node) => tracing::info!(%node, members, "a node has left"),
        Change::Leader(Some(node)) => tracing::info!(%node, "the cluster has a new leader"),
        Change::Leader(None) => tracing::info!("the cluster has no leader"),
        Change::Problems if snapshot.problems.is_empty() => {
            tracing::info!("every member is connected with every other again");
        }
        Change::Problems => {
            for problem in &snapshot.problems {
                tracing::warn!("{problem}");
            }
        }
        Change::Source(number) => source(*number, snapshot),
    }
}

fn source(number: usize, snapshot: &Snapshot) {
    let mut failing = snapshot.failing.iter();
    match failing.find(|(failing, _)| *failing == number) {
        Some((_, reason)) => tracing::warn!(
            "the sentry leads nowhere: {reason}; what it said last stays, and nobody is disconnected for it"
        ),
        None => tracing::info!("the sentry leads somewhere again"),
    }
}
