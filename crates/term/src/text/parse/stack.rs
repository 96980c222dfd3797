//! Putting terms together without recursion, within limits.

use crate::{Limits, Term};

use super::ParseFault;

/// Finished terms, and the terms that have been begun and wait for them.
///
/// As in the decoder, finished terms wait on a stack until the term that holds them is complete.
pub(super) struct Stack<Kind> {
    limits: Limits,
    count: usize,
    finished: Vec<Term>,
    open: Vec<Open<Kind>>,
}

/// A term that has been begun, and how many of the finished ones are not its own.
struct Open<Kind> {
    kind: Kind,
    base: usize,
}

impl<Kind: Copy> Stack<Kind> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            count: 0,
            finished: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Counts so many terms that are about to be read.
    pub(super) fn count(&mut self, terms: usize) -> Result<(), ParseFault> {
        self.count = self.count.saturating_add(terms);
        if self.count > self.limits.elements {
            return Err(ParseFault::TooManyElements(self.limits.elements));
        }
        Ok(())
    }

    /// Begins a term that holds others.
    pub(super) fn open(&mut self, kind: Kind) -> Result<(), ParseFault> {
        if self.open.len() >= self.limits.depth {
            return Err(ParseFault::TooDeep(self.limits.depth));
        }
        let base = self.finished.len();
        self.open.push(Open { kind, base });
        Ok(())
    }

    /// What the innermost open term is, if one is open.
    pub(super) fn innermost(&mut self) -> Option<&mut Kind> {
        self.open.last_mut().map(|open| &mut open.kind)
    }

    /// Whether the innermost open term holds something already.
    pub(super) fn is_begun(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| open.base < self.finished.len())
    }

    /// Adds a finished term to the innermost open one.
    pub(super) fn push(&mut self, term: Term) {
        self.finished.push(term);
    }

    /// Ends the innermost open term; what it was, and what it holds.
    pub(super) fn close(&mut self) -> Option<(Kind, std::vec::Drain<'_, Term>)> {
        let Open { kind, base } = self.open.pop()?;
        Some((kind, self.finished.drain(base..)))
    }
}
