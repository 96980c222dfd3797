//! Lists: proper, improper, and the strings that are lists of bytes.

use std::borrow::Cow;

use bytes::Bytes;

use super::Terms;
use crate::Term;

/// A list.
///
/// A proper list of integers from 0 to 255, as most strings are, takes a byte an element and shares the buffer
/// it was decoded from; every other list takes a [`Term`] an element. Which of the two a list is follows from
/// its value alone. [`List::iter`] hides the difference; [`List::as_bytes`] and [`List::as_slice`] use it.
///
/// ```
/// use beamport_term::Term;
///
/// let Term::List(list) = Term::list([1, 2, 3]) else { unreachable!() };
/// assert_eq!(list.len(), 3);
/// assert_eq!(list.iter().filter_map(|term| term.as_i64()).sum::<i64>(), 6);
/// ```
#[derive(Clone, Default)]
pub struct List(Repr);

#[derive(Clone, Default)]
enum Repr {
    #[default]
    Nil,
    /// A proper list of bytes, not empty.
    Bytes(Bytes),
    /// Any other list, not empty.
    Proper(Terms),
    /// Two or more terms, of which the last is the tail and no list.
    Improper(Terms),
}

impl List {
    /// The empty list.
    pub const NIL: Self = Self(Repr::Nil);

    /// The list of these bytes, a Latin-1 string.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self(if bytes.is_empty() {
            Repr::Nil
        } else {
            Repr::Bytes(bytes)
        })
    }

    /// How many elements the list has; the tail of an improper list is none.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Nil => 0,
            Repr::Bytes(bytes) => bytes.len(),
            Repr::Proper(terms) => terms.len(),
            Repr::Improper(terms) => terms.len().saturating_sub(1),
        }
    }

    /// Whether this is `[]`.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Repr::Nil)
    }

    /// What comes after the elements of an improper list; none of a proper one.
    pub fn tail(&self) -> Option<&Term> {
        match &self.0 {
            Repr::Improper(terms) => terms.last(),
            _ => None,
        }
    }

    /// The elements, if all are bytes and the list is proper; `[]` is no bytes.
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The elements; none if they are held as [bytes](List::as_bytes).
    pub fn as_slice(&self) -> Option<&[Term]> {
        match &self.0 {
            Repr::Nil => Some(&[]),
            Repr::Bytes(_) => None,
            Repr::Proper(terms) => Some(terms),
            Repr::Improper(terms) => terms.split_last().map(|(_, elements)| elements),
        }
    }

    /// The elements from first to last, without the tail of an improper list.
    pub fn iter(&self) -> ListIter<'_> {
        ListIter(match (self.as_bytes(), self.as_slice()) {
            (Some(bytes), _) => Inner::Bytes(bytes.iter()),
            (None, slice) => Inner::Terms(slice.unwrap_or_default().iter()),
        })
    }

    /// The text of a string: a proper list whose elements all are Unicode characters.
    pub fn to_text(&self) -> Option<String> {
        if self.tail().is_some() {
            return None;
        }
        let character = |term: Cow<'_, Term>| char::from_u32(term.as_i64()?.try_into().ok()?);
        self.iter().map(character).collect()
    }

    /// Elements and tail, in one slice; none if they are held as bytes.
    pub(crate) fn parts(&self) -> Option<&[Term]> {
        match &self.0 {
            Repr::Nil => Some(&[]),
            Repr::Bytes(_) => None,
            Repr::Proper(terms) | Repr::Improper(terms) => Some(terms),
        }
    }

    #[inline]
    pub(crate) fn height(&self) -> usize {
        match &self.0 {
            Repr::Nil | Repr::Bytes(_) => 0,
            Repr::Proper(terms) | Repr::Improper(terms) => terms.height(),
        }
    }

    pub(crate) fn parts_mut(&mut self) -> Option<&mut Terms> {
        match &mut self.0 {
            Repr::Nil | Repr::Bytes(_) => None,
            Repr::Proper(terms) | Repr::Improper(terms) => Some(terms),
        }
    }

    /// The list of elements and tail, the tail last.
    ///
    /// A tail that is a list continues it, and one that is all there is stands for itself, as `[|T]` would if
    /// it could be written.
    pub(crate) fn from_parts<I>(parts: I) -> Term
    where
        I: DoubleEndedIterator<Item = Term> + ExactSizeIterator,
    {
        let mut parts = parts;
        match parts.next_back() {
            None => Term::default(),
            Some(Term::List(tail)) => {
                let rest: Vec<Term> = tail.iter().map(Cow::into_owned).collect();
                match tail.tail() {
                    None => parts.chain(rest).collect::<Self>().into(),
                    Some(end) => Self(Repr::Improper(
                        parts.chain(rest).chain([end.clone()]).collect(),
                    ))
                    .into(),
                }
            }
            Some(tail) if parts.len() == 0 => tail,
            Some(tail) => Self(Repr::Improper(parts.chain([tail]).collect())).into(),
        }
    }
}

