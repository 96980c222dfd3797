//! Putting together what is nested deep, in a loop.
//!
//! Finished terms wait on a stack until the term that holds them is complete, and then move into it.

use super::AtomCache;
use super::assemble::Assembler;
use super::maker::{Kind, Maker, Next, put};
use crate::wire::{DecodeError, Fault};
use crate::{Fun, List, Map, Term, Tuple};

/// Beyond this the working memory of one large term is not kept for the next.
const KEPT: usize = 4096;

/// Terms on the way.
#[derive(Default)]
pub(super) struct Stack {
    finished: Vec<Term>,
    open: Vec<Open>,
}

impl Stack {
    pub(super) fn clear(&mut self) {
        self.finished.clear();
        self.open.clear();
        self.finished.shrink_to(KEPT);
        self.open.shrink_to(KEPT);
    }
}

/// A term that is not complete.
pub(super) struct Open {
    /// How many of the finished terms are not its own.
    base: usize,
    /// How many terms it still waits for.
    owed: usize,
    /// Where it begins in the input.
    offset: usize,
    kind: Kind,
}

impl Open {
    /// A term that begins at this place of the input and waits for so many others.
    pub(super) fn new(offset: usize, owed: usize, kind: Kind) -> Self {
        Self {
            base: 0,
            owed,
            offset,
            kind,
        }
    }
}

impl<C: AtomCache + ?Sized> Assembler<'_, '_, C> {
    /// Completes a term that is itself nested in `level` others, to which so many more are `owed`; how deep it is
    /// nested.
    #[inline(never)]
    pub(super) fn deep(
        &mut self,
        place: &mut Term,
        outermost: Open,
        level: usize,
        owed: usize,
    ) -> Result<usize, DecodeError> {
        let mut owed = owed.saturating_add(outermost.owed);
        self.stack.open.push(outermost);
        loop {
            let offset = self.cursor.offset();
            let fail = |fault| DecodeError { offset, fault };
            self.allow_one().map_err(fail)?;
            owed -= 1;
            let mut term = Term::NIL;
            let mut maker = Maker {
                input: self.input,
                atoms: self.atoms,
                place: &mut term,
            };
            if let Next::Open(count, kind) = self.cursor.read(&mut maker).map_err(fail)? {
                owed = owed.saturating_add(count);
                if owed > self.cursor.rest().len() {
                    return Err(fail(Fault::Truncated));
                }
                if self.stack.continues_list(&kind, count) {
                    continue;
                }
                if level + self.stack.open.len() >= self.limits.depth {
                    return Err(fail(Fault::TooDeep(self.limits.depth)));
                }
                self.stack.open.push(Open {
                    base: self.stack.finished.len(),
                    ..Open::new(offset, count, kind)
                });
                continue;
            }
            self.stack.finished.push(term);
            if let Some(term) = self.stack.close()? {
                let height = term.height();
                put(place, term);
                return Ok(height);
            }
        }
    }
}

impl Stack {
    /// Whether a list begins where the tail of one is due; then it is the rest of that list.
    fn continues_list(&mut self, kind: &Kind, count: usize) -> bool {
        match (kind, self.open.last_mut()) {
            (Kind::List, Some(list)) if matches!(list.kind, Kind::List) && list.owed == 1 => {
                list.owed = count;
                true
            }
            _ => false,
        }
    }

    /// After a term is finished, finishes those that it completes; gives the outermost.
    fn close(&mut self) -> Result<Option<Term>, DecodeError> {
        while let Some(innermost) = self.open.last_mut() {
            innermost.owed -= 1;
            if innermost.owed > 0 {
                return Ok(None);
            }
            if let Some(complete) = self.open.pop() {
                let term = self.complete(complete)?;
                self.finished.push(term);
            }
        }
        Ok(self.finished.pop())
    }

    /// Makes a term of the finished ones that are its own.
    fn complete(&mut self, open: Open) -> Result<Term, DecodeError> {
        let Open {
            base, offset, kind, ..
        } = open;
        let fail = |fault| DecodeError { offset, fault };
        Ok(match kind {
            Kind::Tuple => self.finished.drain(base..).collect::<Tuple>().into(),
            Kind::List => List::from_parts(self.finished.drain(base..)),
            Kind::Map => Map::from_pairs(self.finished.drain(base..).collect())
                .map_err(|duplicate| fail(duplicate.into()))?
                .into(),
            Kind::Fun(closure) => Fun::new(*closure, self.finished.drain(base..)).into(),
        })
    }
}
