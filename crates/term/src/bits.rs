//! Bit strings that are no binaries.

use std::sync::Arc;

use bytes::Bytes;

/// A bit string whose length is not a multiple of eight.
///
/// Its last byte holds the last bits in the high end; the rest of that byte is zero.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BitString(Arc<Inner>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Inner {
    bytes: Bytes,
    bits: u8,
}

impl BitString {
    /// Takes whole bytes and the bits used of the last one, from 1 to 7, its high ones; the others are cleared.
    pub fn new(bytes: impl Into<Bytes>, bits: u8) -> Result<Self, BitCount> {
        let bytes = bytes.into();
        let Some((last, _)) = bytes.split_last() else {
            return Err(BitCount);
        };
        if !(1..=7).contains(&bits) {
            return Err(BitCount);
        }
        let unused = 0xFF_u8 >> bits;
        let bytes = if last & unused == 0 {
            bytes
        } else {
            let mut copy = bytes.to_vec();
            if let Some(last) = copy.last_mut() {
                *last &= !unused;
            }
            copy.into()
        };
        Ok(Self(Arc::new(Inner { bytes, bits })))
    }

    /// The bytes, the last of which is not full.
    pub fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// How many bits of the last byte are used: 1 to 7.
    pub fn last_bits(&self) -> u8 {
        self.0.bits
    }
}

/// The last byte of a bit string has 1 to 7 bits in use, and there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the last byte of a bit string has 1 to 7 bits in use")]
pub struct BitCount;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_bits_are_cleared() {
        let bits = BitString::new(vec![1, 0xFF], 3).unwrap();
        assert_eq!(&bits.bytes()[..], [1, 0b1110_0000]);
        assert_eq!(bits, BitString::new(vec![1, 0b1110_0001], 3).unwrap());
    }

    #[test]
    fn whole_bytes_are_no_bit_string() {
        for (bytes, bits) in [(vec![], 1), (vec![1], 0), (vec![1], 8)] {
            assert_eq!(BitString::new(bytes, bits), Err(BitCount));
        }
    }
}
