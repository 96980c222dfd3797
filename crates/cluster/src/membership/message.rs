//! What members tell one another.

use beamport_dist::FullName;

use super::members::Digest;
use super::phase::Phase;

/// What a member tells another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// How it stands.
    View(View),
    /// How it stands, and that it wants to hear the same: the first words on a new connection.
    Hello(View),
    /// It wants to know the other's members by name: their digests have differed for some time.
    Ask,
    /// Its members by name.
    Members(Vec<FullName>),
}

/// How a member stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Which cluster it is in.
    pub cluster: String,
    /// What it is called on the ring.
    pub place: String,
    /// Its phase.
    pub phase: Phase,
    /// Stands for its members.
    pub members: Digest,
}
