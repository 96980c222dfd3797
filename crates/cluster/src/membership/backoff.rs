//! Pauses that grow, and are not in step with those of others.

use std::time::Duration;

/// Chance, as far as a seed has it: the same seed gives the same pauses, so that a simulation can be repeated.
#[derive(Debug)]
pub(super) struct Jitter(u64);

impl Jitter {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Between four fifths of a pause and all of it.
    pub(super) fn of(&mut self, pause: Duration) -> Duration {
        pause.mul_f64(0.8 + self.next() * 0.2)
    }

    /// The pause after so many failures: between half of what they have made of the first one, and all of that.
    pub(super) fn after_failures(
        &mut self,
        failures: u32,
        first: Duration,
        last: Duration,
    ) -> Duration {
        let factor = 1_u32
            .checked_shl(failures.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let ceiling = first.saturating_mul(factor).min(last);
        ceiling.mul_f64(0.5 + self.next() * 0.5)
    }

    /// A number below so many.
    pub(super) fn out_of(&mut self, count: usize) -> usize {
        (self.next() * count as f64) as usize
    }

    /// From 0 up to 1, by SplitMix64 (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(200);
    const LAST: Duration = Duration::from_secs(5);

    #[test]
    fn pauses_double_up_to_the_last() {
        let mut jitter = Jitter::new(1);
        for (failures, ceiling) in [(1, 200), (2, 400), (3, 800), (6, 5000), (40, 5000)] {
            let pause = jitter.after_failures(failures, FIRST, LAST);
            let ceiling = Duration::from_millis(ceiling);
            assert!(
                (ceiling / 2..=ceiling).contains(&pause),
                "{failures}: {pause:?}"
            );
        }
    }

    #[test]
    fn the_seed_decides() {
        let pauses = |seed| {
            let mut jitter = Jitter::new(seed);
            [(); 8].map(|()| jitter.of(LAST))
        };
        assert_eq!(pauses(1), pauses(1));
        assert_ne!(pauses(1), pauses(2));
        assert!(pauses(1).iter().all(|p| (LAST * 4 / 5..=LAST).contains(p)));
    }
}
