//! How many points a node has.

use std::num::ParseIntError;
use std::str::FromStr;

/// How many points a node has on the ring, and so how many keys in proportion to other nodes.
///
/// Shape: 1 to 65 536. Default: 128, as in libring, which has no upper limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(u32);

/// Why a number is no [`Weight`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeightError {
    /// The text is no number.
    #[error("a weight is a number: {0}")]
    NotANumber(#[from] ParseIntError),
    /// It is 0, or more than [`Weight::MAX`].
    #[error("a weight is 1 to {}", Weight::MAX)]
    OutOfRange,
}

impl Weight {
    /// The greatest weight: it keeps a ring of a hundred such nodes below 100 MB.
    pub const MAX: u32 = 1 << 16;

    /// How many points that is.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(128)
    }
}

impl TryFrom<u32> for Weight {
    type Error = WeightError;

    fn try_from(points: u32) -> Result<Self, WeightError> {
        match points {
            1..=Self::MAX => Ok(Self(points)),
            _ => Err(WeightError::OutOfRange),
        }
    }
}

impl FromStr for Weight {
    type Err = WeightError;

    fn from_str(text: &str) -> Result<Self, WeightError> {
        text.parse::<u32>()?.try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_in_range() {
        assert_eq!("64".parse::<Weight>().map(Weight::get), Ok(64));
        assert_eq!(Weight::try_from(Weight::MAX).map(Weight::get), Ok(65_536));
        for points in [0, Weight::MAX + 1] {
            assert_eq!(Weight::try_from(points), Err(WeightError::OutOfRange));
        }
        assert!(matches!(
            "many".parse::<Weight>(),
            Err(WeightError::NotANumber(_))
        ));
    }
}
