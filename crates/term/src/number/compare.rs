//! Integers against floats, as Erlang's `<` and `==` have it.

use std::cmp::Ordering;

use super::{Float, Integer};

/// 2^53: up to here every integer is a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Compares an integer with a float by what they are worth, without rounding either where that could matter.
///
/// Below 2^53 the integer is compared as a float, from there on the float, which then has no fraction, as an
/// integer.
pub(crate) fn integer_with_float(integer: &Integer, float: Float) -> Ordering {
    let value = float.get();
    if value.abs() < EXACT {
        return match integer.as_i64() {
            Some(small) if small.unsigned_abs() <= EXACT as u64 => (small as f64)
                .partial_cmp(&value)
                .unwrap_or(Ordering::Equal),
            _ if integer.is_negative() => Ordering::Less,
            _ => Ordering::Greater,
        };
    }
    integer.cmp(&whole(value))
}

/// A float without a fraction, as an integer.
fn whole(value: f64) -> Integer {
    const FRACTION_BITS: u32 = 52;
    let bits = value.to_bits();
    let exponent = (bits >> FRACTION_BITS & 0x7FF) as usize;
    let mantissa = bits & ((1 << FRACTION_BITS) - 1) | 1 << FRACTION_BITS;
    // value = mantissa * 2^shift, and shift is not negative from 2^53 on
    let shift = exponent.saturating_sub(1023 + FRACTION_BITS as usize);
    let mut magnitude = vec![0; shift / 8];
    let mantissa = u128::from(mantissa) << (shift % 8);
    magnitude.extend_from_slice(&mantissa.to_le_bytes());
    Integer::from_le_bytes(value.is_sign_negative(), &magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(integer: i128, float: f64) -> Ordering {
        integer_with_float(&Integer::from(integer), Float::new(float).unwrap())
    }

    #[test]
    fn no_digit_is_lost() {
        use Ordering::{Equal, Greater, Less};
        assert_eq!(compare(1, 1.0), Equal);
        assert_eq!(compare(0, -0.0), Equal);
        assert_eq!(compare(2, 2.5), Less);
        let edge = 1_i128 << 53;
        assert_eq!(compare(edge, EXACT), Equal);
        assert_eq!(compare(edge + 1, EXACT), Greater);
        assert_eq!(compare(-edge - 1, -EXACT), Less);
        assert_eq!(compare(1 << 100, 2_f64.powi(100)), Equal);
        assert_eq!(compare((1 << 100) + 1, 2_f64.powi(100)), Greater);
        assert_eq!(compare(i128::MAX, f64::MAX), Less);
        assert_eq!(compare(i128::MIN, 0.5), Less);
    }
}
