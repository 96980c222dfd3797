//! Tuples.

use std::ops::Deref;

use super::Terms;
use crate::Term;

/// A tuple: a slice of terms.
///
/// ```
/// use beamport_term::{Term, atom};
///
/// let Term::Tuple(tuple) = Term::from((atom!("ok"), 42)) else { unreachable!() };
/// assert!(matches!(&*tuple, [Term::Atom(tag), _] if *tag == "ok"));
/// ```
#[derive(Clone, Default)]
pub struct Tuple(pub(crate) Terms);

impl Deref for Tuple {
    type Target = [Term];

    #[inline]
    fn deref(&self) -> &[Term] {
        &self.0
    }
}

impl<T: Into<Term>> FromIterator<T> for Tuple {
    fn from_iter<I: IntoIterator<Item = T>>(terms: I) -> Self {
        Self(terms.into_iter().map(Into::into).collect())
    }
}
