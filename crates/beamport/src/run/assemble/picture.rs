//! What those see who look at the cluster from outside the VM.

use std::sync::Arc;

use beamport_cluster::membership::{Change, Snapshot};
use beamport_ring::Otp;
use serde_json::json;
use tokio::sync::watch;

use super::journal::Journal;
use super::json;
use super::ring::ClusterRing;

/// The cluster as it is, and what has happened in it.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) snapshot: Snapshot,
    /// Whether applications may start.
    pub(super) open: bool,
    /// None before the VM's distribution is up for the first time: how keys are hashed depends on its release.
    pub(super) ring: Option<Arc<ClusterRing>>,
    pub(super) journal: Journal,
}

/// Paints the picture. Those who look are woken by events, not by every stroke.
#[derive(Debug)]
pub(super) struct Painter {
    picture: watch::Sender<Picture>,
    otp: Option<Otp>,
}

impl Painter {
    pub(super) fn new(snapshot: Snapshot, open: bool) -> Self {
        let picture = Picture {
            snapshot,
            open,
            ring: None,
            journal: Journal::new(),
        };
        Self {
            picture: watch::Sender::new(picture),
            otp: None,
        }
    }

    /// For somebody to look at.
    pub(super) fn picture(&self) -> watch::Receiver<Picture> {
        self.picture.subscribe()
    }

    /// The release of the VM is known.
    pub(super) fn learn_release(&mut self, otp: Otp) {
        self.otp = Some(otp);
    }

    /// The cluster is like this now.
    pub(super) fn paint(&self, snapshot: Snapshot, open: bool) {
        self.picture.send_if_modified(|picture| {
            let ring = picture.ring.take().filter(|ring| ring.is_of(&snapshot));
            let new = || Some(Arc::new(ClusterRing::new(&snapshot.members, self.otp?)));
            picture.ring = ring.or_else(new);
            picture.snapshot = snapshot;
            picture.open = open;
            false
        });
    }

    /// Something has changed, after which the cluster is as it was painted last.
    pub(super) fn note(&self, change: &Change) {
        self.picture.send_modify(|picture| {
            picture.journal.add_change(change, &picture.snapshot);
        });
    }

    /// Consensus is still waited for.
    pub(super) fn note_waiting(&self) {
        self.picture.send_modify(
            |Picture {
                 snapshot, journal, ..
             }| {
                let details = json!({
                    "have": snapshot.members.len(),
                    "want": snapshot.consensus,
                    "missing": json::missing(snapshot),
                });
                journal.add("waiting", details);
            },
        );
    }

    /// The ring, once there is one.
    pub(super) fn ring(&self) -> Option<Arc<ClusterRing>> {
        self.picture.borrow().ring.clone()
    }
}
