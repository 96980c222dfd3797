//! Hashes of terms: OTP's `phash2`, and [`std::hash::Hash`].

mod phash2;

use std::hash::{Hash, Hasher};

use crate::Term;

impl Term {
    /// `erlang:phash2(Term)`: a number below 2^27, the same in every VM and release.
    ///
    /// What a [`Term::Local`] would be there only its VM knows; here it hashes as the binary of its bytes.
    ///
    /// ```
    /// use beamport_term::{Term, atom};
    /// assert_eq!(Term::from(atom!("foo")).phash2(), 27_999);
    /// ```
    pub fn phash2(&self) -> u32 {
        phash2::hash(self) & ((1 << 27) - 1)
    }

    /// `erlang:phash2(Term, Range)`: a number below `range`, which is 1 to 2^32; none outside it.
    pub fn phash2_range(&self, range: u64) -> Option<u32> {
        if !(1..=1 << 32).contains(&range) {
            return None;
        }
        (u64::from(phash2::hash(self)) % range).try_into().ok()
    }

    /// `erlang:phash2(Term, 1 bsl 32)`: all 32 bits of the hash.
    #[inline]
    pub fn phash2_wide(&self) -> u32 {
        phash2::hash(self)
    }
}

/// [`Term::phash2_wide`] of the binary of these bytes, without there being a term.
pub fn phash2_of_binary(bytes: &[u8]) -> u32 {
    phash2::hash_bytes(bytes, 0)
}

/// Feeds a term and all it holds to a hasher, so that terms that are `=:=` feed the same.
///
/// `phash2` would do for that and take less code, but it has 32 bits and no key: who chooses the terms could
/// choose them to collide.
pub(crate) fn feed<H: Hasher>(term: &Term, state: &mut H) {
    let mut pending = vec![term];
    while let Some(term) = pending.pop() {
        std::mem::discriminant(term).hash(state);
        match term {
            Term::Atom(atom) => atom.hash(state),
            Term::Integer(integer) => integer.hash(state),
            Term::Float(float) => float.hash(state),
            Term::Binary(bytes) | Term::Local(bytes) => bytes.hash(state),
            Term::BitString(bits) => bits.hash(state),
            Term::Pid(pid) => pid.hash(state),
            Term::Port(port) => port.hash(state),
            Term::Reference(reference) => reference.hash(state),
            Term::Export(export) => export.hash(state),
            Term::List(list) => {
                (list.len(), list.tail().is_some()).hash(state);
                list.as_bytes().hash(state);
                pending.extend(list.parts().unwrap_or_default());
            }
            Term::Tuple(tuple) => {
                tuple.len().hash(state);
                pending.extend(&tuple[..]);
            }
            Term::Map(map) => {
                map.len().hash(state);
                pending.extend(map.sorted().flat_map(|(key, value)| [key, value]));
            }
            Term::Fun(fun) => {
                let closure = fun.closure();
                (&closure.module, closure.index, closure.old_uniq).hash(state);
                pending.extend(fun.free());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(term: &Term) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        term.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn equal_terms_have_equal_hashes() {
        let forth = Term::map([(1, 2), (3, 4)]);
        let back = Term::map([(3, 4), (1, 2)]);
        assert_eq!(hash(&forth), hash(&back));
        assert_ne!(hash(&forth), hash(&Term::map([(1, 4), (3, 2)])));
        assert_ne!(hash(&Term::from(1)), hash(&Term::float(1.0).unwrap()));
    }

    #[test]
    fn the_range_is_that_of_the_function() {
        let term = Term::from(1);
        assert_eq!(term.phash2_range(0), None);
        assert_eq!(term.phash2_range(1), Some(0));
        assert!(term.phash2_range(1 << 32).is_some());
        assert_eq!(term.phash2_range((1 << 32) + 1), None);
    }
}
