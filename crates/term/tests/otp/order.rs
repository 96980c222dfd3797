//! The order of terms.

use std::cmp::Ordering;

use beamport_term::Term;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::config;
use crate::erl::{LATIN1 as VM, Question};
use crate::terms::{any_term, comparable, identifier};

fn theirs(a: &Term, b: &Term) -> Ordering {
    let pair = Term::list([a.clone(), b.clone()]);
    match &VM.ask_about(Question::Compare, &pair)[..] {
        b"<" => Ordering::Less,
        b"=" => Ordering::Equal,
        _ => Ordering::Greater,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_two_terms_compare_alike(a in any_term(), b in any_term()) {
        prop_assert_eq!(a.compare(&b), theirs(&a, &b));
    }

    #[test]
    fn terms_that_are_close_compare_alike(a in comparable(), b in comparable()) {
        prop_assert_eq!(a.compare(&b), theirs(&a, &b));
    }

    #[test]
    fn identifiers_compare_alike(a in identifier(), b in identifier()) {
        prop_assert_eq!(a.compare(&b), theirs(&a, &b));
    }

    #[test]
    fn lists_are_sorted_alike(terms in vec(comparable(), 0..20)) {
        let sorted = VM.term(Question::Sort, &Term::list(terms.clone()));
        let mut ours = terms;
        ours.sort_by(Term::compare);
        // The VM may exchange what is equal, such as 0 and 0.0.
        prop_assert!(Term::list(ours).compare(&sorted).is_eq());
    }

    /// The order behind `Ord` is one, and agrees with `Eq`.
    #[test]
    fn equal_is_equal(a in comparable(), b in comparable()) {
        if a == b {
            prop_assert_eq!(a.compare(&b), Ordering::Equal);
        }
        prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
    }
}
