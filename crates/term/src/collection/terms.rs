//! The slice that every compound term keeps its parts in, and how a deep term is dropped.

use std::ops::Deref;
use std::sync::Arc;

use crate::Term;

/// A shared slice of terms.
#[derive(Clone, Default)]
pub(crate) struct Terms {
    terms: Arc<[Term]>,
    /// How deep the terms are nested, one more than the deepest of them. A word, as padding would be moved too.
    height: usize,
}

impl Deref for Terms {
    type Target = [Term];

    #[inline]
    fn deref(&self) -> &[Term] {
        &self.terms
    }
}

impl FromIterator<Term> for Terms {
    #[inline]
    fn from_iter<I: IntoIterator<Item = Term>>(terms: I) -> Self {
        let terms: Arc<[Term]> = terms.into_iter().collect();
        let highest = terms.iter().map(Term::height).max().unwrap_or(0);
        Self::above(highest, terms)
    }
}

impl Terms {
    /// Terms of which the deepest is nested so deep.
    #[inline]
    pub(crate) fn above(highest: usize, terms: Arc<[Term]>) -> Self {
        Self {
            terms,
            height: highest + 1,
        }
    }

    /// These terms and one more.
    pub(crate) fn followed_by(mut self, last: Term) -> Self {
        match Arc::get_mut(&mut self.terms) {
            Some(terms) => terms.iter_mut().map(std::mem::take).chain([last]).collect(),
            None => self.iter().cloned().chain([last]).collect(),
        }
    }

    /// How deep a term with these parts is nested.
    #[inline]
    pub(crate) fn height(&self) -> usize {
        self.height
    }
}

/// What is nested no deeper than this is dropped as Rust drops it, part by part and from within: it takes as many
/// frames of the stack.
const SHALLOW: usize = 64;

/// Terms may be nested as deep as their bytes go, which is deeper than the stack. Those that are not shallow are
/// taken apart in a loop.
impl Drop for Terms {
    #[inline]
    fn drop(&mut self) {
        if self.height > SHALLOW
            && let Some(terms) = Arc::get_mut(&mut self.terms)
        {
            dismantle(terms);
        }
    }
}

fn dismantle(terms: &mut [Term]) {
    let mut pending = Vec::new();
    take_deep(terms, &mut pending);
    while let Some(mut term) = pending.pop() {
        if let Some(parts) = term
            .parts_mut()
            .and_then(|parts| Arc::get_mut(&mut parts.terms))
        {
            take_deep(parts, &mut pending);
        }
    }
}

fn take_deep(terms: &mut [Term], pending: &mut Vec<Term>) {
    let deep = terms.iter_mut().filter(|term| term.height() >= SHALLOW);
    pending.extend(deep.map(std::mem::take));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom;

    #[test]
    fn deep_terms_of_every_kind_are_dropped_without_recursion() {
        let wrap: [fn(Term) -> Term; 4] = [
            |term| Term::tuple([term]),
            |term| Term::list([term]),
            |term| Term::map([(Term::from(1), term)]),
            |term| Term::map([(term, Term::from(1))]),
        ];
        for wrap in wrap {
            let mut term = Term::from(atom!("bottom"));
            for _ in 0..300_000 {
                term = wrap(term);
            }
            drop(term.clone());
            drop(term);
        }
    }

    #[test]
    fn what_is_shared_survives() {
        let inner = Term::tuple([Term::tuple([Term::tuple([Term::from(1)])])]);
        let outer = Term::tuple([inner.clone()]);
        drop(outer);
        assert_eq!(
            inner,
            Term::tuple([Term::tuple([Term::tuple([Term::from(1)])])])
        );
    }
}
