//! Putting terms together.
//!
//! The memory of a tuple, list or map is allocated at its head, in just its size, and each part is made where it
//! stays. That recurses, but no deeper than [`NESTED`]; what is nested deeper is put together in a loop (`deep`).
//! Nothing is allocated on the word of the input: at every moment the terms still owed to open ones are counted, and
//! since each takes a byte at least, input that owes more than it has left is refused.

use std::slice;
use std::sync::Arc;

use bytes::Bytes;

use super::AtomCache;
use super::deep::{Open, Stack};
use super::maker::{Kind, Maker, Next, put};
use crate::collection::{Shape, Terms};
use crate::wire::{Cursor, DecodeError, Fault, Limits, tag};
use crate::{Fun, List, Map, Term, Tuple};

/// Terms nested no deeper than this are put together by recursion.
const NESTED: usize = 32;

/// The working memory of a decoder.
#[derive(Default)]
pub(crate) struct Assembly {
    stack: Stack,
    shape: Shape,
}

impl Assembly {
    /// Decodes the term at `start`; with where it ends.
    pub(crate) fn term<C: AtomCache + ?Sized>(
        &mut self,
        input: &Bytes,
        start: usize,
        atoms: &C,
        limits: Limits,
    ) -> Result<(Term, usize), DecodeError> {
        let mut assembler = Assembler {
            input,
            atoms,
            cursor: Cursor::headless(input.get(start..).unwrap_or_default()),
            limits,
            allowed: limits.elements,
            stack: &mut self.stack,
            shape: &mut self.shape,
        };
        let mut term = Term::NIL;
        let result = assembler.parts(slice::from_mut(&mut term), 0, 0);
        let used = assembler.cursor.offset();
        self.stack.clear();
        match result {
            Ok(_) => Ok((term, start + used)),
            Err(error) => Err(DecodeError {
                offset: start + error.offset,
                ..error
            }),
        }
    }
}

/// The decoding of one term.
pub(super) struct Assembler<'a, 'w, C: ?Sized> {
    pub(super) input: &'a Bytes,
    pub(super) atoms: &'a C,
    pub(super) cursor: Cursor<'a>,
    pub(super) limits: Limits,
    /// How many terms may still come.
    allowed: usize,
    pub(super) stack: &'w mut Stack,
    shape: &'w mut Shape,
}

/// The head of a term that holds others: where it begins, and for how many it waits.
struct Head {
    offset: usize,
    count: usize,
    kind: Kind,
}

impl<C: AtomCache + ?Sized> Assembler<'_, '_, C> {
    /// Counts a term that comes, if one more may.
    #[inline(always)]
    pub(super) fn allow_one(&mut self) -> Result<(), Fault> {
        let too_many = Fault::TooManyElements(self.limits.elements);
        self.allowed = self.allowed.checked_sub(1).ok_or(too_many)?;
        Ok(())
    }

    /// Makes the terms that come next, each in its place, inside of so many others that are `owed` more after these.
    /// How deep the deepest of them is nested.
    fn parts(
        &mut self,
        places: &mut [Term],
        level: usize,
        owed: usize,
    ) -> Result<usize, DecodeError> {
        let mut owed = owed + places.len();
        let mut highest = 0;
        // A copy of which no other function has the address, so that it is kept in registers.
        let mut cursor = self.cursor;
        for place in places {
            let offset = cursor.offset();
            let fail = |fault| DecodeError { offset, fault };
            self.allow_one().map_err(fail)?;
            owed -= 1;
            let mut maker = Maker {
                input: self.input,
                atoms: self.atoms,
                place,
            };
            if let Next::Open(count, kind) = cursor.read(&mut maker).map_err(fail)? {
                self.cursor = cursor;
                let head = Head {
                    offset,
                    count,
                    kind,
                };
                highest = highest.max(self.compound(place, head, level, owed)?);
                cursor = self.cursor;
            }
        }
        self.cursor = cursor;
        Ok(highest)
    }

    /// Makes a term of its head and the parts that come next; how deep it is nested.
    #[inline(never)]
    fn compound(
        &mut self,
        place: &mut Term,
        head: Head,
        level: usize,
        owed: usize,
    ) -> Result<usize, DecodeError> {
        let Head {
            offset,
            count,
            kind,
        } = head;
        let fail = |fault| DecodeError { offset, fault };
        if owed.saturating_add(count) > self.cursor.rest().len() {
            return Err(fail(Fault::Truncated));
        }
        if level >= self.limits.depth {
            return Err(fail(Fault::TooDeep(self.limits.depth)));
        }
        if level >= NESTED {
            return self.deep(place, Open::new(offset, count, kind), level, owed);
        }
        let level = level + 1;
        let term = match kind {
            Kind::Tuple => Term::Tuple(Tuple(self.terms(count, level, owed)?)),
            Kind::List => self.list(offset, count - 1, level, owed)?,
            Kind::Map => {
                let pairs = self.terms(count, level, owed)?;
                Map::from_pairs_like(self.shape, pairs)
                    .map_err(|duplicate| fail(duplicate.into()))?
                    .into()
            }
            Kind::Fun(closure) => {
                let mut free = vec![Term::NIL; count];
                self.parts(&mut free, level, owed)?;
                Fun::new(*closure, free).into()
            }
        };
        let height = term.height();
        put(place, term);
        Ok(height)
    }

