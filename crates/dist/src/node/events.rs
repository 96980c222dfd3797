//! Which nodes come and go.

use std::io;

use crate::{Flags, FullName};

/// How many events wait for who is slow to take them, before the oldest are dropped.
pub(super) const EVENTS: usize = 1024;

/// What has become of a connection; as the messages of `net_kernel:monitor_nodes/2` with `node_type` and
/// `nodedown_reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeEvent {
    /// A node is connected.
    Up {
        /// The node.
        node: FullName,
        /// What sort of node it is.
        kind: NodeKind,
    },
    /// A node is connected no longer.
    Down {
        /// The node.
        node: FullName,
        /// What sort of node it was.
        kind: NodeKind,
        /// Why.
        reason: DownReason,
    },
}

/// What sort of node a peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeKind {
    /// A member of the mesh: it wants to be in `nodes()` everywhere.
    Visible,
    /// A node that connects to whom it likes, as this one.
    Hidden,
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DownReason {
    /// This node closed it, or ended. (`disconnect`, `net_kernel_terminated`)
    #[error("this node closed it")]
    Disconnected,
    /// The peer closed it, or ended. (`connection_closed`)
    #[error("the peer closed it")]
    Closed,
    /// The peer gave no sign of life, or took nothing, for longer than [`Config::tick_time`](super::Config::tick_time)
    /// allows. (`net_tick_timeout`)
    #[error("the peer was silent for too long")]
    Silent,
    /// The peer came again, in another life as a rule, and its new connection took the place of this one.
    #[error("the peer came again")]
    Replaced,
    /// The network, or the host on either side.
    #[error("it broke: {0}")]
    Broken(io::ErrorKind),
    /// The peer did not keep to the protocol, or to this node's limits.
    #[error("{0}")]
    Misbehaved(String),
}

impl NodeKind {
    /// Of a peer with these flags.
    pub(super) fn of(peer: Flags) -> Self {
        if peer.contains(Flags::PUBLISHED) {
            Self::Visible
        } else {
            Self::Hidden
        }
    }
}
