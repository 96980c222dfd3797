//! Replays what fuzzing has collected (`fuzz/corpus`), with the toolchain everybody has.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics says what failed"
)]

#[path = "../../../fuzz/properties.rs"]
mod properties;

use std::path::Path;

fn replay(target: &str, property: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut count = 0;
    for entry in corpus.read_dir().unwrap() {
        let path = entry.unwrap().path();
        // Shown only when the property does not hold.
        println!("{}", path.display());
        property(&std::fs::read(&path).unwrap());
        count += 1;
    }
    assert!(count > 0, "{} is empty", corpus.display());
}

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
