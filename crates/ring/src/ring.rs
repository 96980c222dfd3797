//! The ring.

use std::iter::Chain;
use std::slice;

use beamport_term::Term;

use crate::key::{self, Otp};
use crate::points::{Point, Points};
use crate::weight::Weight;

/// A consistent hash ring.
///
/// Looking up takes constant time for all but the unluckiest keys, O(log n) for those, and allocates nothing; adding
/// or removing a node takes time in proportion to all points. Clone it to change it while others look things up.
#[derive(Debug, Clone)]
pub struct Ring {
    otp: Otp,
    /// In the order in which they were added. A point has the index of its node.
    nodes: Vec<Term>,
    points: Points,
}

impl Ring {
    /// A ring without nodes.
    pub fn new(otp: Otp) -> Self {
        Self {
            otp,
            nodes: Vec::new(),
            points: Points::default(),
        }
    }

    /// Adds a node with the default weight; false where it is there already.
    pub fn add(&mut self, node: impl Into<Term>) -> bool {
        self.add_weighted(node, Weight::default())
    }

    /// Adds a node with this weight; false where it is there already, and then it keeps the weight that it has.
    pub fn add_weighted(&mut self, node: impl Into<Term>, weight: Weight) -> bool {
        let node = node.into();
        if self.nodes.contains(&node) {
            return false;
        }
        let places = (1..=weight.get())
            .map(|number| key::place_of_term(&Term::from((node.clone(), number))));
        self.points.add(self.nodes.len() as u32, places);
        self.nodes.push(node);
        true
    }

    /// Removes a node; false where it is not there.
    pub fn remove(&mut self, node: &Term) -> bool {
        let Some(index) = self.nodes.iter().position(|one| one == node) else {
            return false;
        };
        self.nodes.remove(index);
        self.points.remove(index as u32);
        true
    }

    /// The nodes, newest first.
    pub fn nodes(&self) -> impl Iterator<Item = &Term> {
        self.nodes.iter().rev()
    }

    /// All points in ascending order: their places, from 0 to 2^32 - 2, and the nodes they belong to.
    ///
    /// A key belongs to the first point at its hash or after it, going round.
    pub fn points(&self) -> impl Iterator<Item = (u32, &Term)> {
        let points = self.points.iter();
        points.filter_map(|point| Some((point.place, self.node(point)?)))
    }

    /// Which releases of OTP it agrees with.
    pub fn otp(&self) -> Otp {
        self.otp
    }

    /// The node that a key belongs to: libring's `key_to_node/2`. None where there are no nodes, or only such as came
    /// too late for every single one of their points; there libring fails.
    #[inline]
    pub fn owner(&self, key: &Term) -> Option<&Term> {
        let point = self.points.next(key::place(key, self.otp))?;
        self.node(point)
    }

    /// The nodes to keep a key at, each once: its [owner](Ring::owner) first, then as one meets them going round the
    /// ring. Where a node leaves, the next one takes its place.
    ///
    /// This is what libring's `key_to_nodes/3` is meant to be; [`libring::key_to_nodes`](crate::libring::key_to_nodes)
    /// is what it is.
    pub fn owners(&self, key: &Term) -> Owners<'_> {
        let (from_key, up_to_key) = self.points.split(key::place(key, self.otp));
        self.met_along(from_key, up_to_key)
    }

    /// Those whose points come at this place or after it, as one meets them; none of those only met by going round.
    pub(crate) fn owners_up_to_the_end(&self, place: u32) -> Owners<'_> {
        let (from_key, _) = self.points.split(place);
        self.met_along(from_key, &[])
    }

    fn met_along<'a>(&'a self, first: &'a [Point], then: &'a [Point]) -> Owners<'a> {
        Owners {
            ring: self,
            points: first.iter().chain(then),
            is_met: vec![false; self.nodes.len()],
            to_meet: self.nodes.len(),
        }
    }

    /// The node that has the first point of all.
    pub(crate) fn first(&self) -> Option<&Term> {
        self.node(self.points.next(0)?)
    }

    #[inline]
    fn node(&self, point: Point) -> Option<&Term> {
        self.nodes.get(point.owner as usize)
    }
}

/// The nodes to keep a key at: see [`Ring::owners`].
#[derive(Debug, Clone)]
pub struct Owners<'a> {
    ring: &'a Ring,
    points: Chain<slice::Iter<'a, Point>, slice::Iter<'a, Point>>,
    is_met: Vec<bool>,
    /// How many there are still to meet, so that nobody goes round in vain once all are.
    to_meet: usize,
}

impl<'a> Iterator for Owners<'a> {
    type Item = &'a Term;

    fn next(&mut self) -> Option<&'a Term> {
        if self.to_meet == 0 {
            return None;
        }
        for point in self.points.by_ref() {
            let is_met = self.is_met.get_mut(point.owner as usize)?;
            if !std::mem::replace(is_met, true) {
                self.to_meet -= 1;
                return self.ring.node(*point);
            }
        }
        None
    }
}
