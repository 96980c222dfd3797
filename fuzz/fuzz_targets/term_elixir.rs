//! Text where a term of Elixir is expected, as anybody may type it.

#![no_main]

#[path = "../term_properties.rs"]
mod term_properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| term_properties::term_elixir(bytes));
