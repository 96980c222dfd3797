//! What is in a term, one after the other.

use super::View;

/// The elements of a tuple or list; see [`View::elements`].
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    next: View<'a>,
    left: u32,
}

impl<'a> Parts<'a> {
    pub(super) fn new(first: View<'a>, count: u32) -> Self {
        Self {
            next: first,
            left: count,
        }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = View<'a>;

    #[inline]
    fn next(&mut self) -> Option<View<'a>> {
        self.left = self.left.checked_sub(1)?;
        let part = self.next;
        if self.left > 0 {
            self.next = part.next();
        }
        Some(part)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Parts<'_> {}

/// The keys and values of a map; see [`View::pairs`].
#[derive(Debug, Clone)]
pub struct Pairs<'a>(Parts<'a>);

impl<'a> Pairs<'a> {
    pub(super) fn new(parts: Parts<'a>) -> Self {
        Self(parts)
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (View<'a>, View<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.next()?, self.0.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let pairs = self.0.len() / 2;
        (pairs, Some(pairs))
    }
}

impl ExactSizeIterator for Pairs<'_> {}
