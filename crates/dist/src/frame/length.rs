//! Frames in a stream of bytes.

use bytes::{Buf as _, Bytes, BytesMut};

use super::FrameError;

/// How much is read at once of small frames.
const READ_BYTES: usize = 64 << 10;

/// When so much is missing of a frame, it is read by itself.
const LARGE: usize = 16 << 10;

/// The bytes of a connection that have arrived and are not yet understood.
///
/// ```
/// use beamport_dist::frame::{Frame, Frames};
///
/// let mut frames = Frames::new(1024);
/// frames.buffer().extend_from_slice(b"\0\0\0\0\0\0\0\x02hi\0");
/// assert_eq!(frames.next(), Ok(Some(Frame::Tick)));
/// assert_eq!(frames.next(), Ok(Some(Frame::Data((&b"hi"[..]).into()))));
/// assert_eq!(frames.next(), Ok(None));
/// ```
#[derive(Debug)]
pub struct Frames {
    buffer: BytesMut,
    limit: usize,
}

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A sign of life.
    Tick,
    /// A message or a fragment of one.
    Data(Bytes),
}

impl Frames {
    /// No bytes yet; a frame may have `limit`.
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            limit,
        }
    }

    /// Where to put bytes as they arrive. It grows with what arrives, never on the word of a length.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// How many bytes to read next, and to have room for.
    ///
    /// A large frame is read to its end and no further, so that it has its memory for itself and no byte of the next
    /// one has to be moved out of it. That takes no more room at a time than has arrived of it already.
    pub fn wanted(&self) -> usize {
        let missing = match self.buffer.first_chunk() {
            Some(head) => (size_of::<u32>() + u32::from_be_bytes(*head) as usize)
                .saturating_sub(self.buffer.len()),
            None => 0,
        };
        if missing < LARGE {
            READ_BYTES
        } else {
            missing.min(self.buffer.len().max(READ_BYTES))
        }
    }

    /// Takes the next frame, if all of it is there.
    #[allow(
        clippy::should_implement_trait,
        reason = "after none, more bytes may make another"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        let Some(head) = self.buffer.first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*head);
        let size = length as usize;
        if size > self.limit {
            return Err(FrameError::TooLong(length));
        }
        if size == 0 {
            self.buffer.advance(head.len());
            return Ok(Some(Frame::Tick));
        }
        if self.buffer.len() - head.len() < size {
            return Ok(None);
        }
        self.buffer.advance(size_of::<u32>());
        Ok(Some(Frame::Data(self.buffer.split_to(size).freeze())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_however_their_bytes_come_in() {
        let stream = b"\0\0\0\x03abc\0\0\0\0\0\0\0\x01d";
        let mut frames = Frames::new(3);
        let mut seen = Vec::new();
        for byte in stream {
            frames.buffer().extend_from_slice(&[*byte]);
            seen.extend(frames.next().unwrap());
        }
        let data = |bytes: &'static [u8]| Frame::Data(Bytes::from_static(bytes));
        assert_eq!(seen, [data(b"abc"), Frame::Tick, data(b"d")]);
    }

    #[test]
    fn a_large_frame_is_read_to_its_end_in_steps_that_grow_with_it() {
        let mut frames = Frames::new(1 << 30);
        frames
            .buffer()
            .extend_from_slice(&(1_u32 << 20).to_be_bytes());
        let mut steps = Vec::new();
        while frames.next() == Ok(None) {
            let wanted = frames.wanted();
            steps.push(wanted);
            frames.buffer().extend_from_slice(&vec![0; wanted]);
        }
        assert_eq!(steps[..2], [READ_BYTES, READ_BYTES + 4]);
        assert!(frames.buffer().is_empty(), "{steps:?}");
        assert_eq!(steps.iter().sum::<usize>(), 1 << 20);
    }

    #[test]
    fn a_length_beyond_the_limit_is_refused_before_its_frame_comes() {
        let mut frames = Frames::new(3);
        frames.buffer().extend_from_slice(&[0xFF; 4]);
        assert_eq!(frames.next(), Err(FrameError::TooLong(u32::MAX)));
        assert!(frames.buffer().capacity() < 1024);
    }
}
