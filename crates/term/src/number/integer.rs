//! Integers of any size.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// An Erlang integer: any size, one representation for each value.
///
/// What fits an `i64` is held as one; [`Integer::as_i64`] is then a copy. Larger values are held as sign and
/// magnitude and convert to `i128`, `u128` or bytes. There is no arithmetic.
///
/// ```
/// use beamport_term::Integer;
///
/// let big = Integer::from(u128::MAX);
/// assert_eq!(big.to_string(), "340282366920938463463374607431768211455");
/// assert_eq!(u128::try_from(&big), Ok(u128::MAX));
/// assert_eq!(big.as_i64(), None);
/// assert!(Integer::from(-1) < big);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Integer(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Small(i64),
    Big(Big),
}

/// An integer that no `i64` holds: its sign, and its magnitude in little-endian bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Big {
    negative: bool,
    /// Without zeros at the end; longer than seven bytes.
    magnitude: Arc<[u8]>,
}

impl Integer {
    /// The integer of this sign and magnitude, in little-endian bytes of which the last may be zero.
    pub fn from_le_bytes(negative: bool, magnitude: &[u8]) -> Self {
        let used = magnitude
            .iter()
            .rposition(|b| *b != 0)
            .map_or(0, |at| at + 1);
        let magnitude = magnitude.get(..used).unwrap_or_default();
        if let Some(value) = small(negative, magnitude) {
            return Self(Repr::Small(value));
        }
        Self(Repr::Big(Big {
            negative,
            magnitude: magnitude.into(),
        }))
    }

    /// Reads digits of a base from 2 to 36, without sign or prefix; none if there is no digit or another
    /// character among them.
    ///
    /// Except for base 16, the time this takes grows with the square of the number of digits: bound what
    /// strangers may write.
    pub fn from_digits(negative: bool, digits: &str, radix: u32) -> Option<Self> {
        super::decimal::parse(digits, radix)
            .map(|magnitude| Self::from_le_bytes(negative, &magnitude))
    }

    /// The value, if an `i64` holds it.
    #[inline]
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Small(value) => Some(value),
            Repr::Big(_) => None,
        }
    }

    /// The value as sign and magnitude, if no `i64` holds it.
    pub fn as_big(&self) -> Option<&Big> {
        match &self.0 {
            Repr::Small(_) => None,
            Repr::Big(big) => Some(big),
        }
    }

    /// Whether the integer is below zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Small(value) => *value < 0,
            Repr::Big(big) => big.negative,
        }
    }
}

impl Big {
    /// Whether the integer is below zero.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// The magnitude: little-endian bytes, the last of which is not zero.
    pub fn magnitude(&self) -> &[u8] {
        &self.magnitude
    }
}

fn small(negative: bool, magnitude: &[u8]) -> Option<i64> {
    let mut bytes = [0; 8];
    bytes.get_mut(..magnitude.len())?.copy_from_slice(magnitude);
    let value = i128::from(u64::from_le_bytes(bytes));
    i64::try_from(if negative { -value } else { value }).ok()
}

impl From<i64> for Integer {
    #[inline]
    fn from(value: i64) -> Self {
        Self(Repr::Small(value))
    }
}

macro_rules! from_small {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Integer {
            fn from(value: $kind) -> Self {
                Self(Repr::Small(value.into()))
            }
        }
    )*};
}

from_small!(u8, i8, u16, i16, u32, i32);

macro_rules! from_wide {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Integer {
            fn from(value: $kind) -> Self {
                match i64::try_from(value) {
                    Ok(value) => Self(Repr::Small(value)),
                    #[allow(unused_comparisons, reason = "half of these types have no sign")]
                    Err(_) => Self::from_le_bytes(value < 0, &value.abs_diff(0).to_le_bytes()),
                }
            }
        }
    )*};
}

from_wide!(u64, usize, isize, i128, u128);

impl TryFrom<&Integer> for i128 {
    type Error = OutOfRange;

    fn try_from(integer: &Integer) -> Result<Self, OutOfRange> {
        let big = match &integer.0 {
            Repr::Small(value) => return Ok((*value).into()),
            Repr::Big(big) => big,
        };
        let magnitude = big.to_u128().ok_or(OutOfRange)?;
        if big.negative {
            0_i128.checked_sub_unsigned(magnitude).ok_or(OutOfRange)
        } else {
            magnitude.try_into().map_err(|_| OutOfRange)
        }
    }
}

impl TryFrom<&Integer> for u128 {
    type Error = OutOfRange;

