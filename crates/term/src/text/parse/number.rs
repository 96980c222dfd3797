//! Numbers.

use super::token::Token;
use super::{ParseFault, Parser};
use crate::{Float, Integer};

/// Reads a number that begins with a digit and has no sign.
pub(super) fn read<'a>(rest: &mut &'a str) -> Result<Token<'a>, ParseFault> {
    let whole = digits(rest, 10)?;
    if let Some(after) = rest.strip_prefix('#') {
        *rest = after;
        let base = whole.parse().map_err(|_| ParseFault::Number)?;
        if !(2..=36).contains(&base) {
            return Err(ParseFault::Number);
        }
        return integer(&digits(rest, base)?, base);
    }
    match rest.strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            *rest = fraction;
            float(whole, rest)
        }
        _ => integer(&whole, 10),
    }
}

fn integer<'a>(digits: &str, base: u32) -> Result<Token<'a>, ParseFault> {
    if base != 16 && digits.len() > Parser::MAX_DIGITS {
        return Err(ParseFault::TooManyDigits);
    }
    Integer::from_digits(false, digits, base)
        .map(Token::Integer)
        .ok_or(ParseFault::Number)
}

fn float<'a>(whole: String, rest: &mut &'a str) -> Result<Token<'a>, ParseFault> {
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
    Ok(Token::Float(Float::new(value)?))
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
