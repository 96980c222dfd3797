//! Identifiers of what lives in a node: processes, ports, references.
//!
//! Each names its node and the node's creation, the number that tells one incarnation of a node from the next.

mod reference;

pub use reference::{Reference, WordCount};

use crate::Atom;

/// The identifier of a process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pid {
    /// The node the process lives in.
    pub node: Atom,
    /// The number the node gave it: 28 bits up to OTP 25, 32 since.
    pub id: u32,
    /// How often that number has come around.
    pub serial: u32,
    /// The incarnation of the node.
    pub creation: u32,
}

/// The identifier of a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Port {
    /// The node that owns the port.
    pub node: Atom,
    /// The number the node gave it: 28 bits up to OTP 23, 64 since.
    pub id: u64,
    /// The incarnation of the node.
    pub creation: u32,
}
