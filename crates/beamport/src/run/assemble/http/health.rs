//! Whether the node is there and ready, and what it knows.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use beamport_cluster::membership::Phase;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Pictures, json};
use crate::http::Fault;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Readiness {
    /// Whether there has to be consensus now, rather than once.
    #[serde(default)]
    consensus: bool,
}

pub(super) async fn live() -> Json<Value> {
    Json(json!({ "live": true }))
}

pub(super) async fn ready(
    State(pictures): State<Pictures>,
    query: Result<Query<Readiness>, QueryRejection>,
) -> Result<Response, Fault> {
    let Query(readiness) = query.map_err(|error| Fault::bad_request(error.body_text()))?;
    let picture = pictures.borrow();
    let snapshot = &picture.snapshot;
    let is_ready = match readiness.consensus {
        true => snapshot.phase == Phase::Ready,
        false => picture.open && !snapshot.phase.is_over(),
    };
    let status = match is_ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    let told = json!({
        "ready": is_ready,
        "phase": snapshot.phase.as_str(),
        "have": snapshot.members.len(),
        "want": snapshot.consensus,
    });
    Ok((status, Json(told)).into_response())
}

pub(super) async fn status(State(pictures): State<Pictures>) -> Json<Value> {
    let picture = pictures.borrow();
    let mut told = json::snapshot(&picture.snapshot);
    if let Some(told) = told.as_object_mut() {
        told.insert("open".to_owned(), picture.open.into());
        told.insert("last_event".to_owned(), picture.journal.last().into());
    }
    Json(told)
}
