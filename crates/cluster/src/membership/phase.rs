//! Where a node stands.

use std::fmt;
use std::str::FromStr;

/// Where a node stands with regard to its cluster.
///
/// ```text
/// assembling ──▶ ready ⇄ degraded ──▶ leaving ──▶ gone
/// ```
///
/// It leaves from any phase, and degrades without having been ready where consensus was given up. It is never
/// `ready` with fewer members than the consensus asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// There were never enough members; applications are held.
    Assembling,
    /// There are enough members.
    Ready,
    /// There were enough, or consensus was given up; there are too few.
    Degraded,
    /// The node is about to stop and is no member any more, for others and for itself.
    Leaving,
    /// The others know.
    Gone,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Assembling,
        Self::Ready,
        Self::Degraded,
        Self::Leaving,
        Self::Gone,
    ];

    /// The name, as it is told to people, VMs and scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assembling => "assembling",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Leaving => "leaving",
            Self::Gone => "gone",
        }
    }

    /// Whether a node in this phase is no member, or about to be none.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Leaving | Self::Gone)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no phase's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no phase has that name")]
pub struct NoPhase;

impl FromStr for Phase {
    type Err = NoPhase;

    fn from_str(text: &str) -> Result<Self, NoPhase> {
        let named = |phase: &Self| phase.as_str() == text;
        Self::ALL.into_iter().find(named).ok_or(NoPhase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_has_a_name_of_its_own() {
        for phase in Phase::ALL {
            assert_eq!(phase.to_string().parse(), Ok(phase));
        }
        assert_eq!("rushing".parse::<Phase>(), Err(NoPhase));
    }
}
