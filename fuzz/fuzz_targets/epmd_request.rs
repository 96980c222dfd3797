//! Requests, as a port mapper reads them from anybody.

#![no_main]

#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::epmd_request(bytes));
