//! Bytes on their way out.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

/// From this size on, bytes are passed on as they are; copying fewer costs less than keeping them apart.
const LARGE: usize = 8 << 10;

/// Bytes that wait to be written: small frames side by side, the bodies of large ones as they were encoded.
///
/// It is a [`Buf`], whose pieces go into one vectored write.
///
/// ```
/// use beamport_dist::frame::Chain;
/// use bytes::{Buf, Bytes};
///
/// let mut chain = Chain::default();
/// chain.extend_from_slice(b"head");
/// chain.push(Bytes::from(vec![7; 100_000]));
/// assert_eq!(chain.remaining(), 100_004);
/// assert_eq!(chain.chunk(), b"head");
/// ```
#[derive(Debug, Default)]
pub struct Chain {
    pieces: VecDeque<Bytes>,
    /// What comes after the pieces and may grow.
    last: BytesMut,
    /// How many bytes the pieces have.
    length: usize,
}

impl Chain {
    /// Appends a copy of bytes.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.last.extend_from_slice(bytes);
    }

    /// Appends bytes, which are copied only if they are few.
    pub fn push(&mut self, bytes: Bytes) {
        if bytes.len() < LARGE {
            return self.extend_from_slice(&bytes);
        }
        if !self.last.is_empty() {
            let before = self.last.split().freeze();
            self.push_piece(before);
        }
        self.push_piece(bytes);
    }

    /// Takes all bytes out of a vector. If they are many, their memory comes along.
    pub fn append(&mut self, bytes: &mut Vec<u8>) {
        if bytes.len() < LARGE {
            self.extend_from_slice(bytes);
            bytes.clear();
        } else {
            self.push(std::mem::take(bytes).into());
        }
    }

    /// Moves all bytes of another chain behind these.
    pub fn absorb(&mut self, other: &mut Self) {
        if !self.has_remaining() {
            return std::mem::swap(self, other);
        }
        for piece in other.pieces.drain(..) {
            self.push(piece);
        }
        other.length = 0;
        self.push(other.last.split().freeze());
    }

    fn push_piece(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        self.pieces.push_back(bytes);
    }
}

impl Buf for Chain {
    fn remaining(&self) -> usize {
        self.length + self.last.len()
    }

    fn chunk(&self) -> &[u8] {
        self.pieces.front().map_or(&self.last, Bytes::as_ref)
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let last = Some(self.last.as_ref()).filter(|last| !last.is_empty());
        let pieces = self.pieces.iter().map(Bytes::as_ref).chain(last);
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(pieces) {
            *slice = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    fn advance(&mut self, mut count: usize) {
        while let Some(first) = self.pieces.front_mut() {
            if count < first.len() {
                first.advance(count);
                self.length -= count;
                return;
            }
            count -= first.len();
            self.length -= first.len();
            self.pieces.pop_front();
        }
        self.last.advance(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in_whatever_is_taken_at_a_time() {
        let large: Vec<u8> = (0..3 * LARGE).map(|n| (n % 251) as u8).collect();
        for step in [999, LARGE - 1, LARGE, usize::MAX] {
            let mut chain = Chain::default();
            let mut expected = Vec::new();
            for piece in [&large[..3], &large[..], b"", &large[5..9], &large[1..]] {
                chain.push(Bytes::copy_from_slice(piece));
                chain.append(&mut piece.to_vec());
                chain.extend_from_slice(piece);
                expected.extend_from_slice(&piece.repeat(3));
            }
            let mut first = Chain::default();
            first.extend_from_slice(b"first");
            first.absorb(&mut chain);
            assert!(!chain.has_remaining());
            chain.absorb(&mut first);
            expected.splice(0..0, *b"first");
            let mut seen = Vec::new();
            while chain.has_remaining() {
                assert_eq!(chain.remaining(), expected.len() - seen.len());
                let mut slices = [IoSlice::new(&[]); 4];
                let count = chain.chunks_vectored(&mut slices);
                let ahead = slices[..count].iter().flat_map(|slice| slice.to_vec());
                let ahead: Vec<u8> = ahead.collect();
                let taken = ahead.len().min(step);
                seen.extend_from_slice(&ahead[..taken]);
                chain.advance(taken);
            }
            assert!(seen == expected, "{step}");
        }
    }

    #[test]
    fn large_bytes_are_not_copied() {
        let mut chain = Chain::default();
        let mut body = vec![7; LARGE];
        let place = body.as_ptr();
        chain.append(&mut body);
        assert_eq!(chain.chunk().as_ptr(), place);
        assert!(body.is_empty());
    }
}
