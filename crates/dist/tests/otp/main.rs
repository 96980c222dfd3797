//! This crate against real VMs: the `erl` that is found by `PATH`, over loopback, with a port mapper for each test.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics says what failed"
)]

#[path = "../../examples/call.rs"]
#[allow(dead_code, reason = "its main is for those who run it")]
mod call;
mod distribution;
mod emulator;
mod handshake;
mod mapper;
mod node;
mod peer;
mod raw;
#[path = "../../examples/serve.rs"]
#[allow(dead_code, reason = "its main is for those who run it")]
mod serve;
mod vm;
#[path = "../../examples/watch.rs"]
#[allow(dead_code, reason = "its main is for those who run it")]
mod watch;
mod whitebox;
