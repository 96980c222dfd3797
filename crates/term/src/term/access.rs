//! Taking terms apart.

use bytes::Bytes;

use crate::{Atom, Float, Integer, List, Map, Pid, Port, Reference, Term, Tuple};

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident: $variant:ident($kind:ty);)*) => {
        impl Term {$(
            $(#[$doc])*
            pub fn $name(&self) -> Option<&$kind> {
                match self {
                    Self::$variant(value) => Some(value),
                    _ => None,
                }
            }
        )*}
    };
}

accessors! {
    /// The atom, if this is one.
    as_atom: Atom(Atom);
    /// The integer, if this is one.
    as_integer: Integer(Integer);
    /// The bytes, if this is a binary.
    as_binary: Binary(Bytes);
    /// The list, if this is one.
    as_list: List(List);
    /// The tuple, if this is one.
    as_tuple: Tuple(Tuple);
    /// The map, if this is one.
    as_map: Map(Map);
    /// The pid, if this is one.
    as_pid: Pid(Pid);
    /// The port, if this is one.
    as_port: Port(Port);
    /// The reference, if this is one.
    as_reference: Reference(Reference);
}

impl Term {
    /// The integer, if this is one and an `i64` holds it.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_integer()?.as_i64()
    }

    /// The integer, if this is one and it fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_integer()?.try_into().ok()
    }

    /// The float, if this is one; an integer is none.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(float) => Some(Float::get(*float)),
            _ => None,
        }
    }

    /// `true` or `false`, if this is one of the two atoms.
    pub fn as_bool(&self) -> Option<bool> {
        match self.as_atom()?.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The text, if this is a binary in UTF-8, as Elixir's strings are.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.as_binary()?).ok()
    }

    /// The text of a binary in UTF-8, of a string (a list of characters) or of an atom.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Atom(atom) => Some(atom.as_str().to_owned()),
            Self::List(list) => list.to_text(),
            _ => self.as_str().map(str::to_owned),
        }
    }

    /// Whether this is the atom of this name.
    pub fn is_atom(&self, name: &str) -> bool {
        self.as_atom().is_some_and(|atom| *atom == *name)
    }

    /// Whether this is `[]`.
    pub fn is_nil(&self) -> bool {
        self.as_list().is_some_and(List::is_empty)
    }

    /// The elements of a tuple after its first, if that is the atom of this name: `[Value]` of `{ok, Value}`.
    pub fn tagged(&self, tag: &str) -> Option<&[Self]> {
        let (first, rest) = self.as_tuple()?.split_first()?;
        first.is_atom(tag).then_some(rest)
    }

    /// The value of a key in a map or in a list of pairs, a property list.
    ///
    /// In a property list an atom alone stands for itself and `true`, and the first of equal keys counts.
    pub fn lookup(&self, name: &str) -> Option<Self> {
        match self {
            Self::Map(map) => map.field(name).cloned(),
            Self::List(list) => list.iter().find_map(|entry| match &*entry {
                Self::Atom(atom) if *atom == *name => Some(Self::from(true)),
                Self::Tuple(pair) => match &**pair {
                    [key, value] if key.is_atom(name) => Some(value.clone()),
                    _ => None,
                },
                _ => None,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom;

    #[test]
    fn a_key_is_looked_up_in_maps_and_property_lists() {
        let pairs = [(atom!("port"), 1), (atom!("port"), 2)];
        let list = Term::list(pairs.iter().cloned().map(Term::from));
        assert_eq!(list.lookup("port"), Some(1.into()));
        assert_eq!(Term::map(pairs).lookup("port"), Some(2.into()));
        assert_eq!(
            Term::list([atom!("inet6")]).lookup("inet6"),
            Some(true.into())
        );
        assert_eq!(list.lookup("other"), None);
    }

    #[test]
    fn tagged_tuples_open_by_their_tag() {
        let term = Term::from((atom!("error"), "why", 3));
        assert_eq!(term.tagged("error").map(<[Term]>::len), Some(2));
        assert_eq!(term.tagged("ok"), None);
        assert_eq!(Term::tuple::<Term>([]).tagged("ok"), None);
    }
}
