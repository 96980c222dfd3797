//! Who owns which key.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use beamport_term::{Limits, Parser, Syntax};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Pictures;
use crate::http::Fault;
use crate::run::assemble::ring::ClusterRing;

/// The longest key, in bytes of text. The server reads no longer request.
const MAX_KEY: usize = 64 << 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// A term; none to see the ring.
    key: Option<String>,
    #[serde(default)]
    syntax: Language,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Language {
    #[default]
    Erlang,
    Elixir,
}

pub(super) async fn ring(
    State(pictures): State<Pictures>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Value>, Fault> {
    let Query(asked) = query.map_err(|error| Fault::bad_request(error.body_text()))?;
    let ring = pictures.borrow().ring.clone();
    let ring = ring.ok_or_else(|| {
        Fault::unavailable(
            "the VM's distribution is not up yet, and how keys are hashed depends on its release",
        )
    })?;
    match &asked.key {
        Some(key) => owner(&ring, key, asked.syntax),
        None => Ok(shares(&ring)),
    }
}

fn owner(ring: &Arc<ClusterRing>, text: &str, language: Language) -> Result<Json<Value>, Fault> {
    let syntax = match language {
        Language::Erlang => Syntax::Erlang,
        Language::Elixir => Syntax::Elixir,
    };
    let limits = Limits {
        bytes: MAX_KEY,
        ..Limits::default()
    };
    let key = Parser::new(limits)
        .syntax(syntax)
        .parse(text)
        .map_err(|error| Fault::bad_request(format!("this is no key: {error}")))?;
    let owner = ring
        .owner(&key)
        .ok_or_else(|| Fault::unavailable("the ring has no points: there is no member"))?;
    Ok(Json(json!({ "key": text, "owner": owner.as_str() })))
}

fn shares(ring: &Arc<ClusterRing>) -> Json<Value> {
    let shares = ring.shares();
    let members = ring.members().iter().map(|member| {
        json!({
            "node": member.name.as_str(),
            "place": member.place,
            "share": shares.get(&member.name).copied().unwrap_or_default(),
        })
    });
    Json(json!({ "members": members.collect::<Value>() }))
}
