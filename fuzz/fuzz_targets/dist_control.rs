//! Control terms, as any peer may send them that has the cookie.

#![no_main]

#[path = "../dist_properties.rs"]
mod dist_properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dist_properties::dist_control(bytes));
