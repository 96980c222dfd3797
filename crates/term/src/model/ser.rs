//! From data to terms.

use serde::ser::{self, Serialize};

use super::{MAX_DEPTH, ModelError, passage};
use crate::{Atom, Term, atom};

/// Makes terms of data; [`to_term`](super::to_term) is this with its defaults.
///
/// ```
/// use beamport_term::{Serializer, Term, atom};
/// use serde::Serialize;
///
/// let erlang = Serializer::new().none(atom!("undefined"));
/// assert_eq!(None::<u8>.serialize(&erlang)?, Term::from(atom!("undefined")));
/// # Ok::<(), beamport_term::ModelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Serializer {
    none: Atom,
    depth: usize,
}

impl Default for Serializer {
    fn default() -> Self {
        Self::new()
    }
}

impl Serializer {
    /// `None` and `()` are `nil`, as in Elixir.
    pub fn new() -> Self {
        Self {
            none: atom!("nil"),
            depth: 0,
        }
    }

    /// What `None` and `()` are; Erlang's custom is `undefined`.
    #[must_use]
    pub fn none(self, none: Atom) -> Self {
        Self { none, ..self }
    }

    /// For what is inside.
    fn inside(&self) -> Result<Self, ModelError> {
        if self.depth >= MAX_DEPTH {
            return Err(ModelError::TooDeep);
        }
        Ok(Self {
            none: self.none.clone(),
            depth: self.depth + 1,
        })
    }

    fn parts(&self, tag: Option<&str>, make: Make) -> Result<Parts, ModelError> {
        let tag = tag.map(name).transpose()?;
        Ok(Parts {
            inside: self.inside()?,
            parts: tag.into_iter().map(Term::from).collect(),
            make,
        })
    }

    fn fields(&self, tag: Option<&str>) -> Result<Fields, ModelError> {
        Ok(Fields {
            inside: self.inside()?,
            pairs: Vec::new(),
            key: None,
            tag: tag.map(name).transpose()?,
        })
    }
}

fn name(name: &str) -> Result<Atom, ModelError> {
    Ok(Atom::new(name)?)
}

macro_rules! into_term {
    ($($method:ident($kind:ty);)*) => {$(
        fn $method(self, value: $kind) -> Result<Term, ModelError> {
            Ok(Term::from(value))
        }
    )*};
}

impl ser::Serializer for &Serializer {
    type Ok = Term;
    type Error = ModelError;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Fields;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    into_term! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_str(&str);
    }

    fn serialize_f32(self, value: f32) -> Result<Term, ModelError> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<Term, ModelError> {
        Ok(Term::float(value)?)
    }

    fn serialize_char(self, value: char) -> Result<Term, ModelError> {
        Ok(value.to_string().into())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Term, ModelError> {
        Ok(Term::binary(bytes.to_vec()))
    }

    fn serialize_none(self) -> Result<Term, ModelError> {
        Ok(self.none.clone().into())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Term, ModelError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Term, ModelError> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, struct_name: &'static str) -> Result<Term, ModelError> {
        Ok(name(struct_name)?.into())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Term, ModelError> {
        Ok(name(variant)?.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        struct_name: &'static str,
        value: &T,
    ) -> Result<Term, ModelError> {
        let term = value.serialize(&self.inside()?)?;
        match term {
            Term::Binary(bytes) if struct_name == passage::NAME => {
                Ok(passage::decode_trusted(bytes.into())?)
            }
            term => Ok(term),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Term, ModelError> {
        let value = value.serialize(&self.inside()?)?;
        Ok((name(variant)?, value).into())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts, ModelError> {
        self.parts(None, Make::List)
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts, ModelError> {
        self.parts(None, Make::Tuple)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts, ModelError> {
        self.parts(None, Make::Tuple)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts, ModelError> {
        self.parts(Some(variant), Make::Tuple)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields, ModelError> {
        self.fields(None)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, ModelError> {
        self.fields(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields, ModelError> {
        self.fields(Some(variant))
    }
}

/// The elements of a list or tuple so far.
pub struct Parts {
    inside: Serializer,
    parts: Vec<Term>,
    make: Make,
}

enum Make {
    List,
    Tuple,
}

impl Parts {
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        self.parts.push(value.serialize(&self.inside)?);
        Ok(())
    }

    fn finish(self) -> Term {
        match self.make {
            Make::List => Term::list(self.parts),
            Make::Tuple => Term::tuple(self.parts),
        }
    }
}

macro_rules! elements {
    ($($kind:ident::$method:ident;)*) => {$(
        impl ser::$kind for Parts {
            type Ok = Term;
            type Error = ModelError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
                self.add(value)
            }

            fn end(self) -> Result<Term, ModelError> {
                Ok(self.finish())
            }
        }
    )*};
}

elements! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

/// The pairs of a map so far.
pub struct Fields {
    inside: Serializer,
    pairs: Vec<(Term, Term)>,
    key: Option<Term>,
    tag: Option<Atom>,
}

impl Fields {
    fn finish(self) -> Term {
        let map = Term::map(self.pairs);
        match self.tag {
            Some(tag) => (tag, map).into(),
            None => map,
        }
    }
}

impl ser::SerializeMap for Fields {
    type Ok = Term;
    type Error = ModelError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ModelError> {
        self.key = Some(key.serialize(&self.inside)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ModelError> {
        let value = value.serialize(&self.inside)?;
        // serde calls this after `serialize_key`, always.
        self.pairs.extend(self.key.take().map(|key| (key, value)));
        Ok(())
    }

    fn end(self) -> Result<Term, ModelError> {
        Ok(self.finish())
    }
}

macro_rules! named_fields {
    ($($kind:ident)*) => {$(
        impl ser::$kind for Fields {
            type Ok = Term;
            type Error = ModelError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                field: &'static str,
                value: &T,
            ) -> Result<(), ModelError> {
                let value = value.serialize(&self.inside)?;
                self.pairs.push((name(field)?.into(), value));
                Ok(())
            }

            fn end(self) -> Result<Term, ModelError> {
                Ok(self.finish())
            }
        }
    )*};
}

named_fields!(SerializeStruct SerializeStructVariant);
