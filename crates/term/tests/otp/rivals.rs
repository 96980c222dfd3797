//! Against the crates eetf and erltf: what we write they read, and what they write of it we read as the same term,
//! but for what each of them gets wrong, which is named here.

use beamport_term::{Term, decode, encode};
use proptest::prelude::*;

use crate::config;
use crate::terms::{any_term, holds};

/// eetf 0.12.
fn eetf_is_wrong_about(term: &Term) -> bool {
    holds(term, &|part| match part {
        // A list of small integers is written as bytes, even if some are negative.
        Term::List(list) => list
            .iter()
            .any(|element| element.as_i64().is_some_and(|n| n < 0)),
        _ => false,
    })
}

/// erltf 0.16.
fn erltf_is_wrong_about(term: &Term) -> bool {
    holds(term, &|part| match part {
        // Closures and ports of the tag before V4_PORT_EXT are not decoded.
        Term::Fun(_) => true,
        Term::Port(port) => port.id < 1 << 28,
        // Maps find keys by an order that takes some lists, tuples, maps and bit strings for the same.
        Term::Map(map) => map.iter().any(|(key, _)| {
            matches!(
                key,
                Term::List(_) | Term::Tuple(_) | Term::Map(_) | Term::BitString(_)
            )
        }),
        _ => false,
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn eetf_reads_and_writes_the_same(term in any_term()) {
        prop_assume!(!eetf_is_wrong_about(&term));
        let ours = encode(&term).unwrap();
        let read = eetf::Term::decode(&ours[..]).unwrap();
        let mut theirs = Vec::new();
        read.encode(&mut theirs).unwrap();
        prop_assert_eq!(decode(&theirs.into()).unwrap(), term);
    }

    #[test]
    fn erltf_reads_and_writes_the_same(term in any_term()) {
        prop_assume!(!erltf_is_wrong_about(&term));
        let ours = encode(&term).unwrap();
        let read = erltf::decode(&ours).unwrap();
        let theirs = erltf::encode(&read).unwrap();
        prop_assert_eq!(decode(&theirs.into()).unwrap(), term);
    }
}
