//! Bytes where an encoded term is expected, as any peer may send them.

#![no_main]

#[path = "../term_properties.rs"]
mod term_properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| term_properties::term_decode(bytes));
