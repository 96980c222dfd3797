//! Distribution headers: which atoms a message has by number.

use beamport_term::Atom;

use super::FrameError;
use super::cache::{ReceiverCache, Reference};

/// Reads a header from its count on, and remembers what is new. What follows it is left in `input`.
pub(super) fn read(
    input: &mut &[u8],
    cache: &mut ReceiverCache,
    atoms: &mut Vec<Atom>,
) -> Result<(), FrameError> {
    atoms.clear();
    let count = usize::from(byte(input)?);
    if count == 0 {
        return Ok(());
    }
    let flags = take(input, count / 2 + 1)?;
    let long = nibble(flags, count) & LONG_ATOMS != 0;
    for number in 0..count {
        let flags = nibble(flags, number);
        let slot = usize::from(flags & SEGMENT) << 8 | usize::from(byte(input)?);
        if flags & NEW == 0 {
            atoms.push(cache.get(slot).ok_or(FrameError::UncachedAtom)?);
            continue;
        }
        let length = if long {
            usize::from(byte(input)?) << 8 | usize::from(byte(input)?)
        } else {
            usize::from(byte(input)?)
        };
        let atom = Atom::from_input(take(input, length)?).map_err(|_| FrameError::Header)?;
        cache.put(slot, atom.clone());
        atoms.push(atom);
    }
    Ok(())
}

/// Writes a header from its count on.
pub(super) fn write(references: &[Reference], out: &mut Vec<u8>) {
    let count = references.len();
    // At most `MOST_IN_MESSAGE`.
    out.push(count as u8);
    if count == 0 {
        return;
    }
    let texts = || references.iter().filter_map(|r| r.new.as_ref());
    let long = texts().any(|atom| atom.as_str().len() > usize::from(u8::MAX));
    let nibbles = references
        .iter()
        .map(|reference| {
            let segment = (reference.slot >> 8) as u8;
            let new = if reference.new.is_some() { NEW } else { 0 };
            segment | new
        })
        .chain([if long { LONG_ATOMS } else { 0 }]);
    let start = out.len();
    out.resize(start + count / 2 + 1, 0);
    for (number, nibble) in nibbles.enumerate() {
        if let Some(pair) = out.get_mut(start + number / 2) {
            *pair |= nibble << (number % 2 * 4);
        }
    }
    for reference in references {
        out.push((reference.slot & 0xFF) as u8);
        let Some(atom) = &reference.new else { continue };
        let text = atom.as_str().as_bytes();
        // 255 characters take at most 1020 bytes.
        let length = (text.len() as u16).to_be_bytes();
        out.extend_from_slice(if long { &length } else { &length[1..] });
        out.extend_from_slice(text);
    }
}

/// The slot's upper bits, in the half byte of a reference.
const SEGMENT: u8 = 0b0111;
/// The atom follows.
const NEW: u8 = 0b1000;
/// Lengths of atoms take two bytes, in the half byte after the last reference.
const LONG_ATOMS: u8 = 0b0001;

fn nibble(flags: &[u8], number: usize) -> u8 {
    let pair = flags.get(number / 2).copied().unwrap_or_default();
    pair >> (number % 2 * 4) & 0xF
}

fn byte(input: &mut &[u8]) -> Result<u8, FrameError> {
    let (first, rest) = input.split_first().ok_or(FrameError::Header)?;
    *input = rest;
    Ok(*first)
}

fn take<'a>(input: &mut &'a [u8], length: usize) -> Result<&'a [u8], FrameError> {
    let (taken, rest) = input.split_at_checked(length).ok_or(FrameError::Header)?;
    *input = rest;
    Ok(taken)
}
