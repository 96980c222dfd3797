//! Maps.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Terms;
use crate::Term;

/// A map: each key once, where keys are the same when `=:=` says so.
///
/// A map keeps the order in which its pairs came, which is what [`Map::iter`] follows and what a VM that sent
/// the map would write again; two maps are equal whatever that order is. [`Map::sorted`] goes by key.
///
/// ```
/// use beamport_term::{Term, atom};
///
/// let Term::Map(map) = Term::map([(atom!("b"), 1), (atom!("a"), 2)]) else { unreachable!() };
/// assert_eq!(map.get(&atom!("a").into()), Some(&Term::from(2)));
/// assert_eq!(map.field("b"), Some(&Term::from(1)));
/// ```
#[derive(Clone, Default)]
pub struct Map {
    /// Key, value, key, value …
    pairs: Terms,
    /// The positions of the pairs in the order of their keys; none when that is the order they are in.
    ///
    /// Kept for every map, because what compares keys must not have to sort the maps that are keys: that
    /// would recurse as deep as they are nested.
    order: Option<Arc<Vec<u32>>>,
}

impl Map {
    /// How many pairs the map has.
    pub fn len(&self) -> usize {
        self.pairs.len() / 2
    }

    /// Whether this is `#{}`.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The value of a key.
    pub fn get(&self, key: &Term) -> Option<&Term> {
        self.find(|held| crate::order::exact(held, key))
    }

    /// The value of the key that is the atom of this name.
    pub fn field(&self, name: &str) -> Option<&Term> {
        self.find(|held| match held {
            Term::Atom(atom) => atom.as_str().cmp(name),
            // What sorts before and after all atoms.
            Term::Integer(_) | Term::Float(_) => Ordering::Less,
            _ => Ordering::Greater,
        })
    }

    /// The pairs in the order they came in.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Term, &Term)> + Clone {
        self.pairs().iter().map(|[key, value]| (key, value))
    }

    /// The pairs in the order of their keys, in which integers come before floats.
    pub fn sorted(&self) -> impl Iterator<Item = (&Term, &Term)> + Clone {
        (0..self.len()).filter_map(|rank| self.ranked(rank))
    }

    /// This map with a key put in, or given another value.
    #[must_use]
    pub fn with(&self, key: impl Into<Term>, value: impl Into<Term>) -> Self {
        let pairs = self.iter().map(|(key, value)| (key.clone(), value.clone()));
        pairs.chain([(key.into(), value.into())]).collect()
    }

    /// This map without a key.
    #[must_use]
    pub fn without(&self, key: &Term) -> Self {
        let kept = self.iter().filter(|(held, _)| *held != key);
        kept.map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

impl Map {
    /// The map of these pairs, key and value in turn.
    pub(crate) fn from_pairs(pairs: Terms) -> Result<Self, DuplicateKey> {
        let slots = pairs.as_chunks::<2>().0;
        let by_key = |[a, _]: &[Term; 2], [b, _]: &[Term; 2]| crate::order::exact(a, b);
        if slots.is_sorted_by(|a, b| by_key(a, b).is_lt()) {
            return Ok(Self { pairs, order: None });
        }
        let mut ranked: Vec<(u32, &[Term; 2])> = (0..).zip(slots).collect();
        ranked.sort_unstable_by(|(_, a), (_, b)| by_key(a, b));
        if !ranked.is_sorted_by(|(_, a), (_, b)| by_key(a, b).is_lt()) {
            return Err(DuplicateKey);
        }
        let order = ranked.iter().map(|(at, _)| *at).collect();
        Ok(Self {
            pairs,
            order: Some(Arc::new(order)),
        })
    }

    /// The pair whose key is greater than so many others.
    pub(crate) fn ranked(&self, rank: usize) -> Option<(&Term, &Term)> {
        let at = match &self.order {
            None => rank,
            Some(order) => *order.get(rank)? as usize,
        };
        let [key, value] = self.pairs().get(at)?;
        Some((key, value))
    }

    /// Keys and values in turn.
    pub(crate) fn parts(&self) -> &[Term] {
        &self.pairs
    }

    pub(crate) fn height(&self) -> u8 {
        self.pairs.height()
    }

    pub(crate) fn parts_mut(&mut self) -> &mut Terms {
        &mut self.pairs
    }

    fn pairs(&self) -> &[[Term; 2]] {
        self.pairs.as_chunks::<2>().0
    }

    fn find(&self, compare: impl Fn(&Term) -> Ordering) -> Option<&Term> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            let (key, value) = self.ranked(middle)?;
            match compare(key) {
                Ordering::Equal => return Some(value),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// A key that comes again replaces the value it had.
impl<K: Into<Term>, V: Into<Term>> FromIterator<(K, V)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs = pairs
            .into_iter()
            .map(|(key, value)| [key.into(), value.into()]);
        let mut pairs: Vec<[Term; 2]> = pairs.collect();
        if let Ok(map) = Self::from_pairs(pairs.iter().flatten().cloned().collect()) {
            return map;
        }
        // Stable: of equal keys, the one that came last is last.
        pairs.sort_by(|[a, _], [b, _]| crate::order::exact(a, b));
        pairs.reverse();
        pairs.dedup_by(|[a, _], [b, _]| a == b);
        pairs.reverse();
        Self {
            pairs: pairs.into_iter().flatten().collect(),
            order: None,
        }
    }
}

/// A key comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key comes twice in a map")]
pub struct DuplicateKey;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom;

    #[test]
    fn every_key_is_found_in_any_order() {
        for count in [1, 2, 3, 10, 100] {
            let map: Map = (0..count).rev().map(|n| (n, n * 10)).collect();
            for n in 0..count {
                assert_eq!(map.get(&n.into()), Some(&Term::from(n * 10)));
            }
            assert_eq!(map.get(&count.into()), None);
            assert_eq!(
                map.iter().next(),
                Some((&(count - 1).into(), &((count - 1) * 10).into()))
            );
            assert_eq!(map.sorted().next(), Some((&0.into(), &0.into())));
        }
    }

    #[test]
    fn keys_are_exact() {
        let one = Term::float(1.0).unwrap();
        let map: Map = [(Term::from(1), 1), (one.clone(), 2)].into_iter().collect();
        assert_eq!((map.len(), map.get(&one)), (2, Some(&2.into())));
    }

    #[test]
    fn the_last_of_equal_keys_stays() {
        let map: Map = [("a", 1), ("b", 2), ("a", 3)].into_iter().collect();
        assert_eq!((map.len(), map.get(&"a".into())), (2, Some(&3.into())));
        assert_eq!(map.with("b", 4).get(&"b".into()), Some(&4.into()));
        assert!(map.without(&"a".into()).get(&"a".into()).is_none());
    }

    #[test]
    fn a_field_is_found_among_keys_of_other_types() {
        let keys = [
            Term::from(1),
            atom!("name").into(),
            "name".into(),
            Term::tuple([1]),
        ];
        let map: Map = keys.into_iter().rev().zip(0..).collect();
        assert_eq!(map.field("name"), Some(&2.into()));
        assert_eq!(map.field("other"), None);
    }
}
