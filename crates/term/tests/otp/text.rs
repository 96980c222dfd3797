//! Printing.

use beamport_term::{Erlang, Term, decode};
use proptest::prelude::*;

use crate::config;
use crate::erl::{LATIN1, Question, UNICODE};
use crate::terms::{any_term, expressible, holds};

/// We print as OTP 25 to 27 do. Before, large floats had no exponent, and -0.0 had no sign; after, bytes that are text
/// in Latin-1 and not in UTF-8 are numbers.
fn is_printed_alike(term: &Term) -> bool {
    let differs = |part: &Term| match (LATIN1.release(), part) {
        (..25, Term::Float(_)) => true,
        (28.., Term::Binary(bytes)) => !bytes.is_ascii(),
        _ => false,
    };
    !holds(term, &differs)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn written_terms_are_the_same(term in expressible()) {
        if !is_printed_alike(&term) {
            return Ok(());
        }
        let term = LATIN1.term(Question::Encode, &term);
        prop_assert_eq!(Erlang::WRITTEN.of(&term).to_string(), LATIN1.text(Question::Written, &term));
    }

    #[test]
    fn lines_are_the_same(term in expressible()) {
        if !is_printed_alike(&term) {
            return Ok(());
        }
        // From OTP 26 on, each VM has an order of its own for maps with atoms as keys.
        let term = UNICODE.term(Question::Encode, &term);
        prop_assert_eq!(Erlang::LINE.of(&term).to_string(), UNICODE.text(Question::Line, &term));
        let term = LATIN1.term(Question::Encode, &term);
        prop_assert_eq!(Erlang::LINE.latin1().of(&term).to_string(), LATIN1.text(Question::Line, &term));
    }

    #[test]
    fn broken_lines_are_the_same(term in expressible()) {
        if !is_printed_alike(&term) {
            return Ok(());
        }
        let term = LATIN1.term(Question::Encode, &term);
        prop_assert_eq!(Erlang::PRETTY.latin1().of(&term).to_string(), LATIN1.text(Question::Pretty, &term));
        prop_assert_eq!(
            Erlang::PRETTY.latin1().width(30).of(&term).to_string(),
            LATIN1.text(Question::Narrow, &term)
        );
    }

    #[test]
    fn what_is_printed_is_read(term in expressible()) {
        for text in [
            Erlang::WRITTEN.of(&term).to_string(),
            Erlang::LINE.of(&term).to_string(),
            Erlang::PRETTY.of(&term).to_string(),
            UNICODE.text(Question::Written, &term),
            UNICODE.text(Question::Pretty, &term),
        ] {
            prop_assert_eq!(&text.parse::<Term>().unwrap(), &term);
        }
    }

    /// Closed under our printing: the VM reads it too.
    #[test]
    fn what_is_printed_is_read_by_the_vm(term in expressible()) {
        let text = Erlang::PRETTY.of(&term).to_string();
        let theirs = UNICODE.ask(Question::Parse, text.as_bytes()).unwrap();
        prop_assert_eq!(&decode(&theirs.into()).unwrap(), &term);
    }

    #[test]
    fn floats_are_the_same(value in any::<f64>(), whole in 0..1_u64 << 54, scale in 0..12_u32) {
        let small = whole as f64 / f64::from(2_u32.pow(scale));
        for float in [value, small].into_iter().filter(|float| float.is_finite()) {
            let term = Term::float(float).unwrap();
            if !is_printed_alike(&term) {
                return Ok(());
            }
            prop_assert_eq!(term.to_string(), LATIN1.text(Question::Written, &term));
        }
    }

    /// What has no syntax is at least printed.
    #[test]
    fn every_term_is_printed(term in any_term()) {
        prop_assert!(!term.to_string().is_empty());
    }
}

#[test]
fn identifiers_are_printed_as_their_node_prints_them() {
    let node = beamport_term::Atom::new("nonode@nohost").unwrap();
    let term: Term = beamport_term::Pid {
        node: node.clone(),
        id: 5,
        serial: 0,
        creation: 0,
    }
    .into();
    let style = Erlang::WRITTEN.at(node);
    assert_eq!(
        style.of(&term).to_string(),
        LATIN1.text(Question::Written, &term)
    );
}
