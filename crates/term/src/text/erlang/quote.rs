//! Quotes, and what must stand between them.

use std::fmt::{self, Write};

/// Words that are no atoms without quotes; `maybe` and `else` from OTP 27 on.
const RESERVED: [&str; 29] = [
    "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case",
    "catch", "cond", "div", "else", "end", "fun", "if", "let", "maybe", "not", "of", "or",
    "orelse", "receive", "rem", "try", "when", "xor",
];

/// An atom, in quotes if it needs them.
pub(super) fn atom(name: &str, out: &mut impl Write) -> fmt::Result {
    if is_bare(name) {
        out.write_str(name)
    } else {
        quoted(name.chars(), '\'', out)
    }
}

fn is_bare(name: &str) -> bool {
    name.starts_with(is_lower) && name.chars().all(is_name) && !RESERVED.contains(&name)
}

/// A lower-case letter of Latin-1, as Erlang has it.
pub(in crate::text) fn is_lower(c: char) -> bool {
    matches!(c, 'a'..='z' | 'ß'..='ö' | 'ø'..='ÿ')
}

/// An upper-case letter of Latin-1, as Erlang has it.
pub(in crate::text) fn is_upper(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'À'..='Ö' | 'Ø'..='Þ')
}

/// What may follow the first letter of an atom.
pub(in crate::text) fn is_name(c: char) -> bool {
    is_lower(c) || is_upper(c) || matches!(c, '0'..='9' | '_' | '@')
}

/// Characters between quotes, escaped where they must be.
pub(super) fn quoted(
    chars: impl IntoIterator<Item = char>,
    quote: char,
    out: &mut impl Write,
) -> fmt::Result {
    out.write_char(quote)?;
    for c in chars {
        match c {
            '\\' => out.write_str("\\\\"),
            c if c == quote => write!(out, "\\{c}"),
            ' '..='~' | '\u{A0}'.. => out.write_char(c),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\x0B' => out.write_str("\\v"),
            '\x08' => out.write_str("\\b"),
            '\x0C' => out.write_str("\\f"),
            '\x1B' => out.write_str("\\e"),
            '\x7F' => out.write_str("\\d"),
            c => write!(out, "\\{:03o}", u32::from(c)),
        }?;
    }
    out.write_char(quote)
}

#[cfg(test)]
mod tests {
    use crate::Atom;

    #[test]
    fn atoms_are_quoted_where_they_must_be() {
        for (name, text) in [
            ("ok", "ok"),
            ("a@b_C9", "a@b_C9"),
            ("éa", "éa"),
            ("", "''"),
            ("Ok", "'Ok'"),
            ("end", "'end'"),
            ("a-b", "'a-b'"),
            ("it's", r"'it\'s'"),
            ("a\n\u{1}", r"'a\n\001'"),
            ("мир", "'мир'"),
        ] {
            assert_eq!(Atom::new(name).unwrap().to_string(), text);
        }
    }
}
