//! Maps.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Terms;
use crate::{Atom, Term};

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
    order: Option<Arc<Order>>,
}

/// Positions of pairs.
enum Order {
    /// Of no more than fit, beside the count that keeps them, in one small allocation.
    Few([u8; FEW]),
    Many(Box<[u32]>),
}

/// A VM keeps no more than 32 pairs in a row either.
const FEW: usize = 32;

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
        let pairs = (0..self.len()).filter_map(|rank| self.ranked(rank));
        pairs.map(|[key, value]| (key, value))
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
        let order = sort(pairs.as_chunks().0)?;
        Ok(Self { pairs, order })
    }

    /// The same, where maps with the same keys are likely to follow one another.
    pub(crate) fn from_pairs_like(shape: &mut Shape, pairs: Terms) -> Result<Self, DuplicateKey> {
        let slots = pairs.as_chunks().0;
        let order = if shape.is_of(slots) {
            shape.order.clone()
        } else {
            let order = sort(slots)?;
            if order.is_some() {
                shape.remember(slots, &order);
            }
            order
        };
        Ok(Self { pairs, order })
    }

    /// The pair whose key is greater than so many others.
    pub(crate) fn ranked(&self, rank: usize) -> Option<&[Term; 2]> {
        let at = match &self.order {
            None => rank,
            Some(order) => match &**order {
                Order::Few(order) => usize::from(*order.get(..self.len())?.get(rank)?),
                Order::Many(order) => *order.get(rank)? as usize,
            },
        };
        self.pairs().get(at)
    }

    /// Keys and values in turn.
    pub(crate) fn parts(&self) -> &[Term] {
        &self.pairs
    }

    pub(crate) fn height(&self) -> usize {
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
            let [key, value] = self.ranked(middle)?;
            match compare(key) {
                Ordering::Equal => return Some(value),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// The keys of a map that had to be sorted, if all are atoms: maps come in numbers, and records of one kind have the same.
#[derive(Default)]
pub(crate) struct Shape {
    keys: Vec<Atom>,
    order: Option<Arc<Order>>,
}

impl Shape {
    #[inline]
    fn is_of(&self, slots: &[[Term; 2]]) -> bool {
        let same = |(held, [key, _]): (&Atom, &[Term; 2])| key.as_atom() == Some(held);
        self.keys.len() == slots.len() && self.keys.iter().zip(slots).all(same)
    }

    fn remember(&mut self, slots: &[[Term; 2]], order: &Option<Arc<Order>>) {
        self.keys.clear();
        if slots.len() <= FEW && slots.iter().all(|[key, _]| key.as_atom().is_some()) {
            let keys = slots.iter().filter_map(|[key, _]| key.as_atom());
            self.keys.extend(keys.cloned());
            self.order.clone_from(order);
        }
    }
}

/// The order of pairs by their keys, if it is another than the one they are in.
fn sort(slots: &[[Term; 2]]) -> Result<Option<Arc<Order>>, DuplicateKey> {
    let by_key = |[a, _]: &[Term; 2], [b, _]: &[Term; 2]| crate::order::exact(a, b);
    if slots.is_sorted_by(|a, b| by_key(a, b).is_lt()) {
        return Ok(None);
    }
    if slots.len() <= FEW {
        return Ok(Some(Arc::new(few(slots)?)));
    }
    let mut ranked: Vec<(u32, &[Term; 2])> = (0..).zip(slots).collect();
    ranked.sort_unstable_by(|(_, a), (_, b)| by_key(a, b));
    if !ranked.is_sorted_by(|(_, a), (_, b)| by_key(a, b).is_lt()) {
        return Err(DuplicateKey);
    }
    let order = ranked.iter().map(|(at, _)| *at).collect();
    Ok(Some(Arc::new(Order::Many(order))))
}

/// Puts each of a few pairs to its place among those before it.
fn few(slots: &[[Term; 2]]) -> Result<Order, DuplicateKey> {
    let mut order = [0; FEW];
    for (at, [key, _]) in slots.iter().enumerate() {
        let sorted = order.get(..at).unwrap_or_default();
        let place = sorted.binary_search_by(|held| match slots.get(usize::from(*held)) {
            Some([held, _]) => crate::order::exact(held, key),
            None => Ordering::Less,
        });
        let Err(place) = place else {
            return Err(DuplicateKey);
        };
        order.copy_within(place..at, place + 1);
        if let Some(slot) = order.get_mut(place) {
            *slot = at as u8;
        }
    }
    Ok(Order::Few(order))
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
    fn ranks_end_with_the_pairs() {
        for count in [2, FEW, FEW + 1] {
            let pairs = (0..count).rev().map(|key| (key, key));
            let Term::Map(map) = Term::map(pairs) else {
                panic!("pairs make a map");
            };
            let keys = map.sorted().filter_map(|(key, _)| key.as_u64());
            assert!(keys.eq(0..count as u64));
            assert_eq!(map.ranked(count), None);
        }
    }

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
