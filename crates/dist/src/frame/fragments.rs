//! Messages that arrive in fragments.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use beamport_term::Atom;
use bytes::Bytes;

use super::{FrameError, FrameLimits};

/// The messages that have begun and not ended.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    messages: HashMap<u64, Partial>,
    bytes: usize,
}

#[derive(Debug)]
struct Partial {
    /// The atoms that its header numbered; by its end the cache may have others.
    atoms: Vec<Atom>,
    /// The fragments so far.
    pieces: Vec<Bytes>,
    /// How many bytes they are counted as.
    bytes: usize,
    /// The number of the fragment that came last. They count down to 1.
    last: u64,
}

/// A message all of whose fragments have come.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) atoms: Vec<Atom>,
    pub(super) data: Bytes,
}

/// Where a fragment belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The message: each sender has one at a time.
    pub(super) sequence: u64,
    /// The fragment, counted down to 1.
    pub(super) number: u64,
}

impl Unfinished {
    /// Takes a first fragment.
    pub(super) fn begin(
        &mut self,
        place: Place,
        atoms: &[Atom],
        data: Bytes,
        limits: &FrameLimits,
    ) -> Result<Option<Whole>, FrameError> {
        let atoms = atoms.to_vec();
        match place.number {
            0 => return Err(FrameError::Fragment),
            1 => return Ok(Some(Whole { atoms, data })),
            _ => {}
        }
        if self.messages.len() >= limits.unfinished {
            return Err(FrameError::TooMuchUnfinished);
        }
        let bytes = self.count(&data, limits)?;
        let Entry::Vacant(entry) = self.messages.entry(place.sequence) else {
            return Err(FrameError::Fragment);
        };
        entry.insert(Partial {
            atoms,
            pieces: vec![kept(data)],
            bytes,
            last: place.number,
        });
        Ok(None)
    }

    /// Takes a further fragment.
    pub(super) fn go_on(
        &mut self,
        place: Place,
        data: Bytes,
        limits: &FrameLimits,
    ) -> Result<Option<Whole>, FrameError> {
        let bytes = self.count(&data, limits)?;
        let Entry::Occupied(mut entry) = self.messages.entry(place.sequence) else {
            return Err(FrameError::Fragment);
        };
        let partial = entry.get_mut();
        partial.last -= 1;
        if place.number != partial.last {
            return Err(FrameError::Fragment);
        }
        partial.bytes += bytes;
        partial.pieces.push(kept(data));
        if place.number > 1 {
            return Ok(None);
        }
        let Partial {
            atoms,
            pieces,
            bytes,
            ..
        } = entry.remove();
        self.bytes -= bytes;
        Ok(Some(Whole {
            atoms,
            data: pieces.concat().into(),
        }))
    }

    /// Counts a fragment, and gives what it counts as.
    fn count(&mut self, data: &Bytes, limits: &FrameLimits) -> Result<usize, FrameError> {
        let bytes = data.len() + PIECE_BYTES;
        self.bytes += bytes;
        if self.bytes > limits.unfinished_bytes {
            return Err(FrameError::TooMuchUnfinished);
        }
        Ok(bytes)
    }
}

/// What it takes to keep a fragment, beside its bytes.
const PIECE_BYTES: usize = 64;

/// From this size on a fragment is kept where it arrived.
const LARGE: usize = 16 << 10;

/// A fragment as it is kept: a small one must not hold on to all that arrived along with it.
fn kept(data: Bytes) -> Bytes {
    if data.len() < LARGE {
        Bytes::copy_from_slice(&data)
    } else {
        data
    }
}
