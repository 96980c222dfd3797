//! Replies, as a client reads them from whatever answers on that port.

#![no_main]

#[path = "../properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::epmd_reply(bytes));
