//! From terms to data.

use std::borrow::Cow;
use std::fmt::{self, Write};

use serde::de::value::{BorrowedStrDeserializer, StringDeserializer};
use serde::de::{self, IntoDeserializer, Unexpected, Visitor};

use super::access::{Elements, Pairs, Variant};
use super::{MAX_DEPTH, ModelError, passage};
use crate::{List, Term, encode};

/// Makes data of a term; [`from_term`](super::from_term) is this.
#[derive(Clone)]
pub struct Deserializer<'de> {
    term: Cow<'de, Term>,
    depth: usize,
}

impl<'de> Deserializer<'de> {
    /// For the data in a term.
    pub fn new(term: &'de Term) -> Self {
        Self {
            term: Cow::Borrowed(term),
            depth: 0,
        }
    }

    /// For what is inside a term.
    pub(super) fn inside(&self, term: Cow<'de, Term>) -> Result<Self, ModelError> {
        if self.depth >= MAX_DEPTH {
            return Err(ModelError::TooDeep);
        }
        let depth = self.depth + 1;
        Ok(Self { term, depth })
    }

    /// The parts of the term, if it is borrowed: one that was made on the way holds none.
    fn parts(&self) -> &'de [Term] {
        match &self.term {
            Cow::Borrowed(term) => term.parts(),
            Cow::Owned(_) => &[],
        }
    }

    /// The text of a binary, an atom or a string.
    fn text(&self) -> Option<Text<'de>> {
        match &self.term {
            Cow::Borrowed(Term::Binary(bytes)) => {
                std::str::from_utf8(bytes).ok().map(Text::Borrowed)
            }
            Cow::Borrowed(Term::Atom(atom)) => Some(Text::Borrowed(atom.as_str())),
            term => term.to_text().map(Text::Owned),
        }
    }

    fn is_none(&self) -> bool {
        self.term.is_atom("nil") || self.term.is_atom("undefined")
    }

    fn mismatch(&self, expected: &dyn de::Expected) -> ModelError {
        de::Error::invalid_type(Unexpected::Other(&describe(&self.term)), expected)
    }

    fn visit_elements<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        let elements = Elements::of(&self).ok_or_else(|| self.mismatch(&visitor))?;
        elements.visit(visitor)
    }
}

/// Text that lives as long as the term, or not.
enum Text<'de> {
    Borrowed(&'de str),
    Owned(String),
}

/// The term, as far as a message has room for it.
fn describe(term: &Term) -> String {
    let kind = match term {
        Term::Atom(_) => "the atom",
        Term::Integer(_) => "the integer",
        Term::Float(_) => "the float",
        Term::Binary(_) | Term::BitString(_) => "the binary",
        Term::List(_) => "the list",
        Term::Tuple(_) => "the tuple",
        Term::Map(_) => "the map",
        _ => "the term",
    };
    let mut excerpt = Excerpt {
        text: format!("{kind} "),
        room: 60,
    };
    if write!(excerpt, "{term}").is_err() {
        excerpt.text += "...";
    }
    excerpt.text
}

/// The beginning of a text; more of it is an error.
struct Excerpt {
    text: String,
    room: usize,
}

