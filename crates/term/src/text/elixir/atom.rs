//! Atoms, keys and module names.

use std::fmt::{self, Write};

/// Marks that are atoms without quotes.
const OPERATORS: [&str; 48] = [
    "!", "!=", "!==", "%", "%{}", "&", "&&", "&&&", "*", "**", "+", "++", "+++", "-", "--", "---",
    "->", "..", "...", "..//", "/", "<", "<-", "<<<", "<<>>", "<<~", "<=", "<>", "<~", "<~>", "=",
    "==", "===", "=~", ">", ">=", ">>>", "@", "\\\\", "^", "{}", "|", "|>", "||", "|||", "~>",
    "~>>", ".",
];

/// Those among them that need quotes behind a module.
const UNCALLABLE: [&str; 9] = ["%", "%{}", "->", "..", "...", "..//", "<<>>", "{}", "."];

/// Marks that need no quotes only there.
const CALLABLE: [&str; 4] = ["::", "<|>", "^^^", "~~~"];

/// All marks that are names without quotes somewhere.
pub(in crate::text) fn operators() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().chain(&CALLABLE).copied()
}

/// An atom as a value: `:ok`, `:"a b"`, `nil`, `My.App`.
pub(super) fn value(name: &str, out: &mut impl Write) -> fmt::Result {
    match name {
        "nil" | "true" | "false" | "Elixir" => out.write_str(name),
        _ => match alias(name) {
            Some(alias) => out.write_str(alias),
            None => {
                out.write_char(':')?;
                bare_or_quoted(name, out)
            }
        },
    }
}

/// An atom as a key before its value: `name: `, `"a b": `.
pub(super) fn key(name: &str, out: &mut impl Write) -> fmt::Result {
    bare_or_quoted(name, out)?;
    out.write_str(": ")
}

/// The module before a function. A name made of marks is quoted, for the point that follows might be one of them.
pub(super) fn module(name: &str, out: &mut impl Write) -> fmt::Result {
    if OPERATORS.contains(&name) {
        out.write_char(':')?;
        return quoted(name, out);
    }
    value(name, out)
}

/// The name of a function behind its module: `map`, `"a b"`. A capital would be read as a part of the module's name.
pub(super) fn function(name: &str, out: &mut impl Write) -> fmt::Result {
    if CALLABLE.contains(&name) {
        out.write_str(name)
    } else if UNCALLABLE.contains(&name) || name.starts_with(char::is_uppercase) {
        quoted(name, out)
    } else {
        bare_or_quoted(name, out)
    }
}

/// Whether an atom before its value is written as a key; a module name is not.
pub(super) fn is_key(name: &str) -> bool {
    !name.starts_with("Elixir.")
}

/// What Elixir calls a module: `My.App` of `Elixir.My.App`.
pub(super) fn alias(name: &str) -> Option<&str> {
    let alias = name.strip_prefix("Elixir.")?;
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    alias.split('.').all(is_word).then_some(alias)
}

fn bare_or_quoted(name: &str, out: &mut impl Write) -> fmt::Result {
    let word = name.strip_suffix(['?', '!']).unwrap_or(name);
    let is_word = word.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '@'));
    if is_word || OPERATORS.contains(&name) {
        out.write_str(name)
    } else {
        quoted(name, out)
    }
}

/// Text between double quotes, with what has a meaning there escaped.
pub(super) fn quoted(text: &str, out: &mut impl Write) -> fmt::Result {
    out.write_char('"')?;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.write_str("\\\""),
            '\\' => out.write_str("\\\\"),
            '#' if chars.peek() == Some(&'{') => out.write_str("\\#"),
            '\x07' => out.write_str("\\a"),
            '\x08' => out.write_str("\\b"),
            '\t' => out.write_str("\\t"),
            '\n' => out.write_str("\\n"),
            '\x0B' => out.write_str("\\v"),
            '\x0C' => out.write_str("\\f"),
            '\r' => out.write_str("\\r"),
            '\x1B' => out.write_str("\\e"),
            '\x7F' => out.write_str("\\d"),
            '\0' => out.write_str("\\0"),
            c if is_printable(c) => out.write_char(c),
            c if c.is_ascii() => write!(out, "\\x{:02X}", u32::from(c)),
            // inspect/1 writes \x85, which is a byte and not a character when Elixir reads it.
            c => write!(out, "\\x{{{:X}}}", u32::from(c)),
        }?;
    }
    out.write_char('"')
}

/// As `String.printable?/1` has it.
pub(super) fn is_printable(c: char) -> bool {
    match c {
        '\x07'..='\r' | '\x1B' | ' '..='\x7F' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        c => c >= '\u{A0}',
    }
}
