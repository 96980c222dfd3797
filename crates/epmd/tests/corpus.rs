//! Replays what fuzzing has collected (`fuzz/corpus`), with the toolchain everybody has.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics says what failed"
)]

#[path = "../../../fuzz/properties.rs"]
mod properties;

#[path = "../../../fuzz/replay.rs"]
mod replay;

use replay::replay;

#[test]
fn requests() {
    replay("epmd_request", properties::epmd_request);
}

#[test]
fn replies() {
    replay("epmd_reply", properties::epmd_reply);
}

#[test]
fn annotations() {
    replay("epmd_annotations", properties::epmd_annotations);
}
