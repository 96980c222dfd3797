//! What happens, as it happens.
//!
//! Nothing is kept for who listens but the number of the event that was sent last: who reads slowly costs no memory, and
//! is told when events have passed that are kept no longer.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::json;

use super::{Pictures, json};
use crate::http::Fault;
use crate::run::assemble::journal::Event;

/// What a client says that wants JSON, a line for each event.
const LINES: &str = "application/x-ndjson";

/// The header by which a client of server-sent events says which event it had last.
const LAST_EVENT: &str = "last-event-id";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The event after which to begin; none to begin with how things are.
    after: Option<u64>,
}

pub(super) async fn events(
    State(pictures): State<Pictures>,
    query: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let Query(asked) = query.map_err(|error| Fault::bad_request(error.body_text()))?;
    let header = headers.get(LAST_EVENT).map(|value| {
        let text = value.to_str().ok();
        text.and_then(|text| text.parse().ok())
            .ok_or_else(|| Fault::bad_request("Last-Event-ID is not the number of an event"))
    });
    let after = header.transpose()?.or(asked.after);
    let events = follow(pictures, after);
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains(LINES)) {
        let lines = events.map(|event| Ok::<_, Infallible>(format!("{}\n", event.json)));
        return Ok(([(CONTENT_TYPE, LINES)], Body::from_stream(lines)).into_response());
    }
    let sent = events.map(|event| {
        let sent = sse::Event::default().id(event.id.to_string());
        Ok::<_, Infallible>(sent.event(event.kind).data(&event.json))
    });
    Ok(Sse::new(sent)
        .keep_alive(KeepAlive::default())
        .into_response())
}

/// The events after that one, or the cluster as it is and the events after that.
fn follow(pictures: Pictures, after: Option<u64>) -> impl Stream<Item = Arc<Event>> {
    let follower = Follower {
        sent: after,
        pictures,
    };
    stream::unfold(follower, async |mut follower| {
        let event = follower.next().await?;
        Some((event, follower))
    })
}

/// Somebody who follows what happens.
struct Follower {
    pictures: Pictures,
    /// The number of the event that was sent last; none where it is still to be told how things are.
    sent: Option<u64>,
}

impl Follower {
    /// None when the node has left its cluster and nothing more will happen.
    async fn next(&mut self) -> Option<Arc<Event>> {
        loop {
            if let Some(event) = self.look() {
                return Some(event);
            }
            self.pictures.changed().await.ok()?;
        }
    }

    fn look(&mut self) -> Option<Arc<Event>> {
        let picture = self.pictures.borrow_and_update();
        let journal = &picture.journal;
        // An event that is still to come is one of another `beamport run`.
        let Some(sent) = self.sent.filter(|sent| *sent <= journal.last()) else {
            self.sent = Some(journal.last());
            let state = json::snapshot(&picture.snapshot);
            return Some(Arc::new(Event::new(journal.last(), "state", state)));
        };
        let next = journal.next_after(sent)?;
        if next.id > sent + 1 {
            // As if all that is lost had been sent.
            self.sent = Some(next.id - 1);
            let missed = json!({ "after": sent });
            return Some(Arc::new(Event::new(next.id - 1, "missed", missed)));
        }
        self.sent = Some(next.id);
        Some(Arc::clone(next))
    }
}
