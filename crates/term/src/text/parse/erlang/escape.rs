//! What follows a backslash.

use std::str::Chars;

use crate::text::parse::ParseFault;

/// Reads a character behind a backslash.
pub(super) fn read(chars: &mut Chars<'_>) -> Result<char, ParseFault> {
    Ok(match chars.next().ok_or(ParseFault::End)? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0B',
        'b' => '\x08',
        'f' => '\x0C',
        'e' => '\x1B',
        's' => ' ',
        'd' => '\x7F',
        '^' => match chars.next().ok_or(ParseFault::End)? {
            c @ '@'..='_' | c @ 'a'..='z' => code(u32::from(c) & 31)?,
            '?' => '\x7F',
            _ => return Err(ParseFault::Character),
        },
        'x' => hexadecimal(chars)?,
        c @ '0'..='7' => octal(c, chars)?,
        c => c,
    })
}

/// `\xHH` or `\x{H…}`
fn hexadecimal(chars: &mut Chars<'_>) -> Result<char, ParseFault> {
    let digit = |chars: &mut Chars<'_>| chars.next().ok_or(ParseFault::End);
    let mut value = 0_u32;
    let mut add = |c: char| {
        let digit = c.to_digit(16)?;
        value = value.checked_mul(16)?.checked_add(digit)?;
        Some(value)
    };
    let first = digit(chars)?;
    if first != '{' {
        add(first).ok_or(ParseFault::Character)?;
        let value = add(digit(chars)?).ok_or(ParseFault::Character)?;
        return code(value);
    }
    let mut value = None;
    loop {
        match digit(chars)? {
            '}' => return code(value.ok_or(ParseFault::Character)?),
            c => value = Some(add(c).ok_or(ParseFault::Character)?),
        }
    }
}

/// One to three digits.
fn octal(first: char, chars: &mut Chars<'_>) -> Result<char, ParseFault> {
    let mut value = first.to_digit(8).unwrap_or(0);
    for _ in 0..2 {
        let mut ahead = chars.clone();
        let Some(digit) = ahead.next().and_then(|c| c.to_digit(8)) else {
            break;
        };
        value = value * 8 + digit;
        *chars = ahead;
    }
    code(value)
}

fn code(value: u32) -> Result<char, ParseFault> {
    char::from_u32(value).ok_or(ParseFault::Character)
}
