//! A consistent hash ring that gives every key to the same node as [libring] 1.7 does, the ring of Elixir clusters.
//!
//! A node has so many points on a ring of 2^32 - 1 places, [as many as it weighs](Weight); where they are, the hash
//! of its name says. A key belongs to the node whose point is the first at the key's hash or after it. When a node
//! comes or goes, only the keys between its points and those before them change hands.
//!
//! ```
//! use beamport_ring::{Otp, Ring};
//! use beamport_term::{Term, atom};
//!
//! let mut ring = Ring::new(Otp::From26);
//! for node in [atom!("a@host1"), atom!("b@host2"), atom!("c@host3")] {
//!     ring.add(node);
//! }
//! let key = Term::from((atom!("user"), 42));
//! assert_eq!(ring.owner(&key), Some(&atom!("b@host2").into()));
//!
//! // Where it is kept, with a copy at another node.
//! let nodes: Vec<&Term> = ring.owners(&key).take(2).collect();
//! assert_eq!(nodes, [&Term::from(atom!("b@host2")), &atom!("a@host1").into()]);
//! ```
//!
//! What has to be the same on both sides, for them to agree:
//!
//! - *The history.* Of two nodes that have a point in the same place, the one that was added first has it, and the
//!   other does not get it back when the first is removed. So rings agree for certain only when the same nodes were
//!   added and removed in the same order, each with the same weight. In practice two of some hundred nodes hardly
//!   ever meet.
//! - *The release of OTP*, for keys that are atoms: see [`Otp`].
//!
//! [libring]: https://hex.pm/packages/libring

#![deny(missing_docs)]

mod key;
pub mod libring;
mod points;
mod ring;
mod weight;

pub use key::Otp;
pub use ring::{Owners, Ring};
pub use weight::{Weight, WeightError};
