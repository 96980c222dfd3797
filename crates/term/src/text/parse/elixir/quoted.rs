//! What stands between quotes.

use std::str::Chars;

use crate::text::parse::ParseFault;

/// What ends quoted text, and what has a meaning in it.
#[derive(Clone, Copy)]
pub(super) struct Quotes {
    pub(super) closing: char,
    /// Whether a backslash begins an escape and `#{` something to be computed.
    pub(super) escapes: bool,
}

impl Quotes {
    /// Between these, escapes are read.
    pub(super) fn new(closing: char) -> Self {
        Self {
            closing,
            escapes: true,
        }
    }

    /// Takes the text up to the closing quote, from behind the opening one. Bytes: `"\xFF"` is one that is no text.
    pub(super) fn take(self, rest: &mut &str) -> Result<Vec<u8>, ParseFault> {
        let mut bytes = Vec::new();
        let mut chars = rest.chars();
        loop {
            match chars.next().ok_or(ParseFault::End)? {
                c if c == self.closing => break,
                '\\' if self.escapes => escape(&mut chars, &mut bytes)?,
                '\\' if chars.as_str().starts_with(self.closing) => {
                    chars.next();
                    push(self.closing, &mut bytes);
                }
                '#' if self.escapes && chars.as_str().starts_with('{') => {
                    return Err(ParseFault::Interpolation);
                }
                c => push(c, &mut bytes),
            }
        }
        *rest = chars.as_str();
        Ok(bytes)
    }

    /// The same, where only text will do.
    pub(super) fn take_text(self, rest: &mut &str) -> Result<String, ParseFault> {
        String::from_utf8(self.take(rest)?).map_err(|_| ParseFault::Character)
    }
}

/// Reads what follows `?`: the code of one character.
pub(super) fn character(rest: &mut &str) -> Result<u32, ParseFault> {
    let mut chars = rest.chars();
    let code = match chars.next().ok_or(ParseFault::End)? {
        '\\' => match named(&mut chars)? {
            Escape::Byte(byte) => byte.into(),
            Escape::Char(c) => c.into(),
            Escape::Nothing => return Err(ParseFault::Character),
        },
        c => c.into(),
    };
    *rest = chars.as_str();
    Ok(code)
}

enum Escape {
    Byte(u8),
    Char(char),
    /// The line goes on.
    Nothing,
}

fn escape(chars: &mut Chars<'_>, bytes: &mut Vec<u8>) -> Result<(), ParseFault> {
    match named(chars)? {
        Escape::Byte(byte) => bytes.push(byte),
        Escape::Char(c) => push(c, bytes),
        Escape::Nothing => {}
    }
    Ok(())
}

/// What is meant by what follows a backslash.
fn named(chars: &mut Chars<'_>) -> Result<Escape, ParseFault> {
    Ok(Escape::Char(match chars.next().ok_or(ParseFault::End)? {
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        'd' => '\x7F',
        'e' => '\x1B',
        'f' => '\x0C',
        'n' => '\n',
        'r' => '\r',
        's' => ' ',
        't' => '\t',
        'v' => '\x0B',
        '\n' => return Ok(Escape::Nothing),
        'x' if !chars.as_str().starts_with('{') => {
            let byte = u8::try_from(hexadecimal(chars, 2)?);
            return Ok(Escape::Byte(byte.map_err(|_| ParseFault::Character)?));
        }
        'x' | 'u' => {
            let code = hexadecimal(chars, 4)?;
            char::from_u32(code).ok_or(ParseFault::Character)?
        }
        c => c,
    }))
}

/// So many digits, or one to six between braces.
fn hexadecimal(chars: &mut Chars<'_>, digits: usize) -> Result<u32, ParseFault> {
    let rest = chars.as_str();
    let (text, after) = match rest.strip_prefix('{') {
        Some(inside) => inside.split_once('}').ok_or(ParseFault::End)?,
        None => rest.split_at_checked(digits).ok_or(ParseFault::Character)?,
    };
    let is_digits = (1..=6).contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit());
    *chars = after.chars();
    is_digits
        .then(|| u32::from_str_radix(text, 16).ok())
        .flatten()
        .ok_or(ParseFault::Character)
}

fn push(c: char, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
