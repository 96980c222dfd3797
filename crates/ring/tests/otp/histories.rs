//! What rings go through, and what they are asked then.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use beamport_ring::Otp;
use beamport_term::{Atom, Term};
use proptest::prelude::*;

/// A history, and keys with how many nodes are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) otp: Otp,
    pub(crate) history: Vec<Change>,
    pub(crate) keys: Vec<(Term, u8)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Change {
    Add(Term, u32),
    Remove(Term),
}

/// Two nodes that have a point in the same place, and a key that belongs to whoever has that point.
#[derive(Debug, Clone, Copy)]
struct Collision {
    nodes: [u32; 2],
    key: u32,
}

/// The collisions among nodes that are numbers: with 128 points each, of 3000 such nodes some meet.
static COLLISIONS: LazyLock<Vec<Collision>> = LazyLock::new(|| {
    let place = |term: Term| term.phash2_range((1 << 32) - 1);
    let keys: BTreeMap<_, u32> = (0..500_000)
        .map(|key| (place(Term::from(key)), key))
        .collect();
    let mut first = HashMap::new();
    let mut collisions = Vec::new();
    for node in 0..3000_u32 {
        for number in 1..=128_u32 {
            let place = place(Term::from((node, number)));
            if let Some(other) = first.insert(place, node)
                && other != node
                // The last key before the point: hardly ever is another point between them.
                && let Some((_, key)) = keys.range(..=place).next_back()
            {
                collisions.push(Collision {
                    nodes: [other, node],
                    key: *key,
                });
            }
        }
    }
    assert!(!collisions.is_empty());
    collisions
});

/// Whether a node is one of those that have a point where another has one.
pub(crate) fn collides(node: &Term) -> bool {
    let mut nodes = COLLISIONS.iter().flat_map(|collision| collision.nodes);
    nodes.any(|number| Term::from(number) == *node)
}

pub(crate) fn any_case() -> impl Strategy<Value = Case> {
    prop::sample::select(COLLISIONS.as_slice()).prop_flat_map(|collision| {
        let otp = prop_oneof![Just(Otp::UpTo25), Just(Otp::From26)];
        let changes = prop::collection::vec(change(collision), 0..20);
        let keys = prop::collection::vec((key(), 1..6_u8), 30);
        (otp, changes, keys).prop_map(move |(otp, history, mut keys)| {
            keys.push((collision.key.into(), 2));
            Case { otp, history, keys }
        })
    })
}

/// Of few nodes, so that they are added again and removed.
fn change(collision: Collision) -> impl Strategy<Value = Change> {
    let weight = prop_oneof![4 => Just(128_u32), 2 => 1..4_u32, 1 => 1..300_u32];
    prop_oneof![
        3 => (node(collision), weight).prop_map(|(node, weight)| Change::Add(node, weight)),
        1 => node(collision).prop_map(Change::Remove),
    ]
}

fn node(collision: Collision) -> impl Strategy<Value = Term> {
    prop_oneof![
        4 => (1..6_u8).prop_map(|n| atom(&format!("app@10.0.0.{n}"))),
        1 => (1..4_u8).prop_map(|n| Term::from(format!("node {n}"))),
        2 => prop::sample::select(collision.nodes.to_vec()).prop_map(Term::from),
    ]
}

fn key() -> impl Strategy<Value = Term> {
    prop_oneof![
        any::<i64>().prop_map(Term::from),
        any::<i16>().prop_map(Term::from),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Term::binary),
        "[a-zé日]{0,20}".prop_map(|name| atom(&name)),
        ("[a-z]{1,8}", any::<u32>()).prop_map(|(name, id)| Term::from((atom(&name), id))),
        prop::collection::vec(any::<u16>(), 0..5).prop_map(Term::list),
    ]
}

fn atom(name: &str) -> Term {
    Atom::new(name).unwrap().into()
}
