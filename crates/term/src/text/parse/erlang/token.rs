//! Words, marks and quoted text.

use super::escape;
use crate::Atom;
use crate::text::erlang::quote::{is_lower, is_name, is_upper};
use crate::text::parse::identifier::{Identifier, Kind};
use crate::text::parse::{Number, ParseFault};

/// A word of the syntax.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    Atom(Atom),
    /// `fun`
    Fun,
    Number(Number),
    /// What stands between double quotes.
    String(String),
    /// `{`, `=>`, `<<` and their like.
    Mark(&'static str),
    /// `<0.1.2>` and its like.
    Identifier(Identifier<'a>),
    End,
}

/// Longer ones first.
const MARKS: [&str; 19] = [
    "=>", "<<", ">>", "#{", "{", "}", "[", "]", "(", ")", ",", "|", ":", "/", ".", "-", "+", "#",
    "=",
];

/// What the words for processes and their like begin with.
const IDENTIFIERS: [(&str, Kind); 3] = [
    ("<", Kind::Pid),
    ("#Port<", Kind::Port),
    ("#Ref<", Kind::Reference),
];

/// Reads a text word by word.
pub(super) struct Tokens<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, rest: text }
    }

    /// How many bytes have been read, with the blanks before the next word.
    pub(super) fn offset(&mut self) -> usize {
        self.skip_blanks();
        self.text.len() - self.rest.len()
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, ParseFault> {
        self.skip_blanks();
        let Some(first) = self.rest.chars().next() else {
            return Ok(Token::End);
        };
        match first {
            '0'..='9' => Number::erlang(&mut self.rest).map(Token::Number),
            '"' => self.quoted('"').map(Token::String),
            '\'' => Ok(Token::Atom(Atom::from_input(
                self.quoted('\'')?.as_bytes(),
            )?)),
            '$' => self.character(),
            c if is_lower(c) => self.word(),
            c if is_upper(c) || c == '_' => {
                Err(ParseFault::Variable(self.take_while(is_name).to_owned()))
            }
            _ => self.mark(first),
        }
    }

    fn skip_blanks(&mut self) {
        loop {
            self.rest = self
                .rest
                .trim_start_matches(|c| c <= ' ' || ('\u{80}'..='\u{A0}').contains(&c));
            if !self.rest.starts_with('%') {
                return;
            }
            self.take_while(|c| c != '\n');
        }
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes `Elixir.My.App`, if that is what comes next.
    pub(super) fn alias(&mut self) -> Option<&'a str> {
        self.skip_blanks();
        if !self.rest.starts_with("Elixir.") {
            return None;
        }
        Some(self.take_while(|c| is_name(c) || c == '.'))
    }

    fn word(&mut self) -> Result<Token<'a>, ParseFault> {
        match self.take_while(is_name) {
            "fun" => Ok(Token::Fun),
            name => Ok(Token::Atom(Atom::from_input(name.as_bytes())?)),
        }
    }

    /// What stands between this quote and the next like it.
    fn quoted(&mut self, quote: char) -> Result<String, ParseFault> {
        let mut chars = self.rest.chars();
        chars.next();
        let mut text = String::new();
        loop {
            match chars.next().ok_or(ParseFault::End)? {
                c if c == quote => break,
                '\\' => text.push(escape::read(&mut chars)?),
                c => text.push(c),
            }
        }
        self.rest = chars.as_str();
        Ok(text)
    }

    fn character(&mut self) -> Result<Token<'a>, ParseFault> {
        let mut chars = self.rest.chars();
        chars.next();
        let value = match chars.next().ok_or(ParseFault::End)? {
            '\\' => escape::read(&mut chars)?,
            c => c,
        };
        self.rest = chars.as_str();
        Ok(Token::Number(Number::Integer(u32::from(value).into())))
    }

    fn mark(&mut self, first: char) -> Result<Token<'a>, ParseFault> {
        if !self.rest.starts_with("<<") {
            for (opening, kind) in IDENTIFIERS {
                if let Some(identifier) = Identifier::take(&mut self.rest, opening, kind)? {
                    return Ok(Token::Identifier(identifier));
                }
            }
        }
        for printed in ["#Fun<", "#Local<"] {
            if self.rest.starts_with(printed) {
                return Err(ParseFault::Unreadable(format!("{printed}...>")));
            }
        }
        for mark in MARKS {
            if let Some(rest) = self.rest.strip_prefix(mark) {
                self.rest = rest;
                return Ok(Token::Mark(mark));
            }
        }
        Err(ParseFault::Unexpected(first.to_string()))
    }
}

impl Token<'_> {
    /// The token as an error names it.
    pub(super) fn misplaced(&self) -> ParseFault {
        ParseFault::Unexpected(match self {
            Self::End => return ParseFault::End,
            Self::Atom(atom) => atom.to_string(),
            Self::Fun => "fun".to_owned(),
            Self::Number(number) => number.to_string(),
            Self::String(_) => "a string".to_owned(),
            Self::Mark(mark) => (*mark).to_owned(),
            Self::Identifier(identifier) => identifier.text.to_owned(),
        })
    }
}
