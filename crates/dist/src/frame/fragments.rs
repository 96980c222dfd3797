//! Messages that arrive in fragments.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use beamport_term::Atom;
use bytes::{Bytes, BytesMut};

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
    data: BytesMut,
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
        self.count(data.len(), limits)?;
        let Entry::Vacant(entry) = self.messages.entry(place.sequence) else {
            return Err(FrameError::Fragment);
        };
        entry.insert(Partial {
            atoms,
            data: data.into(),
            last: place.number,
        });
        Ok(None)
    }

    /// Takes a further fragment.
    pub(super) fn go_on(
        &mut self,
        place: Place,
        data: &[u8],
        limits: &FrameLimits,
    ) -> Result<Option<Whole>, FrameError> {
        self.count(data.len(), limits)?;
        let Entry::Occupied(mut entry) = self.messages.entry(place.sequence) else {
            return Err(FrameError::Fragment);
        };
        let partial = entry.get_mut();
        partial.last -= 1;
        if place.number != partial.last {
            return Err(FrameError::Fragment);
        }
        partial.data.extend_from_slice(data);
        if place.number > 1 {
            return Ok(None);
        }
        let Partial { atoms, data, .. } = entry.remove();
        self.bytes -= data.len();
        Ok(Some(Whole {
            atoms,
            data: data.freeze(),
        }))
    }

    fn count(&mut self, bytes: usize, limits: &FrameLimits) -> Result<(), FrameError> {
        self.bytes += bytes;
        if self.bytes > limits.unfinished_bytes {
            return Err(FrameError::TooMuchUnfinished);
        }
        Ok(())
    }
}
