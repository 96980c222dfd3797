//! Replays what fuzzing has collected (`fuzz/corpus`), with the toolchain everybody has.

#![allow(clippy::unwrap_used, reason = "a test that panics says what failed")]

#[path = "../../../fuzz/term_properties.rs"]
mod term_properties;

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
fn encoded_terms() {
    replay("term_decode", term_properties::term_decode);
}

#[test]
fn text() {
    replay("term_text", term_properties::term_text);
}
