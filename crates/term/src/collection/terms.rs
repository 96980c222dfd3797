//! The slice that every compound term keeps its parts in, and how a deep term is dropped.

use std::ops::Deref;
use std::sync::Arc;

use crate::Term;

/// A shared slice of terms.
#[derive(Clone, Default)]
pub(crate) struct Terms(Arc<[Term]>);

impl Deref for Terms {
    type Target = [Term];

    #[inline]
    fn deref(&self) -> &[Term] {
        &self.0
    }
}

impl FromIterator<Term> for Terms {
    #[inline]
    fn from_iter<I: IntoIterator<Item = Term>>(terms: I) -> Self {
        Self(terms.into_iter().collect())
    }
}

/// Terms may be nested as deep as their bytes go, which is deeper than the stack. What is nested more than two
/// levels deep is therefore taken out and dropped in a loop.
impl Drop for Terms {
    #[inline]
    fn drop(&mut self) {
        let Some(terms) = Arc::get_mut(&mut self.0) else {
            return;
        };
        if terms.iter().any(Term::is_nested) {
            dismantle(terms);
        }
    }
}

fn dismantle(terms: &mut [Term]) {
    let mut pending = Vec::new();
    take_nested(terms, &mut pending);
    while let Some(mut term) = pending.pop() {
        if let Some(parts) = term
            .parts_mut()
            .and_then(|terms| Arc::get_mut(&mut terms.0))
        {
            take_nested(parts, &mut pending);
        }
    }
}

fn take_nested(terms: &mut [Term], pending: &mut Vec<Term>) {
    let nested = terms.iter_mut().filter(|term| term.is_nested());
    pending.extend(nested.map(std::mem::take));
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
