//! Handshakes in all roles, with whoever dials or is dialled.

#![no_main]

#[path = "../dist_properties.rs"]
mod dist_properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dist_properties::dist_handshake(bytes));
