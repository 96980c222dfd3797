//! Pauses between attempts: soon at first, never far apart, and not in step with everybody else's.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);

/// Names have to be back within 3 s of the agent, however long it was away.
const LONGEST: Duration = Duration::from_secs(1);

/// The pauses of one series of attempts.
#[derive(Debug)]
pub(super) struct Backoff {
    ceiling: Duration,
    random: RandomState,
    count: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            ceiling: FIRST,
            random: RandomState::new(),
            count: 0,
        }
    }
}

impl Backoff {
    /// The next pause: between half of the ceiling and all of it. The ceiling doubles up to a second.
    pub(super) fn next(&mut self) -> Duration {
        let ceiling = self.ceiling;
        self.ceiling = (ceiling * 2).min(LONGEST);
        self.count += 1;
        let chance = (self.random.hash_one(self.count) >> 40) as f64 / f64::from(1 << 24);
        ceiling.mul_f64(0.5 + chance / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second_and_no_further() {
        let mut backoff = Backoff::default();
        let pauses: Vec<Duration> = (0..20).map(|_| backoff.next()).collect();
        assert!((FIRST / 2..=FIRST).contains(&pauses[0]));
        assert!(pauses.iter().all(|pause| *pause <= LONGEST));
        assert!(pauses[10..].iter().all(|pause| *pause >= LONGEST / 2));
    }

    #[test]
    fn two_series_are_not_in_step() {
        let (mut a, mut b) = (Backoff::default(), Backoff::default());
        assert!((0..8).any(|_| a.next() != b.next()));
    }
}
