//! The points on the ring, in order, and a way to one in constant time for all but the unluckiest.

/// A point and the number of the node it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) place: u32,
    pub(crate) owner: u32,
}

/// Points in ascending order, no two in the same place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Points {
    points: Vec<Point>,
    /// The ring is cut into stretches of equal length, at least twice as many as there are points; this is how many
    /// points come before each, and last how many there are.
    starts: Vec<u32>,
    /// A place shifted right by so many bits is the number of its stretch.
    shift: u32,
}

impl Points {
    /// Gives `owner` those of the places that are free.
    pub(crate) fn add(&mut self, owner: u32, places: impl Iterator<Item = u32>) {
        self.points
            .extend(places.map(|place| Point { place, owner }));
        // Stable, and of several in the same place the first stays: who comes later does not get it.
        self.points.sort_by_key(|point| point.place);
        self.points.dedup_by_key(|point| point.place);
        self.measure();
    }

    /// Takes all points of `owner`; the owners that are numbered after it move up.
    pub(crate) fn remove(&mut self, owner: u32) {
        self.points.retain(|point| point.owner != owner);
        for point in &mut self.points {
            point.owner -= u32::from(point.owner > owner);
        }
        self.measure();
    }

    /// All of them, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Point> {
        self.points.iter().copied()
    }

    /// The first point at this place or after it, going round.
    #[inline]
    pub(crate) fn next(&self, place: u32) -> Option<Point> {
        self.points
            .get(self.before(place))
            .or(self.points.first())
            .copied()
    }

    /// All points from this place to the end, and all from the beginning up to it.
    pub(crate) fn split(&self, place: u32) -> (&[Point], &[Point]) {
        let (first, last) = self
            .points
            .split_at_checked(self.before(place))
            .unwrap_or_default();
        (last, first)
    }

    /// How many points come before this place.
    #[inline]
    fn before(&self, place: u32) -> usize {
        let stretch = (place >> self.shift) as usize;
        let Some(&[start, end]) = self.starts.get(stretch..stretch + 2) else {
            return 0;
        };
        let (start, end) = (start as usize, end as usize);
        let within = self.points.get(start..end).unwrap_or_default();
        start + within.partition_point(|point| point.place < place)
    }

    fn measure(&mut self) {
        let bits = (2 * self.points.len()).next_power_of_two().trailing_zeros();
        self.shift = 32 - bits.clamp(1, 31);
        let stretches = 1_u32 << (32 - self.shift);
        self.starts.clear();
        let mut before = 0;
        for stretch in 0..stretches {
            let begins = stretch << self.shift;
            let rest = self.points.get(before..).unwrap_or_default();
            before += rest.iter().take_while(|p| p.place < begins).count();
            self.starts.push(before as u32);
        }
        self.starts.push(self.points.len() as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(places: &[u32]) -> Points {
        let mut points = Points::default();
        points.add(0, places.iter().copied());
        points
    }

    #[test]
    fn the_next_point_is_at_the_place_or_after_it_or_the_first() {
        for places in [
            &[0][..],
            &[u32::MAX - 1],
            &[5, 6, 7, 8, 9, 10],
            &[0, 1 << 30, 1 << 31, (1 << 31) + 1, u32::MAX - 1],
        ] {
            let points = points(places);
            let around = places.iter().flat_map(|p| [p.saturating_sub(1), *p, p + 1]);
            for place in around.chain([0, u32::MAX]) {
                let expected = places.iter().find(|p| **p >= place).or(places.first());
                let next = points.next(place).map(|point| point.place);
                assert_eq!(next.as_ref(), expected, "{place} in {places:?}");
                let (from, to) = points.split(place);
                assert!(from.iter().all(|p| p.place >= place));
                assert!(to.iter().all(|p| p.place < place));
                assert_eq!(from.len() + to.len(), places.len());
            }
        }
        assert_eq!(Points::default().next(7), None);
    }

    #[test]
    fn who_comes_later_gets_what_is_free_and_nothing_back() {
        let mut points = points(&[1, 3]);
        points.add(1, [3, 2, 2].into_iter());
        let owners = |points: &Points| -> Vec<(u32, u32)> {
            points.points.iter().map(|p| (p.place, p.owner)).collect()
        };
        assert_eq!(owners(&points), [(1, 0), (2, 1), (3, 0)]);
        points.remove(0);
        assert_eq!(owners(&points), [(2, 0)]);
    }
}
