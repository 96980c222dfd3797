//! The picture, for whoever wants to see it.

use std::fmt;

use beamport_dist::FullName;

use super::peer::Link;
use super::{Membership, Phase};

/// What a node knows of its cluster at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The node.
    pub me: FullName,
    /// Which cluster it is in.
    pub cluster: String,
    /// Where it stands.
    pub phase: Phase,
    /// How many members it wants.
    pub consensus: usize,
    /// Who leads; none if there is no member, because the only one leaves.
    pub leader: Option<FullName>,
    /// The members, in the order in which they may lead; the node itself among them, unless it leaves.
    pub members: Vec<Member>,
    /// Nodes that are listed, or say that they belong, and are no members.
    pub absent: Vec<Absence>,
    /// Sources of the sentry that could not be asked the last time, by number, and why.
    pub failing: Vec<(usize, String)>,
    /// What is wrong with the links among members.
    pub problems: Vec<Problem>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: FullName,
    /// What it is called on the ring.
    pub place: String,
}

/// A node that is no member though it was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// The node.
    pub name: FullName,
    /// Why.
    pub why: Why,
}

/// Why a node is no member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It was not dialled yet, or is being dialled.
    Dialling,
    /// It is not connected, for this reason.
    Unreachable(String),
    /// It is in another cluster, this one.
    Foreign(String),
    /// It leaves.
    Leaving,
}

/// Something wrong with the links among members.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// Two members are not connected with each other, though both are with this node.
    NoPath(FullName, FullName),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPath(one, other) => write!(
                f,
                "{one} and {other} are not connected with each other, though both are with this node. Nodes of OTP \
                 25 and later disconnect others until there is no such pair: one of the two has to reach the host \
                 and port of the other"
            ),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dialling => f.write_str("it is being dialled"),
            Self::Unreachable(reason) => f.write_str(reason),
            Self::Foreign(cluster) => write!(f, "it belongs to another cluster, {cluster:?}"),
            Self::Leaving => f.write_str("it leaves"),
        }
    }
}

impl Membership {
    /// The picture as it is now.
    pub fn snapshot(&self) -> Snapshot {
        let members = self.members.iter().map(|(place, name)| Member {
            name: name.clone(),
            place: place.to_owned(),
        });
        let failing = self.sources.iter().enumerate();
        Snapshot {
            me: self.config.me.clone(),
            cluster: self.config.cluster.clone(),
            phase: self.phase,
            consensus: self.config.consensus,
            leader: self.leader.clone(),
            members: members.collect(),
            absent: self.absent(),
            failing: failing
                .filter_map(|(number, source)| Some((number, source.error.clone()?)))
                .collect(),
            problems: self.problems.iter().cloned().collect(),
        }
    }

    fn absent(&self) -> Vec<Absence> {
        let expected = self.peers.iter().filter(|(name, peer)| {
            (peer.is_listed() || peer.view.is_some()) && !self.members.contains(name)
        });
        expected
            .map(|(name, peer)| {
                let view = peer.view.as_ref();
                let why = match (view, peer.link, &peer.reason) {
                    (Some(view), ..) if view.cluster != self.config.cluster => {
                        Why::Foreign(view.cluster.clone())
                    }
                    (Some(view), ..) if view.phase.is_over() => Why::Leaving,
                    (_, Link::Down(_) | Link::Dialling, Some(reason)) => {
                        Why::Unreachable(reason.clone())
                    }
                    _ => Why::Dialling,
                };
                Absence {
                    name: name.clone(),
                    why,
                }
            })
            .collect()
    }
}
