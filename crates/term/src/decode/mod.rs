//! From bytes to terms.

mod assemble;
mod compressed;
mod deep;
mod maker;

use bytes::Bytes;

use crate::wire::{Cursor, DecodeError, Fault, Limits, tag};
use crate::{Atom, Term};
pub(crate) use assemble::Assembly;
pub(crate) use compressed::inflate;

/// Decodes what `term_to_binary` wrote, all of it, within the default [`Limits`].
///
/// Binaries share the input's buffer and keep it alive.
///
/// ```
/// use beamport_term::{decode, encode, Term};
/// use bytes::Bytes;
///
/// let bytes = Bytes::from(encode(&Term::list(["a", "b"]))?);
/// assert_eq!(decode(&bytes)?, Term::list(["a", "b"]));
/// assert!(decode(&bytes.slice(..5)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode(input: &Bytes) -> Result<Term, DecodeError> {
    Decoder::new(Limits::default()).decode(input)
}

/// Decodes terms within limits.
///
/// A decoder keeps its working memory, so that one that decodes many terms allocates only what is in them.
#[derive(Default)]
pub struct Decoder {
    limits: Limits,
    assembly: Assembly,
}

/// Who knows the atoms that a distribution header put numbers for.
pub trait AtomCache {
    /// The atom that this number stands for in the message that is decoded.
    fn atom(&self, index: u8) -> Option<Atom>;
}

/// Without a distribution header no number stands for an atom.
impl AtomCache for () {
    fn atom(&self, _: u8) -> Option<Atom> {
        None
    }
}

impl AtomCache for [Atom] {
    fn atom(&self, index: u8) -> Option<Atom> {
        self.get(usize::from(index)).cloned()
    }
}

impl Decoder {
    /// A decoder with these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            assembly: Assembly::default(),
        }
    }

    /// Decodes an encoded term; nothing may follow it.
    pub fn decode(&mut self, input: &Bytes) -> Result<Term, DecodeError> {
        let (term, used) = self.decode_prefix(input)?;
        match input.len() - used {
            0 => Ok(term),
            more => Err(DecodeError {
                offset: used,
                fault: Fault::Trailing(more),
            }),
        }
    }

    /// Decodes the encoded term that the input begins with, and tells how many bytes that took.
    pub fn decode_prefix(&mut self, input: &Bytes) -> Result<(Term, usize), DecodeError> {
        let mut cursor = Cursor::new(self.bounded(input)?)?;
        if cursor.accept(tag::LOCAL) {
            return Ok((Term::Local(input.slice(cursor.offset()..)), input.len()));
        }
        if cursor.accept_compressed() {
            let (inflated, used) = inflate(&mut cursor, self.limits.bytes)?;
            let (term, _) = self.assembly.term(&inflated, 0, &(), self.limits)?;
            return Ok((term, used));
        }
        self.assembly.term(input, cursor.offset(), &(), self.limits)
    }

    /// Decodes the term that follows a distribution header (or the control message after it): a term without
    /// version, whose atoms may be numbers. Tells how many bytes that took.
    pub fn decode_headless<C: AtomCache + ?Sized>(
        &mut self,
        input: &Bytes,
        atoms: &C,
    ) -> Result<(Term, usize), DecodeError> {
        self.bounded(input)?;
        self.assembly.term(input, 0, atoms, self.limits)
    }

    fn bounded<'a>(&self, input: &'a Bytes) -> Result<&'a [u8], DecodeError> {
        if input.len() > self.limits.bytes {
            return Err(DecodeError {
                offset: 0,
                fault: Fault::TooLarge(self.limits.bytes),
            });
        }
        Ok(input)
    }
}