    fn try_from(integer: &Integer) -> Result<Self, OutOfRange> {
        match &integer.0 {
            Repr::Small(value) => (*value).try_into().map_err(|_| OutOfRange),
            Repr::Big(big) if big.negative => Err(OutOfRange),
            Repr::Big(big) => big.to_u128().ok_or(OutOfRange),
        }
    }
}

macro_rules! try_into_narrow {
    ($($kind:ty),*) => {$(
        impl TryFrom<&Integer> for $kind {
            type Error = OutOfRange;

            fn try_from(integer: &Integer) -> Result<Self, OutOfRange> {
                i128::try_from(integer)?.try_into().map_err(|_| OutOfRange)
            }
        }
    )*};
}

try_into_narrow!(u8, i8, u16, i16, u32, i32, u64, i64, usize, isize);

impl Big {
    fn to_u128(&self) -> Option<u128> {
        let mut bytes = [0; 16];
        bytes
            .get_mut(..self.magnitude.len())?
            .copy_from_slice(&self.magnitude);
        Some(u128::from_le_bytes(bytes))
    }
}

/// The integer does not fit the type asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the integer does not fit")]
pub struct OutOfRange;

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Small(a), Repr::Small(b)) => a.cmp(b),
            (Repr::Small(_), Repr::Big(b)) => b.side().reverse(),
            (Repr::Big(a), Repr::Small(_)) => a.side(),
            (Repr::Big(a), Repr::Big(b)) => a.cmp(b),
        }
    }
}

impl Big {
    /// How this compares with every `i64`.
    fn side(&self) -> Ordering {
        if self.negative {
            Ordering::Less
        } else {
            Ordering::Greater
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        if self.negative != other.negative {
            return self.side();
        }
        let (a, b) = (&self.magnitude, &other.magnitude);
        let larger = a
            .len()
            .cmp(&b.len())
            .then_with(|| a.iter().rev().cmp(b.iter().rev()));
        if self.negative {
            larger.reverse()
        } else {
            larger
        }
    }
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// In decimal; from [`Integer::MAX_DECIMAL_BYTES`] on in base 16, as `16#…`, which Erlang reads too.
impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let big = match &self.0 {
            Repr::Small(value) => return fmt::Display::fmt(value, f),
            Repr::Big(big) => big,
        };
        let sign = if big.negative { "-" } else { "" };
        if big.magnitude.len() > Self::MAX_DECIMAL_BYTES {
            return write!(f, "{sign}16#{}", super::decimal::hex(&big.magnitude));
        }
        write!(f, "{sign}{}", super::decimal::format(&big.magnitude))
    }
}

impl Integer {
    /// The largest magnitude, in bytes, that is printed in decimal: 4096, some 9 860 digits.
    ///
    /// The time it takes to print in decimal grows with the square of the size, so what a stranger sent must
    /// not be printed so without a bound.
    pub const MAX_DECIMAL_BYTES: usize = 4096;
}

impl fmt::Debug for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Big {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Integer(Repr::Big(self.clone())), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_representation() {
        assert_eq!(Integer::from_le_bytes(true, &[5, 0, 0]), Integer::from(-5));
        assert_eq!(Integer::from_le_bytes(true, &[0; 20]), Integer::from(0));
        let min = i128::from(i64::MIN);
        assert_eq!(Integer::from(min).as_i64(), Some(i64::MIN));
        assert!(Integer::from(min - 1).as_i64().is_none());
        assert!(Integer::from(u64::MAX).as_big().is_some());
    }

    #[test]
    fn conversions_refuse_what_does_not_fit() {
        for value in [i128::MIN, i128::MAX, -1, 0, i128::from(u64::MAX)] {
            assert_eq!(i128::try_from(&Integer::from(value)), Ok(value));
        }
        assert_eq!(i128::try_from(&Integer::from(u128::MAX)), Err(OutOfRange));
        assert_eq!(u8::try_from(&Integer::from(256)), Err(OutOfRange));
        assert_eq!(u64::try_from(&Integer::from(-1)), Err(OutOfRange));
    }

    #[test]
    fn order_is_that_of_the_values() {
        let values = [
            i128::MIN,
            -1 << 70,
            i64::MIN.into(),
            -1,
            0,
            1,
            1 << 64,
            i128::MAX,
        ];
        let integers: Vec<Integer> = values.map(Integer::from).to_vec();
        assert!(integers.is_sorted_by(|a, b| a < b));
    }
}
