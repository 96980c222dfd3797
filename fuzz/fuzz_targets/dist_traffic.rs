//! Messages of our own, sent and received, and damaged on the way.

#![no_main]

#[path = "../dist_properties.rs"]
mod dist_properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dist_properties::dist_traffic(bytes));
