//! Asks the sources of the sentry, each when membership wants it asked.

use std::sync::Arc;

use beamport_cluster::Sentry;
use beamport_cluster::membership::Event;
use beamport_cluster::sentry::Source;
use tokio::task::JoinSet;

use super::look_up::{Listing, LookUps};

/// The sources of the sentry, and what they are being asked.
#[derive(Debug)]
pub(super) struct Enquiry {
    sources: Vec<Source>,
    look_ups: Arc<LookUps>,
    under_way: JoinSet<Event>,
}

impl Enquiry {
    pub(super) fn new(sentry: &Sentry, look_ups: Arc<LookUps>) -> Self {
        Self {
            sources: sentry.sources().to_vec(),
            look_ups,
            under_way: JoinSet::new(),
        }
    }

    /// Asks a source, by its number.
    pub(super) fn ask(&mut self, number: usize) {
        let Some(source) = self.sources.get(number).cloned() else {
            return;
        };
        let look_ups = Arc::clone(&self.look_ups);
        self.under_way
            .spawn(async move { ask(&look_ups, number, &source).await });
    }

    /// What a source has answered; none if none is being asked. Cancel safe.
    pub(super) async fn answered(&mut self) -> Option<Event> {
        self.under_way.join_next().await?.ok()
    }
}

async fn ask(look_ups: &Arc<LookUps>, number: usize, source: &Source) -> Event {
    match look_ups.look_up(source).await {
        Ok(Listing { nodes, fresh_for }) => Event::Listed {
            source: number,
            nodes,
            fresh_for,
        },
        Err(error) => {
            let reason = error.to_string();
            tracing::debug!(reason, "a look-up has failed");
            Event::LookupFailed {
                source: number,
                reason,
            }
        }
    }
}
