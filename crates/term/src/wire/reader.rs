//! Taking numbers and slices off the front of bytes.

use super::Fault;

/// There are fewer bytes than were asked for. Of no size, so that success costs no look at what a fault would be.
#[derive(PartialEq)]
pub(super) struct Truncated;

impl From<Truncated> for Fault {
    fn from(Truncated: Truncated) -> Self {
        Self::Truncated
    }
}

/// What is left of the input.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self {
            rest: input,
            length: input.len(),
        }
    }

    #[inline]
    pub(super) fn offset(&self) -> usize {
        self.length - self.rest.len()
    }

    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Truncated> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Truncated> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Result<u8, Truncated> {
        let (first, rest) = self.rest.split_first().ok_or(Truncated)?;
        self.rest = rest;
        Ok(*first)
    }

    #[inline]
    pub(super) fn u16(&mut self) -> Result<u16, Truncated> {
        self.array().map(|bytes| u16::from_be_bytes(*bytes))
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Result<u32, Truncated> {
        self.array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    #[inline]
    pub(super) fn u64(&mut self) -> Result<u64, Truncated> {
        self.array().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// A slice after its length in 32 bits.
    #[inline]
    pub(super) fn long_slice(&mut self) -> Result<&'a [u8], Truncated> {
        let length = self.u32()?;
        self.take(length as usize)
    }
}
