//! `beamport run` and `beamport exec` on this machine: no Docker, no agent; what those add is tested in the lab.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests may fail as a test may: its failure is the message"
)]

mod assemble;
#[path = "../common/certificates.rs"]
mod certificates;
mod cloister;
mod launch;
mod node;
mod outside;
#[path = "../common/ports.rs"]
mod ports;
mod process;
mod support;
mod tls;
