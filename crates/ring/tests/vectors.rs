//! Rings of libring 1.7.0 itself, as they were once found in a VM.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests may fail as a test may: its failure is the message"
)]

use beamport_ring::{Otp, Ring};
use beamport_term::{Atom, Term, atom};
use sha2::{Digest as _, Sha256};

fn node(number: u8) -> Term {
    Atom::new(&format!("cloister@172.26.0.{number}"))
        .unwrap()
        .into()
}

/// Five nodes of 128 points each, between 3 512 060 and 4 284 012 105.
fn ring() -> Ring {
    let mut ring = Ring::new(Otp::UpTo25);
    for number in 2..=6 {
        ring.add(node(number));
    }
    ring
}

#[test]
fn keys_have_their_known_owners() {
    let ring = ring();
    let owners = [
        (Term::from(1), 3),
        (Term::from(42), 4),
        (Term::from("user:1"), 5),
        (Term::from((atom!("myworker"), 123)), 2),
        // After the last point: it goes round to the first.
        (Term::from(553), 2),
    ];
    for (key, owner) in owners {
        assert_eq!(ring.owner(&key), Some(&node(owner)), "{key}");
    }
    let nodes: Vec<&Term> = ring.nodes().collect();
    assert_eq!(nodes, [6, 5, 4, 3, 2].map(node).each_ref());
}

#[test]
fn ten_thousand_keys_have_their_known_owners() {
    let ring = ring();
    let owners: String = (0..10_000)
        .map(|key| match ring.owner(&Term::from(key)) {
            Some(Term::Atom(owner)) => format!("{}\n", owner.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    let digest = Sha256::digest(owners.as_bytes());
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        digits,
        "deac875f32c683802c91b8d176f2155e7dfc345308bdaf0ae99245bfdb788903"
    );
}
