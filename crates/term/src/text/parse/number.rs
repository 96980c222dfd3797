//! Numbers.

use std::fmt;

use super::{ParseFault, Parser};
use crate::{Float, Integer};

/// A number as it stands in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Number {
    Integer(Integer),
    Float(Float),
}

impl Number {
    /// Reads a number of Erlang, which begins with a digit: `1_000`, `16#FF`, `1.5e3`.
    pub(super) fn erlang(rest: &mut &str) -> Result<Self, ParseFault> {
        let whole = digits(rest, 10)?;
        if let Some(after) = rest.strip_prefix('#') {
            *rest = after;
            let base = whole.parse().map_err(|_| ParseFault::Number)?;
            if !(2..=36).contains(&base) {
                return Err(ParseFault::Number);
            }
            return integer(&digits(rest, base)?, base);
        }
        decimal(whole, rest)
    }

    /// Reads a number of Elixir, which begins with a digit: `1_000`, `0xFF`, `1.5e3`.
    pub(super) fn elixir(rest: &mut &str) -> Result<Self, ParseFault> {
        for (prefix, base) in [("0x", 16), ("0o", 8), ("0b", 2)] {
            if let Some(after) = rest.strip_prefix(prefix) {
                *rest = after;
                return integer(&digits(rest, base)?, base);
            }
        }
        decimal(digits(rest, 10)?, rest)
    }

    /// The number as how many arguments a function has.
    pub(super) fn arity(&self) -> Result<u8, ParseFault> {
        match self {
            Self::Integer(integer) => u8::try_from(integer).map_err(|_| ParseFault::Number),
            Self::Float(_) => Err(ParseFault::Number),
        }
    }

    /// The number as the size of a segment.
    pub(super) fn size(&self) -> Result<u32, ParseFault> {
        match self {
            Self::Integer(integer) => u32::try_from(integer).map_err(|_| ParseFault::Segment),
            Self::Float(_) => Err(ParseFault::Segment),
        }
    }

    /// The number behind a minus sign.
    pub(super) fn negated(&self) -> Result<Self, ParseFault> {
        Ok(match self {
            Self::Integer(integer) => Self::Integer(negated(integer)),
            Self::Float(float) => Self::Float(Float::new(-float.get())?),
        })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Float(float) => float.fmt(f),
        }
    }
}

impl From<Number> for crate::Term {
    fn from(number: Number) -> Self {
        match number {
            Number::Integer(integer) => integer.into(),
            Number::Float(float) => float.into(),
        }
    }
}

fn negated(integer: &Integer) -> Integer {
    match (integer.as_i64(), integer.as_big()) {
        (Some(small), _) => Integer::from(-i128::from(small)),
        (None, big) => big.map_or_else(
            || integer.clone(),
            |big| Integer::from_le_bytes(!big.is_negative(), big.magnitude()),
        ),
    }
}

fn integer(digits: &str, base: u32) -> Result<Number, ParseFault> {
    if let Ok(small) = i64::from_str_radix(digits, base) {
        return Ok(Number::Integer(small.into()));
    }
    if base != 16 && digits.len() > Parser::MAX_DIGITS {
        return Err(ParseFault::TooManyDigits);
    }
    Integer::from_digits(false, digits, base)
        .map(Number::Integer)
        .ok_or(ParseFault::Number)
}

/// A number in base 10 of which the digits before the point are read.
fn decimal(whole: String, rest: &mut &str) -> Result<Number, ParseFault> {
    match rest.strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            *rest = fraction;
            float(whole, rest)
        }
        _ => integer(&whole, 10),
    }
}

fn float(whole: String, rest: &mut &str) -> Result<Number, ParseFault> {
    let mut text = whole;
    text.push('.');
    text += &digits(rest, 10)?;
    if let Some(after) = rest.strip_prefix(['e', 'E']) {
        let (sign, after) = match after.strip_prefix('-') {
            Some(after) => ("-", after),
            None => ("", after.strip_prefix('+').unwrap_or(after)),
        };
        *rest = after;
        text.push('e');
        text += sign;
        text += &digits(rest, 10)?;
    }
    let value: f64 = text.parse().map_err(|_| ParseFault::Number)?;
    Ok(Number::Float(Float::new(value)?))
}

/// Takes digits, at least one; an underscore may stand between two.
fn digits(rest: &mut &str, base: u32) -> Result<String, ParseFault> {
    let mut digits = String::new();
    let mut chars = rest.chars();
    loop {
        let mut ahead = chars.clone();
        if !digits.is_empty() && ahead.as_str().starts_with('_') {
            ahead.next();
        }
        match ahead.next() {
            Some(digit) if digit.is_digit(base) => digits.push(digit),
            _ => break,
        }
        chars = ahead;
    }
    *rest = chars.as_str();
    if digits.is_empty() {
        return Err(ParseFault::Number);
    }
    Ok(digits)
}
