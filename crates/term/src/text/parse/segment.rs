//! Binaries: segments with a value, a size and types.

use super::number::Number;
use super::{ParseFault, Parser};
use crate::{BitString, Integer, Term};

/// The segments of a binary so far.
#[derive(Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    /// How many bits of the last byte are used, if not all.
    partial: u8,
}

/// What a segment holds.
pub(super) enum Value {
    Number(Number),
    /// A string of Erlang, of which each character is a segment.
    Characters(String),
    /// A string of Elixir, which is a binary.
    Bytes(Vec<u8>),
}

/// How a value becomes bits.
#[derive(Default)]
pub(super) struct Form {
    pub(super) size: Option<u32>,
    kind: Option<Kind>,
    little: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Integer,
    Float,
    Utf8,
    Bytes,
}

impl Form {
    /// Adds a type to the form.
    pub(super) fn add(&mut self, name: &str) -> Result<(), ParseFault> {
        let kind = match name {
            "integer" => Kind::Integer,
            "float" => Kind::Float,
            "utf8" => Kind::Utf8,
            "binary" | "bytes" => Kind::Bytes,
            "little" => {
                self.little = true;
                return Ok(());
            }
            "big" | "unsigned" | "signed" => return Ok(()),
            _ => return Err(ParseFault::Segment),
        };
        match self.kind.replace(kind) {
            None => Ok(()),
            Some(_) => Err(ParseFault::Segment),
        }
    }
}

impl Form {
    /// Makes it a float unless another type has been given.
    pub(super) fn default_to_float(&mut self) {
        self.kind.get_or_insert(Kind::Float);
    }
}

impl Bits {
    /// Adds a value.
    pub(super) fn add(&mut self, value: &Value, form: &Form) -> Result<(), ParseFault> {
        match (value, form.kind) {
            (Value::Bytes(bytes), None | Some(Kind::Bytes | Kind::Utf8)) if form.size.is_none() => {
                self.whole(bytes);
                Ok(())
            }
            (Value::Characters(text), Some(Kind::Utf8)) if form.size.is_none() => {
                self.whole(text.as_bytes());
                Ok(())
            }
            (Value::Characters(text), None | Some(Kind::Integer)) => text
                .chars()
                .try_for_each(|c| self.integer(&u32::from(c).into(), form)),
            (Value::Number(number), kind) => self.number(number, kind, form),
            _ => Err(ParseFault::Segment),
        }
    }

    fn number(
        &mut self,
        number: &Number,
        kind: Option<Kind>,
        form: &Form,
    ) -> Result<(), ParseFault> {
        match (number, kind) {
            (Number::Integer(code), Some(Kind::Utf8)) if form.size.is_none() => {
                let code = u32::try_from(code).ok().and_then(char::from_u32);
                let c = code.ok_or(ParseFault::Character)?;
                self.whole(c.encode_utf8(&mut [0; 4]).as_bytes());
                Ok(())
            }
            (Number::Integer(value), None | Some(Kind::Integer)) => self.integer(value, form),
            (Number::Float(float), Some(Kind::Float)) if matches!(form.size, None | Some(64)) => {
                self.extend(&float.get().to_le_bytes(), 64, form.little);
                Ok(())
            }
            _ => Err(ParseFault::Segment),
        }
    }

    /// Adds whole bytes as they are.
    fn whole(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.push(*byte, 8));
    }

    /// The low bits of an integer, in two's complement.
    fn integer(&mut self, value: &Integer, form: &Form) -> Result<(), ParseFault> {
        let size = form.size.unwrap_or(8);
        if size > Parser::MAX_SEGMENT_BITS || (form.little && !size.is_multiple_of(8)) {
            return Err(ParseFault::Segment);
        }
        let length = size.div_ceil(8) as usize;
        let mut bytes = match (value.as_i64(), value.as_big()) {
            (Some(small), _) => small.to_le_bytes().to_vec(),
            (None, big) => big.map(|big| big.magnitude().to_vec()).unwrap_or_default(),
        };
        let negative = value.is_negative();
        if negative && value.as_big().is_some() {
            bytes.resize(bytes.len().max(length), 0);
            negate(&mut bytes);
        }
        bytes.resize(length, if negative { 0xFF } else { 0 });
        self.extend(&bytes, size, form.little);
        Ok(())
    }

    /// Adds so many bits of little-endian bytes.
    fn extend(&mut self, bytes: &[u8], size: u32, little: bool) {
        if little {
            return self.whole(bytes);
        }
        let odd = (size % 8) as u8;
        let mut bytes = bytes.iter().rev();
        if odd > 0
            && let Some(first) = bytes.next()
        {
            self.push(*first, odd);
        }
        bytes.for_each(|byte| self.push(*byte, 8));
    }

    /// Adds the low bits of a byte.
    fn push(&mut self, byte: u8, bits: u8) {
        let aligned = u16::from(byte) << (8 - bits) & 0xFF;
        match self.bytes.last_mut() {
            Some(last) if self.partial > 0 => {
                let shifted = aligned << (8 - self.partial);
                *last |= (shifted >> 8) as u8;
                let filled = self.partial + bits;
                if filled > 8 {
                    self.bytes.push(shifted as u8);
                }
                self.partial = filled % 8;
            }
            _ => {
                self.bytes.push(aligned as u8);
                self.partial = bits % 8;
            }
        }
    }

    /// The binary, or bit string, of all segments.
    pub(super) fn finish(self) -> Term {
        match self.partial {
            0 => Term::binary(self.bytes),
            bits => match BitString::new(self.bytes, bits) {
                Ok(bits) => bits.into(),
                Err(_) => Term::binary(""),
            },
        }
    }
}

/// Two's complement of little-endian bytes.
fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes {
        (*byte, carry) = (!*byte).overflowing_add(carry.into());
    }
}
