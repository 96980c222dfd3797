//! Floats: finite, as Erlang's are.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// An Erlang float: a finite `f64`.
///
/// `0.0` and `-0.0` are different, as they are in Erlang from OTP 27 on, with `-0.0` the lesser; up to OTP 26
/// a VM takes them for the same.
///
/// ```
/// use beamport_term::Float;
/// assert_eq!(Float::new(1.0e10)?.to_string(), "1.0e10");
/// assert!(Float::new(f64::NAN).is_err());
/// # Ok::<(), beamport_term::NotFinite>(())
/// ```
#[derive(Clone, Copy)]
pub struct Float(f64);

impl Float {
    /// Takes a finite value.
    #[inline]
    pub fn new(value: f64) -> Result<Self, NotFinite> {
        if value.is_finite() {
            Ok(Self(value))
        } else {
            Err(NotFinite)
        }
    }

    /// The value.
    #[inline]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// Erlang has neither infinities nor a NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an Erlang float is finite")]
pub struct NotFinite;

impl TryFrom<f64> for Float {
    type Error = NotFinite;

    fn try_from(value: f64) -> Result<Self, NotFinite> {
        Self::new(value)
    }
}

impl From<Float> for f64 {
    fn from(float: Float) -> Self {
        float.0
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Float {}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Float {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// The shortest text that reads back as the same float, as `float_to_list(F, [short])` and `~w` write it:
/// decimal or scientific, whichever is shorter; scientific from 2^53 on.
impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_sign_negative() {
            f.write_str("-")?;
        }
        if self.0 == 0.0 {
            return f.write_str("0.0");
        }
        let (digits, exponent) = shortest(self.0.abs());
        let scientific = Scientific {
            digits: &digits,
            exponent,
        };
        let decimal = Decimal {
            digits: &digits,
            point: exponent + 1,
        };
        if self.0.abs() < EXACT && decimal.len() <= scientific.len() {
            decimal.fmt(f)
        } else {
            scientific.fmt(f)
        }
    }
}

/// The fewest digits that tell a float from all others, and the power of ten of the first.
///
/// Of two such numbers that are equally close, the even one: by the algorithm that the VM has too. Rust's own
/// formatting takes the greater.
fn shortest(value: f64) -> (String, i32) {
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, part].concat();
    let significant = digits.trim_start_matches('0');
    let before_point = whole.len() as i32 - (digits.len() - significant.len()) as i32;
    let exponent = exponent.parse().unwrap_or(0) + before_point - 1;
    (significant.trim_end_matches('0').to_owned(), exponent)
}

/// From here on not every integer is a float: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// `d.ddde±x`
struct Scientific<'a> {
    digits: &'a str,
    exponent: i32,
}

impl Scientific<'_> {
    fn len(&self) -> usize {
        // The point takes a place, and a lone digit gets a zero after it.
        self.digits.len().max(2) + 1 + 1 + self.exponent.to_string().len()
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, rest) = self.digits.split_at_checked(1).unwrap_or(("0", ""));
        let rest = if rest.is_empty() { "0" } else { rest };
        write!(f, "{first}.{rest}e{}", self.exponent)
    }
}

/// `ddd.ddd`, the point after so many of the digits.
struct Decimal<'a> {
    digits: &'a str,
    point: i32,
}

impl Decimal<'_> {
    fn len(&self) -> usize {
        let digits = self.digits.len();
        match usize::try_from(self.point) {
            Ok(point) if point >= digits => point + 2,
            Ok(0) | Err(_) => digits + 2 + self.point.unsigned_abs() as usize,
            Ok(_) => digits + 1,
        }
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits;
        match usize::try_from(self.point) {
            Ok(0) | Err(_) => {
                let zeros = self.point.unsigned_abs() as usize;
                write!(f, "0.{:0>zeros$}{digits}", "")
            }
            Ok(point) => match digits.split_at_checked(point) {
                Some((whole, "")) => write!(f, "{whole}.0"),
                Some((whole, part)) => write!(f, "{whole}.{part}"),
                None => write!(f, "{digits:0<point$}.0"),
            },
        }
    }
}

impl fmt::Debug for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_that_of_the_vm() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (100.0, "100.0"),
            (1000.0, "1.0e3"),
            (1234.0, "1234.0"),
            (0.1, "0.1"),
            (0.0001, "0.0001"),
            (0.00001, "1.0e-5"),
            (0.012_345, "0.012345"),
            (-1.5e300, "-1.5e300"),
            (9_007_199_254_740_991.0, "9007199254740991.0"),
            (9_007_199_254_740_992.0, "9.007199254740992e15"),
            (5e-324, "5.0e-324"),
            (168_425_194_400_698.62, "168425194400698.62"),
        ] {
            assert_eq!(Float::new(value).unwrap().to_string(), text);
        }
    }

    #[test]
    fn only_finite_values_are_floats() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Float::new(value), Err(NotFinite));
        }
    }
}
