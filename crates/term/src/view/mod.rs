//! Terms looked at where they are encoded.
//!
//! One pass checks the bytes and notes, for every term that holds others, where it ends. With that, going past a
//! term costs the same whatever it holds, and nothing else is kept.

mod check;
mod parts;

use bytes::Bytes;

use crate::Term;
use crate::decode::{Assembly, inflate};
use crate::wire::{AtomName, Cursor, DecodeError, Fault, Limits, Token};

pub use parts::{Pairs, Parts};

/// An encoded term that has been checked, to be looked at without being decoded.
///
/// For messages of which a field or two are looked at: it takes a fraction of the time of decoding, and allocates
/// eight bytes for each tuple, list, map and closure, in one piece.
///
/// ```
/// use beamport_term::{Encoded, Limits, Term, atom, encode};
///
/// let message = Term::from((atom!("reply"), Term::list([1000, 2]), "payload"));
/// let encoded = Encoded::new(encode(&message)?, Limits::default())?;
///
/// let view = encoded.view();
/// assert!(view.get(0).is_some_and(|tag| tag.is_atom("reply")));
/// assert_eq!(view.get(2).and_then(|payload| payload.as_bytes()), Some(&b"payload"[..]));
/// assert_eq!(view.get(1).map(|list| list.to_term()), Some(Ok(Term::list([1000, 2]))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Encoded {
    bytes: Bytes,
    /// Where the term begins, behind the version.
    start: u32,
    /// Of every term that holds others, in the order in which they begin.
    spans: Vec<Span>,
}

/// How far a term reaches that holds others.
#[derive(Clone, Copy)]
struct Span {
    /// Where it ends.
    end: u32,
    /// How many spans are inside.
    inside: u32,
}

impl Encoded {
    /// Checks what `term_to_binary` wrote, all of it, within limits; a compressed term is inflated.
    ///
    /// What passes can be decoded, unless a map has the same key twice, which only decoding finds. A term in a
    /// VM's private format ([`Term::Local`]) cannot be looked at.
    pub fn new(input: impl Into<Bytes>, limits: Limits) -> Result<Self, DecodeError> {
        let input = input.into();
        let too_large = |limit| DecodeError {
            offset: 0,
            fault: Fault::TooLarge(limit),
        };
        let limit = limits.bytes.min(u32::MAX as usize);
        if input.len() > limit {
            return Err(too_large(limit));
        }
        let mut cursor = Cursor::new(&input)?;
        if cursor.accept_compressed() {
            let (inflated, used) = inflate(&mut cursor, limit)?;
            all_used(&input, used)?;
            // What may follow the term in there counts for nothing, as with the VM.
            let (encoded, _) = Self::checked(inflated, 0, limits)?;
            return Ok(encoded);
        }
        let start = cursor.offset() as u32;
        let (encoded, end) = Self::checked(input, start, limits)?;
        all_used(&encoded.bytes, end)?;
        Ok(encoded)
    }

    fn checked(bytes: Bytes, start: u32, limits: Limits) -> Result<(Self, usize), DecodeError> {
        let (spans, end) = check::term(&bytes, start as usize, limits)?;
        let encoded = Self {
            bytes,
            start,
            spans,
        };
        Ok((encoded, end))
    }

    /// The term.
    #[inline]
    pub fn view(&self) -> View<'_> {
        View {
            encoded: self,
            at: self.start,
            span: 0,
        }
    }
}

fn all_used(bytes: &Bytes, used: usize) -> Result<(), DecodeError> {
    match bytes.len() - used {
        0 => Ok(()),
        more => Err(DecodeError {
            offset: used,
            fault: Fault::Trailing(more),
        }),
    }
}

/// A term where it is encoded: [`Encoded::view`], or a part of one.
#[derive(Clone, Copy)]
pub struct View<'a> {
    encoded: &'a Encoded,
    at: u32,
    /// The first span that begins here or later.
    span: u32,
}

