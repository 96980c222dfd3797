//! Checking all of a term, and noting how far its parts reach.

use super::Span;
use crate::bits::BitCount;
use crate::identifier::WordCount;
use crate::wire::{AtomName, Cursor, DecodeError, Fault, Limits, Sink, Token};
use crate::{Atom, AtomError, Float, Reference};

/// A term that is not complete.
struct Open {
    span: usize,
    /// How many terms it still waits for.
    owed: usize,
    /// How deep it is nested. A list that is the tail of another continues it.
    depth: usize,
    is_list: bool,
}

/// As many as most messages have.
const FEW: usize = 16;

/// Checks the term at `start`; its spans, and where it ends.
pub(super) fn term(
    input: &[u8],
    start: usize,
    limits: Limits,
) -> Result<(Vec<Span>, usize), DecodeError> {
    let mut cursor = Cursor::headless(input.get(start..).unwrap_or_default());
    let mut spans = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    // As in the decoder: how many terms all open ones wait for, and how many may still come.
    let mut owed = 1_usize;
    let mut allowed = limits.elements;
    loop {
        let offset = start + cursor.offset();
        let fail = |fault| DecodeError { offset, fault };
        allowed = allowed
            .checked_sub(1)
            .ok_or(fail(Fault::TooManyElements(limits.elements)))?;
        owed -= 1;
        let found = cursor.read(&mut Checker).map_err(fail)?;
        if found.holds > 0 {
            owed = owed.saturating_add(found.holds);
            if owed > cursor.rest().len() {
                return Err(fail(Fault::Truncated));
            }
            let depth = match open.last() {
                Some(list) if found.is_list && list.is_list && list.owed == 1 => list.depth,
                around => around.map_or(1, |around| around.depth + 1),
            };
            if depth > limits.depth {
                return Err(fail(Fault::TooDeep(limits.depth)));
            }
            if open.is_empty() {
                open.reserve(FEW);
                spans.reserve(FEW);
            }
            open.push(Open {
                span: spans.len(),
                owed: found.holds,
                depth,
                is_list: found.is_list,
            });
            // Known when it is complete.
            spans.push(Span { end: 0, inside: 0 });
            continue;
        }
        let end = start + cursor.offset();
        loop {
            let Some(innermost) = open.last_mut() else {
                return Ok((spans, end));
            };
            innermost.owed -= 1;
            if innermost.owed > 0 {
                break;
            }
            let inside = spans.len() - innermost.span - 1;
            if let Some(span) = spans.get_mut(innermost.span) {
                *span = Span {
                    end: end as u32,
                    inside: inside as u32,
                };
            }
            open.pop();
        }
    }
}

/// Checks what is read, and tells what is to come.
struct Checker;

/// What came.
struct Found {
    /// How many terms follow as its parts.
    holds: usize,
    is_list: bool,
}

const LEAF: Result<Found, Fault> = Ok(holding(0));

const fn holding(count: usize) -> Found {
    Found {
        holds: count,
        is_list: false,
    }
}

impl<'a> Sink<'a> for Checker {
    type Made = Found;

    #[inline]
    fn integer(&mut self, _: i32) -> Result<Found, Fault> {
        LEAF
    }

    #[inline]
    fn atom(&mut self, name: AtomName<'a>) -> Result<Found, Fault> {
        self::name(name)?;
        LEAF
    }

    #[inline]
    fn float(&mut self, _: Float) -> Result<Found, Fault> {
        LEAF
    }

    #[inline]
    fn binary(&mut self, _: &'a [u8]) -> Result<Found, Fault> {
        LEAF
    }

    #[inline]
    fn string(&mut self, _: &'a [u8]) -> Result<Found, Fault> {
        LEAF
    }

    #[inline]
    fn nil(&mut self) -> Result<Found, Fault> {
        LEAF
    }

    #[inline]
    fn list(&mut self, count: u32) -> Result<Found, Fault> {
        Ok(Found {
            holds: count as usize + 1,
            is_list: true,
        })
    }

    #[inline]
    fn tuple(&mut self, count: u32) -> Result<Found, Fault> {
        Ok(holding(count as usize))
    }

    #[inline]
    fn map(&mut self, count: u32) -> Result<Found, Fault> {
        Ok(holding(count as usize * 2))
    }

    fn rare(&mut self, token: Token<'a>) -> Result<Found, Fault> {
        match token {
            Token::Fun(head) => {
                name(head.module)?;
                name(head.pid.node)?;
                return Ok(holding(head.free as usize));
            }
            Token::Pid(pid) => name(pid.node)?,
            Token::Port { node, .. } => name(node)?,
            Token::Reference { node, words, .. } => {
                name(node)?;
                if !(1..=Reference::MAX_WORDS).contains(&(words.len() / size_of::<u32>())) {
                    return Err(WordCount.into());
                }
            }
            Token::Export {
                module, function, ..
            } => {
                name(module)?;
                name(function)?;
            }
            // As the decoder has it: 8 bits of the last byte are a binary, as are none of no bytes.
            Token::BitString(bytes, bits) => match bits {
                1..=7 if !bytes.is_empty() => {}
                8 => {}
                0 if bytes.is_empty() => {}
                _ => return Err(BitCount.into()),
            },
            _ => {}
        }
        LEAF
    }
}

/// Checks a name as [`Atom`] does, without making one.
#[inline]
fn name(name: AtomName<'_>) -> Result<(), Fault> {
    let (bytes, text) = match name {
        AtomName::Utf8(bytes) if bytes.is_ascii() => (bytes, None),
        AtomName::Utf8(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_| AtomError::NotUtf8)?;
            (bytes, Some(text))
        }
        AtomName::Latin1(bytes) => (bytes, None),
        AtomName::Cached(index) => return Err(Fault::UnknownAtom(index)),
    };
    if bytes.len() > Atom::MAX_CHARS {
        let chars = text.map_or(bytes.len(), |text| text.chars().count());
        if chars > Atom::MAX_CHARS {
            return Err(AtomError::TooLong.into());
        }
    }
    Ok(())
}
