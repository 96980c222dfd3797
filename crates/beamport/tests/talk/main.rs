//! The commands that talk to a node, against the `erl` and `epmd` that are found by `PATH`, and against what is no
//! node at all.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of tests may unwrap as a test may: its failure is the message"
)]

#[path = "../common/certificates.rs"]
mod certificates;
mod host;
mod peer;
mod ping;
#[path = "../common/ports.rs"]
mod ports;
mod rpc;
mod secrets;
mod servers;
mod tls;
