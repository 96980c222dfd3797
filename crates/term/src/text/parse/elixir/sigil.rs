//! Sigils: `~c"charlist"`, `~s(string)`, `~w(some words)a`.

use super::quoted::Quotes;
use super::token::Token;
use crate::text::parse::ParseFault;
use crate::{Atom, Term};

/// Reads a sigil, from behind its tilde.
pub(super) fn read<'a>(rest: &mut &'a str) -> Result<Token<'a>, ParseFault> {
    let mut chars = rest.chars();
    let name = chars.next().ok_or(ParseFault::End)?;
    let closing = match chars.next().ok_or(ParseFault::End)? {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '<' => '>',
        quote @ ('/' | '|' | '"' | '\'') => quote,
        _ => return Err(ParseFault::Unexpected(format!("~{name}"))),
    };
    let quotes = Quotes {
        closing,
        escapes: name.is_ascii_lowercase(),
    };
    *rest = chars.as_str();
    match name {
        's' | 'S' => quotes.take(rest).map(Token::String),
        'c' | 'C' => quotes.take_text(rest).map(Token::Charlist),
        'w' | 'W' => words(&quotes.take_text(rest)?, rest).map(Token::Words),
        _ => Err(ParseFault::Unexpected(format!("~{name}"))),
    }
}

/// Strings, or what the letter behind the closing quote says.
fn words(text: &str, rest: &mut &str) -> Result<Vec<Term>, ParseFault> {
    let words = text.split_ascii_whitespace();
    let (terms, after) = match rest.split_at_checked(1) {
        Some(("a", after)) => {
            let atom = |word: &str| Atom::from_input(word.as_bytes()).map(Term::Atom);
            (words.map(atom).collect::<Result<_, _>>()?, after)
        }
        Some(("c", after)) => (words.map(Term::charlist).collect(), after),
        Some(("s", after)) => (words.map(Term::from).collect(), after),
        _ => (words.map(Term::from).collect(), *rest),
    };
    *rest = after;
    Ok(terms)
}
