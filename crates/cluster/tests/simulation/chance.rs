//! Chance that can be repeated.

/// Numbers from a seed, by SplitMix64.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// True with this probability.
    pub(crate) fn below(&mut self, probability: f64) -> bool {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64 <= probability && probability > 0.0
    }

    /// Something out of so many.
    pub(crate) fn out_of(&mut self, count: usize) -> usize {
        (self.number() % count.max(1) as u64) as usize
    }
}
