//! The table of interned names: open addressing, only ever added to, read without a lock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, OnceLock};

use super::Name;

/// How many atoms the decoder and the parser may add to the table: 16 384.
///
/// A cluster's nodes exchange some hundreds of different atoms, a big one thousands. Beyond this number, input
/// is decoded all the same and only compares more slowly. The names added take at most 36 MiB.
pub const INPUT_SHARE: usize = 16_384;

/// Four times the share of input: what the program itself names always finds a place.
const SLOTS: usize = 4 * INPUT_SHARE;

/// How far from its home a name may be. It bounds what names chosen to collide can cost.
const REACH: usize = 32;

type Slot = OnceLock<&'static Name>;

static TABLE: LazyLock<Box<[Slot]>> = LazyLock::new(|| (0..SLOTS).map(|_| Slot::new()).collect());

static FROM_INPUT: AtomicUsize = AtomicUsize::new(0);

/// Who names an atom.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    /// The code of the program.
    Program,
    /// Bytes or text from outside.
    Input,
}

/// Where the search for a name begins, if it is not in the table.
#[derive(Clone, Copy)]
pub(super) struct Place(usize);

/// What tells most names apart without a look at all of their bytes: how long they are, and both of their ends.
#[derive(PartialEq)]
pub(super) struct Outline {
    length: usize,
    first: u64,
    last: u64,
}

impl Outline {
    /// A name that is no longer than this is no other than that of the same outline.
    const WHOLE: usize = 2 * size_of::<u64>();

    #[inline]
    pub(super) fn new(text: &[u8]) -> Self {
        let short = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
        let (first, last) = match (text.first_chunk(), text.last_chunk()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => match (text.first_chunk(), text.last_chunk()) {
                (Some(first), Some(last)) => (short(first), short(last)),
                _ => (
                    text.iter()
                        .fold(0, |word, byte| word << 8 | u64::from(*byte)),
                    0,
                ),
            },
        };
        Self {
            length: text.len(),
            first,
            last,
        }
    }
}

/// The name with this text.
#[inline]
pub(super) fn find(text: &[u8]) -> Result<&'static Name, Place> {
    let outline = Outline::new(text);
    let home = home(text, &outline);
    for slot in window(home) {
        match slot.get() {
            Some(name)
                if name.outline == outline
                    && (text.len() <= Outline::WHOLE || name.text.as_bytes() == text) =>
            {
                return Ok(name);
            }
            Some(_) => {}
            None => break,
        }
    }
    Err(Place(home))
}

/// Adds a name, or hands it back when there is no place for it.
///
/// Names are never removed and a slot is written once, so a name that two threads add at once meets itself in
/// the first free slot of both, and is in the table once.
pub(super) fn insert(name: Name, place: Place, origin: Origin) -> Result<&'static Name, Name> {
    let is_free = |slot: &Slot| slot.get().is_none();
    if !window(place.0).any(is_free) || !granted(origin) {
        return Err(name);
    }
    let name: &'static Name = Box::leak(Box::new(name));
    for slot in window(place.0) {
        let held = *slot.get_or_init(|| name);
        if held.text == name.text {
            return Ok(held);
        }
    }
    Err(Name::new(&name.text))
}

fn granted(origin: Origin) -> bool {
    match origin {
        Origin::Program => true,
        Origin::Input => FROM_INPUT
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                (used < INPUT_SHARE).then_some(used + 1)
            })
            .is_ok(),
    }
}

#[inline]
fn window(home: usize) -> impl Iterator<Item = &'static Slot> {
    let table: &'static [Slot] = &TABLE;
    (home..home + REACH).filter_map(|at| table.get(at % SLOTS))
}

#[inline]
fn home(text: &[u8], outline: &Outline) -> usize {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(MULTIPLIER);
    let mut hash = mix(mix(outline.length as u64, outline.first), outline.last);
    if outline.length > Outline::WHOLE {
        let words = text.as_chunks::<8>().0;
        hash = words
            .iter()
            .fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    }
    (hash >> 40) as usize % SLOTS
}
