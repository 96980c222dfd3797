//! Against libring's algorithm in a real VM, for which `erl` must be installed (Debian: erlang-base).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of tests may fail as a test may: its failure is the message"
)]

mod histories;
mod vm;

use std::num::NonZeroUsize;

use beamport_ring::{Otp, Ring, Weight, libring};
use beamport_term::{Term, atom};
use histories::{Case, Change};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

/// How many histories are tried in a run, each with other nodes, weights and keys.
const CASES: usize = 500;

#[test]
fn every_key_has_the_owner_it_has_with_libring_after_any_history() {
    let histories = histories::any_case();
    let mut runner = TestRunner::default();
    let cases: Vec<Case> = (0..CASES)
        .map(|_| histories.new_tree(&mut runner).unwrap().current())
        .collect();
    let theirs = vm::answers(&cases);
    assert_eq!(theirs.len(), CASES);
    for (case, theirs) in cases.iter().zip(theirs) {
        assert_eq!(answer(case), theirs, "{case:?}");
    }
}

/// What the model answers.
fn answer(case: &Case) -> Term {
    let ring = play(case);
    let answers = case.keys.iter().map(|(key, count)| {
        let Some(owner) = ring.owner(key) else {
            return atom!("none").into();
        };
        let count = NonZeroUsize::new(usize::from(*count)).unwrap();
        let nodes = libring::key_to_nodes(&ring, key, count);
        Term::from((owner.clone(), Term::list(nodes.into_iter().cloned())))
    });
    Term::from((
        Term::list(ring.nodes().cloned()),
        Term::list(answers.collect::<Vec<_>>()),
    ))
}

fn play(case: &Case) -> Ring {
    let mut ring = Ring::new(case.otp);
    for change in &case.history {
        match change {
            Change::Add(node, weight) => {
                ring.add_weighted(node.clone(), Weight::try_from(*weight).unwrap())
            }
            Change::Remove(node) => ring.remove(node),
        };
    }
    ring
}

#[test]
fn owners_are_all_nodes_each_once_and_the_owner_first() {
    let histories = histories::any_case();
    let mut runner = TestRunner::default();
    for _ in 0..100 {
        let case = histories.new_tree(&mut runner).unwrap().current();
        let ring = play(&case);
        for (key, _) in &case.keys {
            let owners: Vec<&Term> = ring.owners(key).collect();
            assert_eq!(owners.first().copied(), ring.owner(key), "{case:?}");
            let mut once = owners.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), owners.len(), "{case:?}");

            // Without its owner a key belongs to the next: unless it has taken its points from others.
            let mut without = ring.clone();
            if let [first, second, ..] = owners[..]
                && without.remove(first)
                && !histories::collides(first)
            {
                assert_eq!(without.owner(key), Some(second), "{case:?}");
            }
        }
    }
}

#[test]
fn the_default_weight_is_libring_s() {
    let case = |history| Case {
        otp: Otp::UpTo25,
        history,
        keys: (0..100).map(|n| (Term::from(n), 3)).collect(),
    };
    let nodes = [atom!("a@h"), atom!("b@h"), atom!("c@h")].map(Term::from);
    let weighted = case(nodes.iter().map(|n| Change::Add(n.clone(), 128)).collect());
    let mut ring = Ring::new(Otp::UpTo25);
    for node in nodes {
        ring.add(node);
    }
    let with_weights = play(&weighted);
    for (key, _) in &weighted.keys {
        assert_eq!(ring.owner(key), with_weights.owner(key));
    }
}
