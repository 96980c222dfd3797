//! Which failed lookups are worth a line in the log: each once for its reason, and again when the reason changes
//! or a good while later, so that a node that retries every second does not fill the log.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use beamport_epmd::NodeName;
use tokio::time::Instant;

use super::reason::Reason;

/// When the same is told again.
const AGAIN: Duration = Duration::from_secs(600);

/// How many names are remembered; beyond, the one that was told about first is forgotten.
const REMEMBERED: usize = 1024;

/// How much is told in each stretch of time: someone who tries names at random has no right to the whole disk.
const STRETCH: Duration = Duration::from_secs(10);
const LINES: u32 = 50;

/// What has been told.
#[derive(Debug)]
pub(super) struct Complaints {
    told: HashMap<NodeName, (Reason, Instant)>,
    order: VecDeque<NodeName>,
    stretch_began: Instant,
    lines: u32,
    untold: u64,
}

/// Leave to tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Leave {
    /// How many failed lookups went untold, for there were too many, since the last leave.
    pub(super) untold: u64,
}

impl Complaints {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            told: HashMap::new(),
            order: VecDeque::new(),
            stretch_began: now,
            lines: 0,
            untold: 0,
        }
    }

    /// Whether a failed lookup is to be told about.
    pub(super) fn ask(&mut self, name: &NodeName, reason: &Reason, now: Instant) -> Option<Leave> {
        if let Some((told, at)) = self.told.get(name)
            && told == reason
            && now.duration_since(*at) < AGAIN
        {
            return None;
        }
        if now.duration_since(self.stretch_began) >= STRETCH {
            self.stretch_began = now;
            self.lines = 0;
        }
        if self.lines == LINES {
            self.untold += 1;
            return None;
        }
        self.lines += 1;
        self.remember(name, reason, now);
        let untold = std::mem::take(&mut self.untold);
        Some(Leave { untold })
    }

    fn remember(&mut self, name: &NodeName, reason: &Reason, now: Instant) {
        let known = self.told.insert(name.clone(), (reason.clone(), now));
        if known.is_none() {
            self.order.push_back(name.clone());
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.told.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> NodeName {
        text.parse().unwrap()
    }

    fn stopped() -> Reason {
        Reason::Stopped {
            container: "web".to_owned(),
        }
    }

    #[test]
    fn the_same_is_told_once_and_again_after_a_while() {
        let now = Instant::now();
        let mut complaints = Complaints::new(now);
        let mut ask = |reason, at| complaints.ask(&name("a"), &reason, at).is_some();
        assert!(ask(Reason::Unknown, now));
        assert!(!ask(Reason::Unknown, now + AGAIN / 2));
        assert!(ask(stopped(), now + AGAIN / 2));
        assert!(ask(stopped(), now + AGAIN * 2));
    }

    #[test]
    fn a_flood_is_counted_not_told() {
        let now = Instant::now();
        let mut complaints = Complaints::new(now);
        let told = (0..1000).filter(|n| {
            complaints
                .ask(&name(&n.to_string()), &Reason::Unknown, now)
                .is_some()
        });
        assert_eq!(told.count(), LINES as usize);
        let untold = 1000 - u64::from(LINES);
        assert_eq!(
            complaints.ask(&name("a"), &Reason::Unknown, now + STRETCH),
            Some(Leave { untold })
        );
    }

    #[test]
    fn memory_is_bounded() {
        let mut now = Instant::now();
        let mut complaints = Complaints::new(now);
        for n in 0..3 * REMEMBERED {
            now += STRETCH;
            complaints.ask(&name(&n.to_string()), &Reason::Unknown, now);
        }
        assert_eq!(complaints.told.len(), REMEMBERED);
        assert_eq!(complaints.order.len(), REMEMBERED);
    }
}
