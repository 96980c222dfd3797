//! Replays what fuzzing has collected (`fuzz/corpus`), with the toolchain everybody has.

#![allow(clippy::unwrap_used, reason = "a test that panics says what failed")]

#[path = "../../../fuzz/term_properties.rs"]
mod term_properties;

#[path = "../../../fuzz/replay.rs"]
mod replay;

use replay::replay;

#[test]
fn encoded_terms() {
    replay("term_decode", term_properties::term_decode);
}

#[test]
fn elixir_text() {
    replay("term_elixir", term_properties::term_elixir);
}

#[test]
fn text() {
    replay("term_text", term_properties::term_text);
}
