//! How a node behaves in its cluster.

use std::time::Duration;

use beamport_dist::FullName;

/// How a node behaves in its cluster, with how to choose each value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// This node.
    pub me: FullName,
    /// What this node is called on the ring: the same for whichever node takes its place. Default: its name. Choose
    /// something that outlives a container, where names have the container's ID in them.
    pub place: String,
    /// Which cluster this is. Nodes that name another are left alone, even if they are listed. Default: empty.
    pub cluster: String,
    /// How many members are enough, this node among them. Default: 1. More than half of all nodes keeps a minority
    /// that is cut off from being ready; all of them makes every start wait for the slowest.
    pub consensus: usize,
    /// How long to wait for that many; none waits for ever. Default: 60 s, longer than a start of all nodes takes.
    pub patience: Option<Duration>,
    /// What becomes of a node that waited in vain.
    pub on_timeout: OnTimeout,
    /// The pause between two look-ups while members are missing. Default: 500 ms. It decides how soon nodes are seen
    /// that do not dial themselves, and what name servers have to bear at a start.
    pub fast_poll: Duration,
    /// The pause between two look-ups when all is well, unless the answer is good for less. Default: 10 s.
    pub slow_poll: Duration,
    /// The pause before a node is dialled again that could not be reached. It doubles from failure to failure, and
    /// for nodes that come and go. Default: 200 ms.
    pub first_redial: Duration,
    /// The longest of those pauses. Default: 5 s. It is how long a healed network may seem broken.
    pub last_redial: Duration,
    /// How long a node has to be connected to count as settled. Default: 30 s. The pauses of one that goes earlier
    /// grow on.
    pub settled: Duration,
    /// How many nodes are dialled at a time. Default: 32.
    pub dials: usize,
    /// How long members' links may differ before they are compared: as long as news takes to get around.
    /// Default: 3 s.
    pub compare_after: Duration,
    /// How long the others may take to learn that this node leaves. Default: 2 s.
    pub leave_time: Duration,
    /// What makes this node's pauses its own.
    pub seed: u64,
}

/// What becomes of a node that waited for consensus in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTimeout {
    /// It ends: whoever started it starts it again.
    Exit,
    /// Its applications start all the same. It is not ready.
    Open,
}

impl Config {
    /// All defaults, for a node that needs so many members.
    pub fn new(me: FullName, consensus: usize) -> Self {
        Self {
            place: me.to_string(),
            me,
            cluster: String::new(),
            consensus: consensus.max(1),
            patience: Some(Duration::from_secs(60)),
            on_timeout: OnTimeout::Exit,
            fast_poll: Duration::from_millis(500),
            slow_poll: Duration::from_secs(10),
            first_redial: Duration::from_millis(200),
            last_redial: Duration::from_secs(5),
            settled: Duration::from_secs(30),
            dials: 32,
            compare_after: Duration::from_secs(3),
            leave_time: Duration::from_secs(2),
            seed: 0,
        }
    }
}
