//! Digits of large magnitudes, in little-endian bytes, to and from text.

use std::fmt::Write as _;

/// The largest power of ten in a limb, and its digits.
const CHUNK: u64 = 1_000_000_000;
const CHUNK_DIGITS: usize = 9;

/// The decimal digits of a magnitude.
pub(super) fn format(magnitude: &[u8]) -> String {
    let mut limbs = limbs(magnitude);
    let mut chunks = Vec::new();
    while !limbs.is_empty() {
        let mut remainder = 0_u64;
        for limb in limbs.iter_mut().rev() {
            let value = remainder << 32 | u64::from(*limb);
            *limb = (value / CHUNK) as u32;
            remainder = value % CHUNK;
        }
        chunks.push(remainder);
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
    }
    let mut text = String::with_capacity(chunks.len() * CHUNK_DIGITS);
    let mut chunks = chunks.iter().rev();
    let _ = write!(text, "{}", chunks.next().unwrap_or(&0));
    for chunk in chunks {
        let _ = write!(text, "{chunk:09}");
    }
    text
}

/// The hexadecimal digits of a magnitude.
pub(super) fn hex(magnitude: &[u8]) -> String {
    let mut text = String::with_capacity(magnitude.len() * 2);
    let mut bytes = magnitude.iter().rev();
    let _ = write!(text, "{:X}", bytes.next().unwrap_or(&0));
    for byte in bytes {
        let _ = write!(text, "{byte:02X}");
    }
    text
}

/// The magnitude that digits of a base spell.
pub(super) fn parse(digits: &str, radix: u32) -> Option<Vec<u8>> {
    if digits.is_empty() || !(2..=36).contains(&radix) {
        return None;
    }
    if radix == 16 {
        return parse_hex(digits);
    }
    let mut limbs: Vec<u32> = Vec::new();
    for digit in digits.chars() {
        let mut carry = u64::from(digit.to_digit(radix)?);
        for limb in &mut limbs {
            let value = u64::from(*limb) * u64::from(radix) + carry;
            *limb = value as u32;
            carry = value >> 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    Some(limbs.into_iter().flat_map(u32::to_le_bytes).collect())
}

/// Two digits are a byte, so this takes no longer than reading them does.
fn parse_hex(digits: &str) -> Option<Vec<u8>> {
    let mut magnitude = Vec::with_capacity(digits.len().div_ceil(2));
    let mut digits = digits.chars().rev().map(|digit| digit.to_digit(16));
    while let Some(low) = digits.next() {
        let high = digits.next().unwrap_or(Some(0));
        magnitude.push((high? << 4 | low?) as u8);
    }
    Some(magnitude)
}

fn limbs(magnitude: &[u8]) -> Vec<u32> {
    let (words, rest) = magnitude.as_chunks::<4>();
    let mut limbs: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
    if !rest.is_empty() {
        let top = rest
            .iter()
            .rfold(0, |limb, byte| limb << 8 | u32::from(*byte));
        limbs.push(top);
    }
    limbs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_magnitude_agree_with_the_machine() {
        for value in [
            1_u128 << 64,
            u128::MAX,
            10_u128.pow(38),
            1_000_000_000_000_000_000_000,
        ] {
            assert_eq!(format(&value.to_le_bytes()), value.to_string());
            let parsed = parse(&value.to_string(), 10).unwrap();
            assert_eq!(parsed, &value.to_le_bytes()[..parsed.len()]);
            let parsed = parse(&format!("{value:x}"), 16).unwrap();
            assert_eq!(parsed, &value.to_le_bytes()[..parsed.len()]);
            let top = 16 - value.leading_zeros() as usize / 8;
            assert_eq!(hex(&value.to_le_bytes()[..top]), format!("{value:X}"));
        }
        assert_eq!(format(&[]), "0");
    }

    #[test]
    fn what_is_no_digit_is_refused() {
        assert_eq!(parse("12", 2), None);
        assert_eq!(parse("", 10), None);
        assert_eq!(parse("z", 36), Some(vec![35, 0, 0, 0]));
    }
}