impl Write for Excerpt {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.room = self.room.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
            self.deserialize_integer(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> {
    fn deserialize_integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        let Some(integer) = self.term.as_integer() else {
            return Err(self.mismatch(&visitor));
        };
        if let Some(value) = integer.as_i64() {
            visitor.visit_i64(value)
        } else if let Ok(value) = u64::try_from(integer) {
            visitor.visit_u64(value)
        } else if let Ok(value) = i128::try_from(integer) {
            visitor.visit_i128(value)
        } else if let Ok(value) = u128::try_from(integer) {
            visitor.visit_u128(value)
        } else {
            Err(self.mismatch(&visitor))
        }
    }
}

impl<'de> de::Deserializer<'de> for Deserializer<'de> {
    type Error = ModelError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        match &*self.term {
            Term::Atom(_) if self.is_none() => visitor.visit_unit(),
            Term::Atom(atom) => match self.term.as_bool() {
                Some(value) => visitor.visit_bool(value),
                None => visitor.visit_str(atom.as_str()),
            },
            Term::Integer(_) => self.deserialize_integer(visitor),
            Term::Float(float) => visitor.visit_f64(float.get()),
            Term::Binary(bytes) => match self.text() {
                Some(Text::Borrowed(text)) => visitor.visit_borrowed_str(text),
                Some(Text::Owned(text)) => visitor.visit_string(text),
                None => visitor.visit_bytes(bytes),
            },
            Term::List(_) | Term::Tuple(_) => self.visit_elements(visitor),
            Term::Map(_) => self.deserialize_map(visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        match self.term.as_bool() {
            Some(value) => visitor.visit_bool(value),
            None => Err(self.mismatch(&visitor)),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        match &*self.term {
            Term::Float(float) => visitor.visit_f64(float.get()),
            Term::Integer(_) => self.deserialize_integer(visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        let code = self.term.as_u64().and_then(|code| u32::try_from(code).ok());
        match code.and_then(char::from_u32) {
            Some(c) => visitor.visit_char(c),
            None => self.deserialize_str(visitor),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        match self.text() {
            Some(Text::Borrowed(text)) => visitor.visit_borrowed_str(text),
            Some(Text::Owned(text)) => visitor.visit_string(text),
            None => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        match &self.term {
            Cow::Borrowed(Term::Binary(bytes)) => visitor.visit_borrowed_bytes(bytes),
            term => match term.as_binary().or(term.as_list().and_then(List::as_bytes)) {
                Some(bytes) => visitor.visit_bytes(bytes),
                None if term.is_nil() => visitor.visit_bytes(&[]),
                None => Err(self.mismatch(&visitor)),
            },
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        if self.is_none() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        if self.is_none() || self.term.is_atom("ok") {
            visitor.visit_unit()
        } else {
            Err(self.mismatch(&visitor))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        if self.term.is_atom(name) {
            visitor.visit_unit()
        } else {
            self.deserialize_unit(visitor)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        if name == passage::NAME {
            return visitor.visit_byte_buf(encode(&self.term)?);
        }
        let term = self.term.clone();
        visitor.visit_newtype_struct(self.inside(term)?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        self.visit_elements(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        self.visit_elements(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        self.visit_elements(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        let pairs = Pairs::of(&self, self.parts(), |_| true);
        pairs.ok_or_else(|| self.mismatch(&visitor))?.visit(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        if let (Term::Tuple(_), [tag, fields @ ..]) = (&*self.term, self.parts())
            && tag.is_atom(name)
        {
            return Elements::record(&self, fields).visit(visitor);
        }
        let pairs = Pairs::of(&self, self.parts(), |key| !key.is_atom("__struct__"));
        pairs.ok_or_else(|| self.mismatch(&visitor))?.visit(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        if let (Term::Tuple(_), [Term::Atom(variant), data @ ..]) = (&*self.term, self.parts())
            && !data.is_empty()
        {
            return visitor.visit_enum(Variant::new(&self, variant, data));
        }
        match self.text() {
            Some(Text::Borrowed(text)) => {
                visitor.visit_enum(BorrowedStrDeserializer::<ModelError>::new(text))
            }
            Some(Text::Owned(text)) => {
                let text: StringDeserializer<ModelError> = text.into_deserializer();
                visitor.visit_enum(text)
            }
            None => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ModelError> {
        visitor.visit_unit()
    }
}

impl<'de> Deserializer<'de> {
    /// The elements of a proper list, or of a tuple.
    pub(super) fn elements(&self) -> Option<Vec<Cow<'de, Term>>> {
        match &self.term {
            Cow::Borrowed(Term::List(list)) if list.tail().is_none() => Some(list.iter().collect()),
            Cow::Borrowed(Term::Tuple(tuple)) => Some(tuple.iter().map(Cow::Borrowed).collect()),
            _ => None,
        }
    }

    pub(super) fn is_map(&self) -> bool {
        self.term.as_map().is_some()
    }

    pub(super) fn is_proper_list(&self) -> bool {
        self.term
            .as_list()
            .is_some_and(|list| list.tail().is_none() && list.as_bytes().is_none())
    }
}
