//! Terms that hold others, begun and continued.

use std::fmt::{self, Write};

use super::atom;
use crate::{List, Map, Term};

/// A term that has been begun.
pub(super) struct Open<'t> {
    rest: std::slice::Iter<'t, Term>,
    kind: Kind,
    written: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    Tuple,
    List,
    /// The last part is the tail.
    Improper,
    /// Each part is a pair of an atom and its value.
    Keyword,
    /// Keys and values in turn.
    Map,
    /// The same, where all keys are written as `key:`.
    Fields,
    /// The same, without the key that names the struct.
    Struct,
}

impl<'t> Open<'t> {
    /// Writes the bracket that begins a term.
    pub(super) fn new(term: &'t Term, out: &mut impl Write) -> Result<Self, fmt::Error> {
        let kind = match term {
            Term::List(list) if list.tail().is_some() => Kind::Improper,
            Term::List(list) if is_keyword(list) => Kind::Keyword,
            Term::List(_) => Kind::List,
            Term::Map(map) => map_kind(map),
            _ => Kind::Tuple,
        };
        match (kind, struct_name(term)) {
            (Kind::Struct, Some(name)) => write!(out, "%{name}{{")?,
            (Kind::Map | Kind::Fields | Kind::Struct, _) => out.write_str("%{")?,
            (Kind::Tuple, _) => out.write_char('{')?,
            (Kind::List | Kind::Improper | Kind::Keyword, _) => out.write_char('[')?,
        }
        Ok(Self {
            rest: term.parts().iter(),
            kind,
            written: 0,
        })
    }

    /// Writes what stands before the next part, or the end.
    pub(super) fn next(&mut self, out: &mut impl Write) -> Result<Option<&'t Term>, fmt::Error> {
        let Some(part) = self.part() else {
            out.write_char(match self.kind {
                Kind::List | Kind::Improper | Kind::Keyword => ']',
                Kind::Tuple | Kind::Map | Kind::Fields | Kind::Struct => '}',
            })?;
            return Ok(None);
        };
        let at = self.written;
        self.written += 1;
        out.write_str(match self.kind {
            _ if at == 0 => "",
            Kind::Map if at % 2 == 1 => " => ",
            Kind::Improper if self.rest.len() == 0 => " | ",
            _ => ", ",
        })?;
        match (self.kind, part) {
            (Kind::Keyword, Term::Tuple(pair)) => match &pair[..] {
                [Term::Atom(key), value] => {
                    atom::key(key.as_str(), out)?;
                    Ok(Some(value))
                }
                _ => Ok(Some(part)),
            },
            (Kind::Fields | Kind::Struct, Term::Atom(key)) => {
                atom::key(key.as_str(), out)?;
                Ok(self.rest.next())
            }
            _ => Ok(Some(part)),
        }
    }

    /// The next part; of a struct, what names it is none.
    fn part(&mut self) -> Option<&'t Term> {
        let part = self.rest.next()?;
        if matches!(self.kind, Kind::Struct) && part.is_atom(STRUCT) {
            self.rest.next();
            return self.rest.next();
        }
        Some(part)
    }
}

const STRUCT: &str = "__struct__";

fn is_keyword(list: &List) -> bool {
    list.as_slice().is_some_and(|elements| {
        elements.iter().all(|element| match element {
            Term::Tuple(pair) => match &pair[..] {
                [Term::Atom(key), _] => atom::is_key(key.as_str()),
                _ => false,
            },
            _ => false,
        })
    })
}

fn map_kind(map: &Map) -> Kind {
    let is_field = |key: &Term| key.as_atom().is_some_and(|key| atom::is_key(key.as_str()));
    if !map.iter().all(|(key, _)| is_field(key)) {
        return Kind::Map;
    }
    match map.field(STRUCT).and_then(module) {
        Some(_) => Kind::Struct,
        None => Kind::Fields,
    }
}

fn struct_name(term: &Term) -> Option<&str> {
    module(term.as_map()?.field(STRUCT)?)
}

fn module(name: &Term) -> Option<&str> {
    atom::alias(name.as_atom()?.as_str())
}
