//! What libring does otherwise than it means to, for those who have to agree with it.

use std::num::NonZeroUsize;

use beamport_term::Term;

use crate::key;
use crate::ring::Ring;

/// `HashRing.key_to_nodes/3`, as libring 1.7 has it: at most `count` nodes for a key.
///
/// It differs from [`Ring::owners`] in two ways:
///
/// - the search does not go round: where it comes to the end of the ring, there are fewer nodes than asked for, *the
///   last one first* ([bitwalker/libring#39](https://github.com/bitwalker/libring/issues/39)), and where it began
///   after the last point, there is one;
/// - keys that are atoms are hashed as such, so that the first node need not be the key's [owner](Ring::owner).
pub fn key_to_nodes<'a>(ring: &'a Ring, key: &Term, count: NonZeroUsize) -> Vec<&'a Term> {
    let count = count.get().min(ring.nodes().count());
    let mut nodes: Vec<_> = ring
        .owners_up_to_the_end(key::place_of_term(key))
        .take(count)
        .collect();
    if nodes.is_empty() {
        nodes.extend(ring.first());
    } else if nodes.len() < count {
        nodes.reverse();
    }
    nodes
}
