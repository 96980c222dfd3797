//! This crate against a real VM: the `erl` of this machine, over loopback, with a port mapper of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics says what failed"
)]

mod handshake;
mod mapper;
mod vm;
