//! `phash2`.

use proptest::prelude::*;

use beamport_term::Term;

use crate::config;
use crate::erl::{LATIN1 as VM, Question};
use crate::terms::{any_term, identifier};

fn check(term: &Term) {
    let theirs = VM.ask_about(Question::Hash, term);
    let ours = [
        term.phash2().to_be_bytes(),
        term.phash2_range(1 << 32).unwrap().to_be_bytes(),
    ];
    assert_eq!(ours.concat(), theirs, "{term}");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_term_has_the_same_hash(term in any_term()) {
        check(&term);
    }

    #[test]
    fn identifiers_have_the_same_hash(term in identifier()) {
        check(&term);
    }

    #[test]
    fn bytes_of_any_length_have_the_same_hash(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        check(&Term::binary(bytes.clone()));
        check(&Term::from((bytes.len(), Term::binary(bytes.clone()))));
        check(&Term::list(bytes));
    }
}

#[test]
fn large_maps_have_the_same_hash() {
    check(&Term::map((0..1000).map(|n| (Term::list([n]), n))));
}

#[test]
fn zeros_have_one_hash() {
    let zero = |sign: f64| Term::float(0.0_f64.copysign(sign)).unwrap();
    assert_eq!(zero(1.0).phash2(), zero(-1.0).phash2());
    check(&zero(-1.0));
}
