//! The atoms that both ends of a connection know by number.
//!
//! A sender and its receiver each keep the same 2048 slots. A message says which slots its atoms are in, and what
//! is new in them; its terms then refer to atoms by their place in that list.

use beamport_term::Atom;

/// How many slots there are: 8 segments of 256.
pub(super) const SLOTS: usize = 2048;

/// How many atoms a message can have by number.
pub(super) const MOST_IN_MESSAGE: usize = 255;

/// What the peer has put in which slot.
#[derive(Debug)]
pub(super) struct ReceiverCache(Box<[Option<Atom>]>);

impl ReceiverCache {
    pub(super) fn new() -> Self {
        Self(vec![None; SLOTS].into())
    }

    pub(super) fn get(&self, slot: usize) -> Option<Atom> {
        self.0.get(slot).cloned().flatten()
    }

    pub(super) fn put(&mut self, slot: usize, atom: Atom) {
        if let Some(place) = self.0.get_mut(slot) {
            *place = Some(atom);
        }
    }
}

/// What this node has put in which slot.
#[derive(Debug)]
pub(super) struct SenderCache {
    slots: Box<[Slot]>,
    /// The message that is written, by number.
    message: u64,
}

#[derive(Debug, Clone, Default)]
struct Slot {
    atom: Option<Atom>,
    /// The message that used it last, and its place there.
    used: (u64, u8),
}

/// An atom that a message has by number.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) slot: usize,
    /// The atom, if the peer does not know yet that it is in the slot.
    pub(super) new: Option<Atom>,
}

impl SenderCache {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![Slot::default(); SLOTS].into(),
            message: 0,
        }
    }

    /// Begins a message, whose atoms `references` is to list.
    pub(super) fn begin<'a>(&'a mut self, references: &'a mut Vec<Reference>) -> MessageAtoms<'a> {
        self.message += 1;
        references.clear();
        MessageAtoms {
            cache: self,
            references,
        }
    }

    /// Takes back what was new in a message that is not sent after all.
    pub(super) fn forget(&mut self, references: &[Reference]) {
        for reference in references.iter().filter(|r| r.new.is_some()) {
            if let Some(place) = self.slots.get_mut(reference.slot) {
                place.atom = None;
            }
        }
    }
}

/// The atoms of the message that is written.
pub(super) struct MessageAtoms<'a> {
    cache: &'a mut SenderCache,
    references: &'a mut Vec<Reference>,
}

impl beamport_term::AtomTable for MessageAtoms<'_> {
    fn index(&mut self, atom: &Atom) -> Option<u8> {
        let message = self.cache.message;
        let slot = slot_of(atom);
        let place = self.cache.slots.get_mut(slot)?;
        let known = place.atom.as_ref() == Some(atom);
        if place.used.0 == message {
            // The slot can hold one atom in a message.
            return known.then_some(place.used.1);
        }
        let index = u8::try_from(self.references.len()).ok()?;
        if usize::from(index) == MOST_IN_MESSAGE {
            return None;
        }
        place.used = (message, index);
        if !known {
            place.atom = Some(atom.clone());
        }
        self.references.push(Reference {
            slot,
            new: (!known).then(|| atom.clone()),
        });
        Some(index)
    }
}

/// Where an atom goes: by FNV-1a of its name.
fn slot_of(atom: &Atom) -> usize {
    let hash = atom.as_str().bytes().fold(0x811C_9DC5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash ^ (hash >> 16)) as usize % SLOTS
}
