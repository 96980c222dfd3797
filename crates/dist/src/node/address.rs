//! Where messages go.

use beamport_term::{Atom, Pid};

use super::Process;
use crate::FullName;

/// Where a message can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// To a process.
    Pid(Pid),
    /// To whoever has a name on a node.
    Name(Atom, Atom),
}

impl Address {
    /// Whoever has a name on a node.
    pub fn name(name: Atom, node: &FullName) -> Self {
        Self::Name(name, node.to_atom())
    }

    pub(super) fn node(&self) -> &Atom {
        match self {
            Self::Pid(pid) => &pid.node,
            Self::Name(_, node) => node,
        }
    }

    pub(super) fn process(&self) -> Process {
        match self {
            Self::Pid(pid) => Process::Pid(pid.clone()),
            Self::Name(name, _) => Process::Name(name.clone()),
        }
    }
}

impl From<Pid> for Address {
    fn from(pid: Pid) -> Self {
        Self::Pid(pid)
    }
}
