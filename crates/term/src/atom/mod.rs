//! Atoms: names that compare as fast as pointers.
//!
//! Nearly every atom a program meets is one of a few hundred, so an atom is kept once, in a table that is
//! never freed (`table`), and an [`Atom`] points into it. A table that is never freed must not be filled by
//! strangers: what is decoded may use a share of it, [`INPUT_SHARE`], and an atom for which there is no place
//! owns its text instead. Both kinds are equal when their texts are, and nothing else tells them apart.

mod table;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use crate::wire::tag;

pub use table::INPUT_SHARE;
use table::{Origin, Outline};

/// An Erlang atom: a name of at most 255 characters.
///
/// Cloning copies a pointer. Comparing two atoms for equality compares pointers, unless one of them came when
/// the table was full. [`Ord`] is Erlang's order of atoms, by code point.
///
/// ```
/// use beamport_term::{Atom, atom};
///
/// let ok = atom!("ok");
/// assert_eq!(ok, "ok");
/// assert_eq!(Atom::new("ok"), Ok(ok));
/// assert!(Atom::new(&"x".repeat(256)).is_err());
/// ```
#[derive(Clone)]
pub struct Atom(Repr);

#[derive(Clone)]
enum Repr {
    Interned(&'static Name),
    Lone(Arc<Name>),
}

/// Most atoms are no longer, once encoded.
const SHORT: usize = 32;

/// What is known of a name once, when it is first met.
struct Name {
    text: Box<str>,
    /// As it is encoded in UTF-8, with its tag.
    encoded: Box<[u8]>,
    /// The same filled up with zeros, and its length, if it is short.
    encoded_short: Option<([u8; SHORT], u8)>,
    outline: Outline,
    /// The first bytes, filled up with zeros, as a number that compares as they do.
    beginning: u64,
    hash: u32,
    latin1: bool,
}

impl Atom {
    /// The longest atom, in characters.
    pub const MAX_CHARS: usize = 255;

    /// The atom of this name.
    ///
    /// Meant for names that the program knows; for a name that arrives, [`from_input`](Self::from_input) keeps
    /// strangers from filling the table, as the decoder and the parser do.
    pub fn new(name: &str) -> Result<Self, AtomError> {
        Self::intern(name.as_bytes(), Origin::Program)
    }

    /// The atom of a name from outside, in UTF-8: one that strangers can choose, and that therefore takes no more
    /// than [`INPUT_SHARE`] of the table.
    pub fn from_input(name: &[u8]) -> Result<Self, AtomError> {
        Self::intern(name, Origin::Input)
    }

    /// The atom of a name that is in the table, in UTF-8.
    #[inline]
    pub(crate) fn known(name: &[u8]) -> Option<Self> {
        let name = table::find(name).ok()?;
        Some(Self(Repr::Interned(name)))
    }

    /// The atom of a name from outside, in Latin-1.
    pub(crate) fn from_latin1(name: &[u8]) -> Result<Self, AtomError> {
        if name.is_ascii() {
            return Self::from_input(name);
        }
        let text: String = name.iter().copied().map(char::from).collect();
        Self::from_input(text.as_bytes())
    }

    /// The name.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.name().text
    }

    /// Whether the name can be written in Latin-1.
    pub fn is_latin1(&self) -> bool {
        self.name().latin1
    }

    /// The atom as it is encoded in UTF-8, with its tag.
    #[inline]
    pub(crate) fn encoded(&self) -> &[u8] {
        &self.name().encoded
    }

    /// The same followed by zeros, and where they begin, if it is short.
    #[inline]
    pub(crate) fn encoded_short(&self) -> Option<(&[u8; SHORT], usize)> {
        let (bytes, length) = self.name().encoded_short.as_ref()?;
        Some((bytes, usize::from(*length)))
    }

    /// OTP's hash of the atom, which `phash2` builds on.
    pub(crate) fn otp_hash(&self) -> u32 {
        self.name().hash
    }

    #[inline]
    fn name(&self) -> &Name {
        match &self.0 {
            Repr::Interned(name) => name,
            Repr::Lone(name) => name,
        }
    }

    fn intern(bytes: &[u8], origin: Origin) -> Result<Self, AtomError> {
        let place = match table::find(bytes) {
            Ok(name) => return Ok(Self(Repr::Interned(name))),
            Err(place) => place,
        };
        let text = std::str::from_utf8(bytes).map_err(|_| AtomError::NotUtf8)?;
        if text.len() > Self::MAX_CHARS && text.chars().count() > Self::MAX_CHARS {
            return Err(AtomError::TooLong);
        }
        let name = Name::new(text);
        Ok(Self(match table::insert(name, place, origin) {
            Ok(name) => Repr::Interned(name),
            Err(name) => Repr::Lone(Arc::new(name)),
        }))
    }
}

impl Name {
    fn new(text: &str) -> Self {
        let encoded = encoded(text);
        Self {
            text: text.into(),
            encoded_short: short(&encoded),
            encoded,
            outline: Outline::new(text.as_bytes()),
            beginning: beginning(text.as_bytes()),
            hash: hashpjw(text),
            latin1: text.chars().all(|c| u32::from(c) <= 0xFF),
        }
    }
}

fn short(encoded: &[u8]) -> Option<([u8; SHORT], u8)> {
    let mut bytes = [0; SHORT];
    bytes.get_mut(..encoded.len())?.copy_from_slice(encoded);
    Some((bytes, encoded.len() as u8))
}

fn beginning(text: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(text) {
        *to = *from;
    }
    u64::from_be_bytes(bytes)
}

