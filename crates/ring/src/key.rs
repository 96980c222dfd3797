//! Where on the ring a key is.

use beamport_term::{Atom, Term, phash2_of_binary};

/// Which releases of OTP a ring is to agree with.
///
/// This matters for keys that are atoms. libring hashes them as the bytes that `term_to_binary/1` makes of them, and
/// those changed with OTP 26: most atoms have another owner there than before. A cluster in which both sorts of
/// release run does not agree with itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Otp {
    /// OTP 25 and earlier: atoms in Latin-1, if they have nothing but such characters.
    UpTo25,
    /// OTP 26 and later: atoms in UTF-8.
    From26,
}

impl Otp {
    /// The one that release number `release` is.
    pub fn of_release(release: u32) -> Self {
        if release < 26 {
            Self::UpTo25
        } else {
            Self::From26
        }
    }
}

/// The place of a key.
#[inline]
pub(crate) fn place(key: &Term, otp: Otp) -> u32 {
    match key {
        Term::Atom(atom) => on_ring(encoded(atom, otp)),
        other => place_of_term(other),
    }
}

/// The place of a term, atoms being no exception.
#[inline]
pub(crate) fn place_of_term(term: &Term) -> u32 {
    on_ring(term.phash2_wide())
}

/// `phash2(Term, 1 bsl 32 - 1)`, of a hash modulo 2^32.
#[inline]
fn on_ring(hash: u32) -> u32 {
    if hash == u32::MAX { 0 } else { hash }
}

/// The hash of the binary that `term_to_binary/1` makes of an atom.
fn encoded(atom: &Atom, otp: Otp) -> u32 {
    // To clear a kilobyte would take longer than all the rest.
    if atom.as_str().len() <= 60 {
        encoded_within::<64>(atom, otp)
    } else {
        encoded_within::<{ 4 + 4 * 255 }>(atom, otp)
    }
}

/// The same, if version, tag, length and name are `MOST` bytes or fewer.
fn encoded_within<const MOST: usize>(atom: &Atom, otp: Otp) -> u32 {
    const VERSION: u8 = 131;
    const ATOM: u8 = 100;
    const ATOM_UTF8: u8 = 118;
    const SMALL_ATOM_UTF8: u8 = 119;

    let name = atom.as_str();
    let is_latin1 = otp == Otp::UpTo25 && atom.is_latin1();
    let length = if is_latin1 {
        name.chars().count()
    } else {
        name.len()
    } as u16;
    let [high, low] = length.to_be_bytes();
    let mut bytes = Bytes::<MOST>::new();
    match (is_latin1, high) {
        (true, _) => {
            bytes.put(&[VERSION, ATOM, high, low]);
            for char in name.chars() {
                bytes.put(&[u32::from(char) as u8]);
            }
        }
        (false, 0) => bytes.put(&[VERSION, SMALL_ATOM_UTF8, low]),
        (false, _) => bytes.put(&[VERSION, ATOM_UTF8, high, low]),
    }
    if !is_latin1 {
        bytes.put(name.as_bytes());
    }
    phash2_of_binary(bytes.get())
}

/// Bytes on the stack.
struct Bytes<const MOST: usize> {
    bytes: [u8; MOST],
    length: usize,
}

impl<const MOST: usize> Bytes<MOST> {
    fn new() -> Self {
        Self {
            bytes: [0; MOST],
            length: 0,
        }
    }

    fn put(&mut self, more: &[u8]) {
        let end = self.length + more.len();
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(more);
            self.length = end;
        }
    }

    fn get(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use beamport_term::{AtomEncoding, Encoder};

    use super::*;

    #[test]
    fn atoms_are_hashed_as_they_are_encoded() {
        for name in [
            "",
            "foo",
            "é",
            "日本",
            &"é".repeat(255),
            &"\u{1F608}".repeat(255),
        ] {
            let atom = Atom::new(name).unwrap();
            for (otp, encoding) in [
                (Otp::UpTo25, AtomEncoding::Latin1),
                (Otp::From26, AtomEncoding::Utf8),
            ] {
                let term = Term::from(atom.clone());
                let bytes = Encoder::new().atoms(encoding).encode(&term).unwrap();
                assert_eq!(
                    place(&term, otp),
                    place_of_term(&Term::binary(bytes)),
                    "{name} {otp:?}"
                );
            }
        }
    }

    #[test]
    fn the_last_hash_is_the_first_place() {
        assert_eq!(on_ring(u32::MAX), 0);
        assert_eq!(on_ring(u32::MAX - 1), u32::MAX - 1);
    }
}
