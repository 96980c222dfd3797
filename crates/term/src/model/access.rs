//! The parts of compound terms, one by one, as serde asks for them.

use std::borrow::Cow;
use std::vec;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Visitor};

use super::{Deserializer, ModelError};
use crate::{Atom, Term, atom};

/// The elements of a list or tuple.
pub(super) struct Elements<'de> {
    around: Deserializer<'de>,
    rest: vec::IntoIter<Cow<'de, Term>>,
}

impl<'de> Elements<'de> {
    pub(super) fn of(around: &Deserializer<'de>) -> Option<Self> {
        Some(Self {
            around: around.clone(),
            rest: around.elements()?.into_iter(),
        })
    }

    /// The fields of a record, or the data of a variant, from behind its tag.
    pub(super) fn record(around: &Deserializer<'de>, fields: &'de [Term]) -> Self {
        let fields: Vec<_> = fields.iter().map(Cow::Borrowed).collect();
        Self {
            around: around.clone(),
            rest: fields.into_iter(),
        }
    }

    /// Lets a visitor take the elements, all of them.
    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, ModelError> {
        let value = visitor.visit_seq(&mut self)?;
        match self.rest.len() {
            0 => Ok(value),
            more => Err(de::Error::custom(format_args!(
                "there are {more} elements too many"
            ))),
        }
    }
}

impl<'de> de::SeqAccess<'de> for &mut Elements<'de> {
    type Error = ModelError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ModelError> {
        match self.rest.next() {
            Some(element) => seed.deserialize(self.around.inside(element)?).map(Some),
            None => Ok(None),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The pairs of a map or property list.
pub(super) struct Pairs<'de> {
    around: Deserializer<'de>,
    rest: vec::IntoIter<(&'de Term, Cow<'de, Term>)>,
    value: Option<Cow<'de, Term>>,
}

impl<'de> Pairs<'de> {
    /// The pairs among the parts of a term, with the keys that are wanted; none if the term has no pairs.
    pub(super) fn of(
        around: &Deserializer<'de>,
        parts: &'de [Term],
        wanted: impl Fn(&Term) -> bool,
    ) -> Option<Self> {
        let mut pairs: Vec<_> = if around.is_map() {
            let pairs = parts.as_chunks::<2>().0;
            pairs
                .iter()
                .map(|[key, value]| (key, Cow::Borrowed(value)))
                .collect()
        } else if around.is_proper_list() {
            parts.iter().map(property).collect::<Option<_>>()?
        } else {
            return None;
        };
        pairs.retain(|(key, _)| wanted(key));
        Some(Self {
            around: around.clone(),
            rest: pairs.into_iter(),
            value: None,
        })
    }

    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, ModelError> {
        visitor.visit_map(&mut self)
    }
}

/// An element of a property list: a pair, or an atom that stands for itself and `true`.
fn property(element: &Term) -> Option<(&Term, Cow<'_, Term>)> {
    match element {
        Term::Atom(_) => Some((element, Cow::Owned(atom!("true").into()))),
        Term::Tuple(pair) => match &pair[..] {
            [key, value] => Some((key, Cow::Borrowed(value))),
            _ => None,
        },
        _ => None,
    }
}

impl<'de> de::MapAccess<'de> for &mut Pairs<'de> {
    type Error = ModelError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ModelError> {
        let Some((key, value)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let key = self.around.inside(Cow::Borrowed(key))?;
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, ModelError> {
        // serde calls this after `next_key_seed`, always.
        let value = self.value.take().unwrap_or_default();
        seed.deserialize(self.around.inside(value)?)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// A variant that has data: `{variant, Data…}`.
pub(super) struct Variant<'de> {
    around: Deserializer<'de>,
    name: &'de Atom,
    data: &'de [Term],
}

impl<'de> Variant<'de> {
    pub(super) fn new(around: &Deserializer<'de>, name: &'de Atom, data: &'de [Term]) -> Self {
        Self {
            around: around.clone(),
            name,
            data,
        }
    }

    /// The data of a variant that has one part.
    fn only(&self) -> Result<Deserializer<'de>, ModelError> {
        match self.data {
            [data] => self.around.inside(Cow::Borrowed(data)),
            _ => Err(de::Error::custom(format_args!(
                "the variant {} has {} parts, where one is expected",
                self.name,
                self.data.len()
            ))),
        }
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = ModelError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), ModelError> {
        let name = BorrowedStrDeserializer::<ModelError>::new(self.name.as_str());
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de> {
    type Error = ModelError;

    fn unit_variant(self) -> Result<(), ModelError> {
        Err(de::Error::custom(format_args!(
            "the variant {} has no parts",
            self.name
        )))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, ModelError> {
        seed.deserialize(self.only()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ModelError> {
        Elements::record(&self.around, self.data).visit(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ModelError> {
        de::Deserializer::deserialize_struct(self.only()?, "", fields, visitor)
    }
}
