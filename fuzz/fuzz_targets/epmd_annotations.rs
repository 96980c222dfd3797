//! Facts in the extra field, as any node may register them.

#![no_main]

#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::epmd_annotations(bytes));