fn encoded(text: &str) -> Box<[u8]> {
    match u8::try_from(text.len()) {
        Ok(length) => [&[tag::SMALL_ATOM_UTF8, length], text.as_bytes()].concat(),
        Err(_) => {
            // 255 characters are at most 1020 bytes.
            let [high, low] = (text.len() as u16).to_be_bytes();
            [&[tag::ATOM_UTF8, high, low], text.as_bytes()].concat()
        }
    }
    .into()
}

/// The hash OTP keeps with every atom: P. J. Weinberger's, over UTF-8 in which U+0080 to U+00FF are folded back
/// into the one byte they were before atoms were Unicode (`atom_hash` in `erts/emulator/beam/atom.c`).
fn hashpjw(text: &str) -> u32 {
    let mut hash = 0_u32;
    let mut mix = |value: u32| {
        hash = (hash << 4).wrapping_add(value);
        let high = hash & 0xF000_0000;
        if high != 0 {
            hash ^= high >> 24;
            hash ^= high;
        }
    };
    for c in text.chars() {
        if u32::from(c) <= 0xFF {
            mix(u32::from(c));
        } else {
            let mut utf8 = [0; 4];
            c.encode_utf8(&mut utf8)
                .bytes()
                .for_each(|byte| mix(byte.into()));
        }
    }
    hash
}

impl PartialEq for Atom {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Interned(a), Repr::Interned(b)) => std::ptr::eq(*a, *b),
            _ => self.as_str() == other.as_str(),
        }
    }
}

impl Eq for Atom {}

impl PartialEq<str> for Atom {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Atom {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Ord for Atom {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other {
            return Ordering::Equal;
        }
        // UTF-8 sorts as its code points do.
        let beginnings = self.name().beginning.cmp(&other.name().beginning);
        beginnings.then_with(|| self.as_str().cmp(other.as_str()))
    }
}

impl PartialOrd for Atom {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Atom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl FromStr for Atom {
    type Err = AtomError;

    fn from_str(name: &str) -> Result<Self, AtomError> {
        Self::new(name)
    }
}

impl TryFrom<&str> for Atom {
    type Error = AtomError;

    fn try_from(name: &str) -> Result<Self, AtomError> {
        Self::new(name)
    }
}

impl From<bool> for Atom {
    fn from(value: bool) -> Self {
        if value {
            crate::atom!("true")
        } else {
            crate::atom!("false")
        }
    }
}

impl AsRef<str> for Atom {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Why a text is no [`Atom`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AtomError {
    /// The bytes are no UTF-8.
    #[error("an atom is UTF-8")]
    NotUtf8,
    /// More than [`Atom::MAX_CHARS`] characters.
    #[error("an atom has at most {} characters", Atom::MAX_CHARS)]
    TooLong,
}

/// The atom of a name that is written in the program: checked when it is compiled, looked up once.
///
/// ```
/// use beamport_term::atom;
/// assert_eq!(atom!("net_kernel").as_str(), "net_kernel");
/// ```
#[macro_export]
macro_rules! atom {
    ($name:literal) => {{
        const _: () = assert!(
            $crate::atom::fits($name),
            "an atom has at most 255 characters"
        );
        static ATOM: ::std::sync::LazyLock<$crate::Atom> = ::std::sync::LazyLock::new(|| {
            $crate::Atom::new($name).expect("the name was measured when this was compiled")
        });
        $crate::Atom::clone(&ATOM)
    }};
}

/// Whether a name is short enough for an atom; for [`atom!`](crate::atom!), which asks while compiling.
#[doc(hidden)]
pub const fn fits(name: &str) -> bool {
    let mut rest = name.as_bytes();
    let mut chars = 0;
    while let [byte, tail @ ..] = rest {
        if *byte & 0xC0 != 0x80 {
            chars += 1;
        }
        rest = tail;
    }
    chars <= Atom::MAX_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_one_atom() {
        let a = Atom::new("shared").unwrap();
        let b = Atom::from_input(b"shared").unwrap();
        assert!(matches!(
            (&a.0, &b.0),
            (Repr::Interned(a), Repr::Interned(b)) if std::ptr::eq(*a, *b)
        ));
    }

    #[test]
    fn an_atom_without_a_place_equals_its_interned_twin() {
        let interned = Atom::new("twin").unwrap();
        let lone = Atom(Repr::Lone(Arc::new(Name::new("twin"))));
        assert_eq!(interned, lone);
        assert_eq!(interned.cmp(&lone), Ordering::Equal);
        assert_ne!(lone, Atom::new("other").unwrap());
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert!(Atom::new(&"\u{1F608}".repeat(255)).is_ok());
        assert_eq!(Atom::new(&"a".repeat(256)), Err(AtomError::TooLong));
        assert!(fits("ok") && !fits(&"é".repeat(256)));
    }

    #[test]
    fn latin1_and_utf8_spell_the_same_atom() {
        assert_eq!(Atom::from_latin1(b"\xe9").unwrap(), "é");
        assert_eq!(Atom::from_input(b"\xe9"), Err(AtomError::NotUtf8));
    }

    #[test]
    fn input_cannot_take_more_than_its_share() {
        let atoms: Vec<Atom> = (0..INPUT_SHARE + 100)
            .map(|n| Atom::from_input(format!("flood_{n}").as_bytes()).unwrap())
            .collect();
        assert!(matches!(atoms.last().unwrap().0, Repr::Lone(_)));
        let late = Atom::new("a name of the program, after the flood").unwrap();
        assert!(matches!(late.0, Repr::Interned(_)));
    }
}
