//! Replays what fuzzing has collected (`fuzz/corpus`), with the toolchain everybody has.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics says what failed"
)]

#[path = "../../../fuzz/dist_properties.rs"]
mod dist_properties;

#[path = "../../../fuzz/replay.rs"]
mod replay;

use replay::replay;

#[test]
fn handshakes() {
    replay("dist_handshake", dist_properties::dist_handshake);
}

#[test]
fn frames() {
    replay("dist_frames", dist_properties::dist_frames);
}

#[test]
fn traffic() {
    replay("dist_traffic", dist_properties::dist_traffic);
}

#[test]
fn control_terms() {
    replay("dist_control", dist_properties::dist_control);
}
