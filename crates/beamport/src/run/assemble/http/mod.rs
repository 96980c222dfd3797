//! The cluster by HTTP, for those who are no Erlang nodes.
//!
//! ```text
//! GET /live                     200 while `beamport run` is
//! GET /ready                    200 once applications may start; with ?consensus=true only while there is consensus
//! GET /v1/status                who is in the cluster, who is missed and why
//! GET /v1/ring                  how the keys are shared out
//! GET /v1/ring?key=TERM         who owns a key; &syntax=elixir
//! GET /v1/events                what happens, as it happens: server-sent events, or JSON a line for
//!                               `Accept: application/x-ndjson`; Last-Event-ID, or ?after=ID, to go on where one was
//! ```
//!
//! What goes wrong is `{"error": "a sentence"}`.

mod events;
mod health;
mod key;

use axum::Router;
use axum::http::Uri;
use axum::routing::get;
use tokio::sync::watch;

use super::json;
use super::picture::Picture;
use crate::http::Fault;

/// What every handler is given.
type Pictures = watch::Receiver<Picture>;

/// All there is to be asked.
pub(super) fn router(pictures: Pictures) -> Router {
    Router::new()
        .route("/live", get(health::live))
        .route("/ready", get(health::ready))
        .route("/v1/status", get(health::status))
        .route("/v1/ring", get(key::ring))
        .route("/v1/events", get(events::events))
        .fallback(nothing_here)
        .with_state(pictures)
}

async fn nothing_here(uri: Uri) -> Fault {
    Fault::not_found(format!(
        "there is nothing under {}: ask /live, /ready, /v1/status, /v1/ring or /v1/events",
        uri.path()
    ))
}