    #[inline]
    fn terms(&mut self, count: usize, level: usize, owed: usize) -> Result<Terms, DecodeError> {
        let mut terms: Arc<[Term]> = (0..count).map(|_| Term::NIL).collect();
        let places = Arc::get_mut(&mut terms).unwrap_or_default();
        let highest = self.parts(places, level, owed)?;
        Ok(Terms::above(highest, terms))
    }

    fn list(
        &mut self,
        offset: usize,
        count: usize,
        level: usize,
        owed: usize,
    ) -> Result<Term, DecodeError> {
        let elements = self.terms(count, level, owed + 1)?;
        let mut tail = Term::NIL;
        if self.cursor.rest().first() == Some(&tag::LIST) {
            // The rest of this list, of which there can be any number in one another.
            let rest = Open::new(offset, 1, Kind::List);
            self.deep(&mut tail, rest, level - 1, owed)?;
        } else {
            self.parts(slice::from_mut(&mut tail), level, owed)?;
        }
        Ok(List::with_tail(elements, tail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DecodeError, Decoder, atom, decode, encode};

    /// Ways to nest a term in another; a tail is none, as it is part of its list.
    const WRAPS: [fn(Term) -> Term; 4] = [
        |term| Term::from((1, term, 2)),
        |term| Term::improper_list([term], atom!("tail")),
        |term| Term::list([term]),
        |term| Term::map([(atom!("b"), term), (atom!("a"), Term::NIL)]),
    ];

    #[test]
    fn a_term_comes_back_from_any_depth() {
        for wrap in WRAPS {
            let mut term = Term::from(atom!("bottom"));
            for _ in 0..2 * NESTED {
                term = wrap(term);
                let tailed = Term::improper_list([1.into()], Term::list([term.clone()]));
                let bytes = encode(&Term::list([tailed.clone(), term.clone()])).unwrap();
                let back = decode(&bytes.into()).unwrap();
                assert_eq!(back, Term::list([tailed, term.clone()]));
            }
        }
    }

    #[test]
    fn tails_that_are_lists_continue_them_and_are_no_deeper() {
        let bytes = b"\x83l\0\0\0\x01a\x01l\0\0\0\x02a\x02h\x01jl\0\0\0\x01jw\x01t";
        let limits = Limits {
            depth: 2,
            ..Limits::default()
        };
        let term = Decoder::new(limits).decode(&bytes[..].into()).unwrap();
        let parts = [1.into(), 2.into(), Term::tuple([Term::NIL]), Term::NIL];
        assert_eq!(term, Term::improper_list(parts, atom!("t")));
    }

    #[test]
    fn limits_hold_at_any_depth() {
        for levels in [1, NESTED - 1, NESTED, NESTED + 1, 2 * NESTED] {
            let deep = (0..levels).fold(Term::from(1), |term, _| Term::tuple([term]));
            let bytes = encode(&deep).unwrap().into();
            let with = |depth, elements| {
                let limits = Limits {
                    depth,
                    elements,
                    ..Limits::default()
                };
                Decoder::new(limits).decode(&bytes)
            };
            assert_eq!(with(levels, levels + 1), Ok(deep));
            let fail = |offset, fault| Err(DecodeError { offset, fault });
            let (depth, elements) = (levels - 1, levels);
            let too_deep = fail(1 + 2 * depth, Fault::TooDeep(depth));
            assert_eq!(with(depth, usize::MAX), too_deep);
            let too_many = fail(1 + 2 * levels, Fault::TooManyElements(elements));
            assert_eq!(with(levels, elements), too_many);
        }
    }

    #[test]
    fn maps_whose_keys_are_alike_are_not_taken_for_one_another() {
        let maps = [
            Term::map([(atom!("b"), 1), (atom!("a"), 2)]),
            Term::map([(atom!("b"), 3), (atom!("a"), 4)]),
            Term::map([(atom!("a"), 5), (atom!("b"), 6)]),
            Term::map([(atom!("c"), 7), (atom!("a"), 8), (atom!("b"), 9)]),
            Term::map([
                (atom!("c").into(), 7),
                (atom!("a").into(), 8),
                (Term::from(1), 9),
            ]),
            Term::map([(atom!("c"), 7), (atom!("a"), 8)]),
        ];
        let term = Term::list(maps.iter().cycle().take(20).cloned());
        let back = decode(&encode(&term).unwrap().into()).unwrap();
        assert_eq!(back, term);
        let twice = b"\x83l\0\0\0\x02t\0\0\0\x02w\x01bjw\x01ajt\0\0\0\x02w\x01bjw\x01bjj";
        let error = decode(&twice[..].into()).unwrap_err();
        assert!(matches!(error.fault, Fault::Key(_)), "{error}");
    }
}
