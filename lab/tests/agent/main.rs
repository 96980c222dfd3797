//! `beamport agent` on real Docker hosts.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests may unwrap as a test may: its failure is the message"
)]

mod client;
mod docker_down;
mod faults;
mod house;
mod in_container;
mod lookups;
mod only_reads;
mod podman;
mod proxy;
mod registrations;
mod silent_events;
mod tls;

use std::time::Duration;

/// Long enough for anything that works, on a machine that does other things too.
const DEADLINE: Duration = Duration::from_secs(60);
