//! The term.

mod access;
mod construct;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use bytes::Bytes;

use crate::collection::Terms;
use crate::{
    Atom, BitString, Export, Float, Fun, Integer, List, Map, Pid, Port, Reference, Tuple, hash,
    order,
};

/// Any Erlang term.
///
/// Terms are immutable, are shared between threads and clone in constant time. However deep a term is nested,
/// nothing here recurses into it: neither dropping, comparing, hashing nor printing it.
///
/// [`Eq`] is Erlang's `=:=`: `1` and `1.0` differ. [`Ord`] is the total order that goes with it, in which
/// integers come before floats, as among the keys of a map. Erlang's `==` and `<`, for which `1` and `1.0` are
/// equal, are [`Term::compare`]. `{:?}` and `{}` print Erlang syntax.
///
/// ```
/// use beamport_term::{Term, atom};
///
/// let reply = Term::from((atom!("ok"), Term::list(["a", "b"])));
/// assert_eq!(reply.to_string(), r#"{ok,[<<"a">>,<<"b">>]}"#);
///
/// if let Some([Term::List(names)]) = reply.tagged("ok") {
///     assert_eq!(names.len(), 2);
/// }
/// ```
#[derive(Clone)]
pub enum Term {
    /// `ok`
    Atom(Atom),
    /// `42`
    Integer(Integer),
    /// `4.2`
    Float(Float),
    /// `<<"bytes">>`
    Binary(Bytes),
    /// `<<5:3>>`
    BitString(BitString),
    /// `[]`, `[1, 2]`, `[1 | 2]`, `"abc"`
    List(List),
    /// `{}`, `{ok, 1}`
    Tuple(Tuple),
    /// `#{key => value}`
    Map(Map),
    /// `<0.42.0>`
    Pid(Pid),
    /// `#Port<0.7>`
    Port(Port),
    /// `#Ref<0.1.2.3>`
    Reference(Reference),
    /// `fun (X) -> X end`
    Fun(Fun),
    /// `fun lists:map/2`
    Export(Export),
    /// A term in the private format of the VM that wrote it (`LOCAL_EXT`, OTP 26 and later): bytes that only
    /// that VM can read.
    Local(Bytes),
}

impl Term {
    /// Compares as Erlang's `<`, `==` and `>` do: numbers by what they are worth, so that `1` equals `1.0`;
    /// keys of maps exactly.
    pub fn compare(&self, other: &Self) -> Ordering {
        order::erlang(self, other)
    }

    /// How deep this term is nested: 0 if it holds no others.
    #[inline]
    pub(crate) fn height(&self) -> usize {
        match self {
            Self::List(list) => list.height(),
            Self::Tuple(tuple) => tuple.0.height(),
            Self::Map(map) => map.height(),
            Self::Fun(fun) => fun.height(),
            _ => 0,
        }
    }

    /// The terms this one holds.
    #[inline]
    pub(crate) fn parts(&self) -> &[Self] {
        match self {
            Self::List(list) => list.parts().unwrap_or_default(),
            Self::Tuple(tuple) => tuple,
            Self::Map(map) => map.parts(),
            Self::Fun(fun) => fun.free(),
            _ => &[],
        }
    }

    pub(crate) fn parts_mut(&mut self) -> Option<&mut Terms> {
        match self {
            Self::List(list) => list.parts_mut(),
            Self::Tuple(tuple) => Some(&mut tuple.0),
            Self::Map(map) => Some(map.parts_mut()),
            Self::Fun(fun) => fun.parts_mut(),
            _ => None,
        }
    }
}

/// `[]`
impl Default for Term {
    fn default() -> Self {
        Self::List(List::NIL)
    }
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        order::exact(self, other).is_eq()
    }
}

impl Eq for Term {}

impl Ord for Term {
    fn cmp(&self, other: &Self) -> Ordering {
        order::exact(self, other)
    }
}

impl PartialOrd for Term {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Term {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash::feed(self, state);
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_five_words() {
        assert_eq!(size_of::<Term>(), 40);
    }
}