impl<'a> View<'a> {
    /// What it is: the term itself, or the head of one that holds others.
    #[inline]
    pub fn token(self) -> Token<'a> {
        self.cursor().next().unwrap_or(Token::Nil)
    }

    /// An element of a tuple, or of a list other than one of bytes ([`Token::String`]).
    ///
    /// It takes a step for each element before it, whatever they hold.
    pub fn get(self, index: usize) -> Option<Self> {
        self.elements().nth(index)
    }

    /// The elements of a tuple, or of a list other than one of bytes, without its tail. Of other terms, none.
    pub fn elements(self) -> Parts<'a> {
        match self.token() {
            Token::Tuple(count) | Token::List(count) => self.parts(count),
            _ => self.parts(0),
        }
    }

    /// What follows the elements of a list: its rest, which is `[]` of a list that is whole, or a term that makes
    /// it improper.
    pub fn tail(self) -> Option<Self> {
        match self.token() {
            Token::List(count) => self.parts(count.saturating_add(1)).last(),
            _ => None,
        }
    }

    /// The pairs of a map, in the order in which they were encoded. Of other terms, none.
    pub fn pairs(self) -> Pairs<'a> {
        Pairs::new(match self.token() {
            Token::Map(count) => self.parts(count.saturating_mul(2)),
            _ => self.parts(0),
        })
    }

    /// What a map has for the key that is this atom.
    pub fn field(self, key: &str) -> Option<Self> {
        let (_, value) = self.pairs().find(|(candidate, _)| candidate.is_atom(key))?;
        Some(value)
    }

    /// Of a tuple that begins with this atom, the elements after it: of `{ok, Value}` the value.
    pub fn tagged(self, tag: &str) -> Option<Parts<'a>> {
        let mut elements = match self.token() {
            Token::Tuple(count) => self.parts(count),
            _ => return None,
        };
        elements.next().filter(|first| first.is_atom(tag))?;
        Some(elements)
    }

    /// Whether this is the atom of this name.
    #[inline]
    pub fn is_atom(self, name: &str) -> bool {
        match self.token() {
            Token::Atom(AtomName::Utf8(bytes)) => bytes == name.as_bytes(),
            Token::Atom(atom) => atom.text().is_ok_and(|text| text.as_deref() == Some(name)),
            _ => false,
        }
    }

    /// The integer, if this is one and an `i64` holds it.
    pub fn as_i64(self) -> Option<i64> {
        match self.token() {
            Token::Integer(value) => Some(value.into()),
            Token::Big { .. } => self.to_term().ok()?.as_i64(),
            _ => None,
        }
    }

    /// The float, if this is one.
    pub fn as_f64(self) -> Option<f64> {
        match self.token() {
            Token::Float(float) => Some(float.get()),
            _ => None,
        }
    }

    /// The bytes, if this is a binary, or a list of bytes that is encoded as such.
    pub fn as_bytes(self) -> Option<&'a [u8]> {
        match self.token() {
            Token::Binary(bytes) | Token::String(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The text, if this is a binary in UTF-8.
    pub fn as_str(self) -> Option<&'a str> {
        match self.token() {
            Token::Binary(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The term as it is encoded, without a version before it.
    pub fn encoded(self) -> &'a [u8] {
        let all = &self.encoded.bytes;
        all.get(self.at as usize..self.end().0 as usize)
            .unwrap_or_default()
    }

    /// Decodes the term. Binaries share the buffer and keep it alive.
    ///
    /// The error can only be a map that has the same key twice; where it is counts from the start of this term.
    pub fn to_term(self) -> Result<Term, DecodeError> {
        let bytes = self.encoded.bytes.slice_ref(self.encoded());
        let (term, _) = Assembly::default().term(&bytes, 0, &(), Limits::NONE)?;
        Ok(term)
    }

    #[inline]
    fn cursor(self) -> Cursor<'a> {
        let bytes: &'a [u8] = &self.encoded.bytes;
        Cursor::headless(bytes.get(self.at as usize..).unwrap_or_default())
    }

    /// So many terms from behind the head of this one.
    #[inline]
    fn parts(self, count: u32) -> Parts<'a> {
        let mut cursor = self.cursor();
        let _head = cursor.next();
        let first = Self {
            at: self.at + cursor.offset() as u32,
            span: self.span + 1,
            ..self
        };
        Parts::new(first, count)
    }

    /// Where it ends, and the first span after it.
    #[inline]
    fn end(self) -> (u32, u32) {
        let mut cursor = self.cursor();
        let holds_others = match cursor.next() {
            Ok(Token::Tuple(count) | Token::Map(count)) => count > 0,
            Ok(Token::List(_)) => true,
            Ok(Token::Fun(fun)) => fun.free > 0,
            _ => false,
        };
        match self.encoded.spans.get(self.span as usize) {
            Some(span) if holds_others => (span.end, self.span + 1 + span.inside),
            _ => (self.at + cursor.offset() as u32, self.span),
        }
    }

    /// What stands behind this term.
    #[inline]
    fn next(self) -> Self {
        let (at, span) = self.end();
        Self { at, span, ..self }
    }
}

/// As the term it is.
impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.to_term() {
            Ok(term) => std::fmt::Display::fmt(&term, f),
            Err(error) => write!(f, "<{error}>"),
        }
    }
}

#[cfg(test)]
mod tests;