impl List {
    /// The list of these elements and a tail, as [`from_parts`](Self::from_parts) has it.
    pub(crate) fn with_tail(elements: Terms, tail: Term) -> Term {
        match tail {
            Term::List(tail) if tail.is_empty() => Self::from_terms(elements).into(),
            Term::List(_) => {
                let parts: Vec<Term> = elements.iter().cloned().chain([tail]).collect();
                Self::from_parts(parts.into_iter())
            }
            tail if elements.is_empty() => tail,
            tail => Self(Repr::Improper(elements.followed_by(tail))).into(),
        }
    }
}

impl<T: Into<Term>> FromIterator<T> for List {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self::from_terms(elements.into_iter().map(Into::into).collect())
    }
}

impl List {
    /// The proper list of these elements.
    pub(crate) fn from_terms(terms: Terms) -> Self {
        if terms.is_empty() {
            return Self::NIL;
        }
        if terms.iter().all(|term| as_byte(term).is_some()) {
            return Self::from_bytes(terms.iter().filter_map(as_byte).collect::<Vec<u8>>());
        }
        Self(Repr::Proper(terms))
    }
}

fn as_byte(term: &Term) -> Option<u8> {
    term.as_i64()?.try_into().ok()
}

impl<'a> IntoIterator for &'a List {
    type Item = Cow<'a, Term>;
    type IntoIter = ListIter<'a>;

    fn into_iter(self) -> ListIter<'a> {
        self.iter()
    }
}

/// The elements of a [`List`]: borrowed, or made from the bytes that the list is held as.
#[derive(Clone)]
pub struct ListIter<'a>(Inner<'a>);

#[derive(Clone)]
enum Inner<'a> {
    Bytes(std::slice::Iter<'a, u8>),
    Terms(std::slice::Iter<'a, Term>),
}

impl<'a> Iterator for ListIter<'a> {
    type Item = Cow<'a, Term>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Bytes(bytes) => bytes.next().map(|byte| Cow::Owned(Term::from(*byte))),
            Inner::Terms(terms) => terms.next().map(Cow::Borrowed),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Inner::Bytes(bytes) => bytes.size_hint(),
            Inner::Terms(terms) => terms.size_hint(),
        }
    }
}

impl ExactSizeIterator for ListIter<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom;

    fn list(term: Term) -> List {
        match term {
            Term::List(list) => list,
            other => panic!("{other} is no list"),
        }
    }

    #[test]
    fn bytes_are_held_as_bytes_wherever_they_come_from() {
        let string = List::from_bytes("abc");
        let listed: List = [97, 98, 99].into_iter().collect();
        assert_eq!(listed.as_bytes(), string.as_bytes());
        assert_eq!(string.to_text().as_deref(), Some("abc"));
        let wide: List = [97, 256].into_iter().collect();
        assert!(wide.as_bytes().is_none());
        assert_eq!(wide.to_text().as_deref(), Some("a\u{100}"));
    }

    #[test]
    fn a_tail_that_is_a_list_continues_it() {
        let joined = Term::improper_list([Term::from(1)], Term::list([2, 3]));
        assert_eq!(joined, Term::list([1, 2, 3]));
        let tail = Term::improper_list([Term::from(2)], atom!("end"));
        let joined = list(Term::improper_list([Term::from(1)], tail));
        assert_eq!(
            (joined.len(), joined.tail()),
            (2, Some(&atom!("end").into()))
        );
        assert_eq!(Term::improper_list([], 5), Term::from(5));
    }
}
