//! Who is in a cluster, and when there are enough.
//!
//! - [`sentry`]: where peers are found, as somebody said it: a list, a service's name, the hosts of port mappers.
//! - [`membership`]: who of them is connected, whether that is a quorum, who leads. A state machine without I/O:
//!   events in, actions and the time of the next wake-up out, so that a thousand nodes can be simulated in one thread.
//!
//! Whoever drives the machine has the sockets: `beamport run` does, with a VM on one side and name servers and port
//! mappers on the other.

#![deny(missing_docs)]

pub mod membership;
pub mod sentry;

pub use membership::Membership;
pub use sentry::Sentry;
