//! A [`Term`] or an [`Atom`] as a part of data: it goes through serde as it is.
//!
//! serde has no way to hand over a value of a type of one's own, so a term crosses it encoded, in a wrapper whose
//! name our serializer and deserializer know. Other formats see that wrapper's bytes.

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};

use crate::wire::Limits;
use crate::{Atom, Decoder, Term, encode};

/// The name of the wrapper.
pub(super) const NAME: &str = "$beamport_term::Term";

impl Serialize for Term {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = encode(self).map_err(S::Error::custom)?;
        serializer.serialize_newtype_struct(NAME, &Encoded(&bytes))
    }
}

/// As the term that it is.
impl Serialize for Atom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Term::Atom(self.clone()).serialize(serializer)
    }
}

/// From an atom, and nothing else.
impl<'de> Deserialize<'de> for Atom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Term::deserialize(deserializer)? {
            Term::Atom(atom) => Ok(atom),
            other => Err(D::Error::custom(format_args!("{other} is no atom"))),
        }
    }
}

struct Encoded<'a>(&'a [u8]);

impl Serialize for Encoded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de> Deserialize<'de> for Term {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, TermVisitor)
    }
}

struct TermVisitor;

impl<'de> Visitor<'de> for TermVisitor {
    type Value = Term;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an encoded term")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Term, E> {
        self.visit_byte_buf(bytes.to_vec())
    }

    fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Term, E> {
        decode_trusted(bytes).map_err(E::custom)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Term, D::Error> {
        inner.deserialize_byte_buf(self)
    }
}

/// Decodes what has been a term before, so that no limit can be in its way.
pub(super) fn decode_trusted(bytes: Vec<u8>) -> Result<Term, crate::DecodeError> {
    Decoder::new(Limits::NONE).decode(&Bytes::from(bytes))
}
