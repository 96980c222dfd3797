//! Reading encoded terms in place.

use super::reader::Reader;
use super::token::{self, Sink, Tokens};
use super::{DecodeError, Fault, Token, VERSION, tag};

/// A place in encoded bytes, from which they are read token by token without allocating anything.
///
/// For those who want one field of a message, or to pass a message on: [`Cursor::skip`] goes past a whole term,
/// [`Cursor::bytes_of_next`] gives its bytes.
///
/// ```
/// use beamport_term::{Cursor, Term, Token, atom, encode};
///
/// let bytes = encode(&Term::from((atom!("reply"), Term::list([1000, 2]), "payload")))?;
/// let mut cursor = Cursor::new(&bytes)?;
/// assert_eq!(cursor.next()?, Token::Tuple(3));
/// cursor.skip()?;
/// cursor.skip()?;
/// assert_eq!(cursor.next()?, Token::Binary(b"payload"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Cursor<'a>(Reader<'a>);

impl<'a> Cursor<'a> {
    /// At the beginning of an encoded term, which starts with [`VERSION`].
    ///
    /// A compressed term has no tokens; decode it.
    pub fn new(input: &'a [u8]) -> Result<Self, DecodeError> {
        let mut cursor = Self::headless(input);
        match cursor.0.u8() {
            Ok(VERSION) => Ok(cursor),
            Ok(other) => Err(Fault::Version(other)),
            Err(truncated) => Err(truncated.into()),
        }
        .map_err(|fault| DecodeError { offset: 0, fault })
    }

    /// At the beginning of a term without [`VERSION`], as terms are after a distribution header.
    pub fn headless(input: &'a [u8]) -> Self {
        Self(Reader::new(input))
    }

    /// How many bytes have been read.
    #[inline]
    pub fn offset(&self) -> usize {
        self.0.offset()
    }

    /// What has not been read.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.0.rest()
    }

    /// Reads a token.
    #[inline]
    #[allow(
        clippy::should_implement_trait,
        reason = "at the end it is an error to go on"
    )]
    pub fn next(&mut self) -> Result<Token<'a>, DecodeError> {
        let offset = self.0.offset();
        token::read(&mut self.0, &mut Tokens).map_err(|fault| DecodeError { offset, fault })
    }

    /// Reads what would be a token into something else.
    #[inline(always)]
    pub(crate) fn read<S: Sink<'a>>(&mut self, sink: &mut S) -> Result<S::Made, Fault> {
        token::read(&mut self.0, sink)
    }

    /// Goes past one term and all it holds.
    pub fn skip(&mut self) -> Result<(), DecodeError> {
        let mut expected = 1_u64;
        while expected > 0 {
            let offset = self.0.offset();
            expected += match self.next()? {
                Token::List(count) => u64::from(count) + 1,
                Token::Tuple(count) => count.into(),
                Token::Map(count) => u64::from(count) * 2,
                Token::Fun(fun) => fun.free.into(),
                _ => 0,
            };
            expected -= 1;
            // A term takes a byte, so more than there are bytes cannot come.
            if expected > self.rest().len() as u64 {
                let fault = Fault::Truncated;
                return Err(DecodeError { offset, fault });
            }
        }
        Ok(())
    }

    /// Goes past one term and gives its bytes.
    pub fn bytes_of_next(&mut self) -> Result<&'a [u8], DecodeError> {
        let before = self.rest();
        self.skip()?;
        let length = before.len() - self.rest().len();
        Ok(before.get(..length).unwrap_or_default())
    }

    /// If the next tag is this one, goes past it.
    pub(crate) fn accept(&mut self, tag: u8) -> bool {
        let mut ahead = self.0;
        let found = ahead.u8() == Ok(tag);
        if found {
            self.0 = ahead;
        }
        found
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        let offset = self.offset();
        self.0.u32().map_err(|truncated| DecodeError {
            offset,
            fault: truncated.into(),
        })
    }

    /// Whether a compressed term begins here, which then goes on with its size.
    pub(crate) fn accept_compressed(&mut self) -> bool {
        self.accept(tag::COMPRESSED)
    }
}
