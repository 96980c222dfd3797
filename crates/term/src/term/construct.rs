//! Putting terms together.

use bytes::Bytes;

use crate::{
    Atom, BitString, Export, Float, Fun, Integer, List, Map, NotFinite, Pid, Port, Reference, Term,
    Tuple,
};

impl Term {
    /// `[]`
    pub const NIL: Self = Self::List(List::NIL);

    /// A tuple of elements of one type; for a mixed one, `Term::from((a, b))`.
    pub fn tuple<T: Into<Self>>(elements: impl IntoIterator<Item = T>) -> Self {
        Self::Tuple(elements.into_iter().collect())
    }

    /// A proper list.
    pub fn list<T: Into<Self>>(elements: impl IntoIterator<Item = T>) -> Self {
        Self::List(elements.into_iter().collect())
    }

    /// A list with a tail, `[A, B | Tail]`; a tail that is a list continues it.
    pub fn improper_list(elements: impl IntoIterator<Item = Self>, tail: impl Into<Self>) -> Self {
        let mut parts: Vec<Self> = elements.into_iter().collect();
        parts.push(tail.into());
        List::from_parts(parts.into_iter())
    }

    /// A map; of keys that come again, the last value stays.
    pub fn map<K: Into<Self>, V: Into<Self>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Map(pairs.into_iter().collect())
    }

    /// A binary.
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::Binary(bytes.into())
    }

    /// A string as Erlang has it: the list of the text's characters.
    ///
    /// A Rust string becomes a binary where nothing else is asked for, as strings are in Elixir.
    pub fn charlist(text: &str) -> Self {
        Self::list(text.chars().map(u32::from))
    }

    /// A float, which is finite.
    pub fn float(value: f64) -> Result<Self, NotFinite> {
        Float::new(value).map(Self::Float)
    }
}

macro_rules! from_wrapped {
    ($($kind:ident),*) => {$(
        impl From<$kind> for Term {
            #[inline]
            fn from(value: $kind) -> Self {
                Self::$kind(value)
            }
        }
    )*};
}

from_wrapped!(
    Atom, BitString, Export, Float, Fun, Integer, List, Map, Pid, Port, Reference, Tuple
);

macro_rules! from_integers {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Term {
            #[inline]
            fn from(value: $kind) -> Self {
                Self::Integer(value.into())
            }
        }
    )*};
}

from_integers!(
    u8, i8, u16, i16, u32, i32, u64, i64, usize, isize, u128, i128
);

/// `true` or `false`
impl From<bool> for Term {
    fn from(value: bool) -> Self {
        Self::Atom(value.into())
    }
}

/// A binary.
impl From<&str> for Term {
    fn from(text: &str) -> Self {
        Self::Binary(Bytes::copy_from_slice(text.as_bytes()))
    }
}

/// A binary.
impl From<String> for Term {
    fn from(text: String) -> Self {
        Self::Binary(text.into())
    }
}

/// A binary.
impl From<Bytes> for Term {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl TryFrom<f64> for Term {
    type Error = NotFinite;

    fn try_from(value: f64) -> Result<Self, NotFinite> {
        Self::float(value)
    }
}

macro_rules! from_tuples {
    ($($($name:ident)+;)*) => {$(
        impl<$($name: Into<Term>),+> From<($($name,)+)> for Term {
            #[allow(non_snake_case, reason = "each element is named after its type")]
            fn from(($($name,)+): ($($name,)+)) -> Self {
                Self::tuple::<Self>([$($name.into()),+])
            }
        }
    )*};
}

from_tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}
