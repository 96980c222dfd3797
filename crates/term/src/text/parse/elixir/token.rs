//! Words, marks and quoted text.

use super::quoted::{self, Quotes};
use super::sigil;
use crate::text::elixir::operators;
use crate::text::parse::identifier::{Identifier, Kind};
use crate::text::parse::{Number, ParseFault};
use crate::{Atom, Term};

/// A word of the syntax.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    /// `:ok`, `nil`, `My.App`
    Atom(Atom),
    /// `name:`, before a value.
    Key(Atom),
    Number(Number),
    /// What stands between double quotes.
    String(Vec<u8>),
    /// What stands between single quotes.
    Charlist(String),
    /// The elements of `~w()`.
    Words(Vec<Term>),
    /// `%{`, `=>`, `<<` and their like.
    Mark(&'static str),
    /// `#PID<0.1.2>` and its like.
    Identifier(Identifier<'a>),
    End,
}

/// Longer ones first.
const MARKS: [&str; 21] = [
    "=>", "<<", ">>", "::", "%{", "{", "}", "[", "]", "(", ")", ",", "|", ":", "/", ".", "-", "+",
    "%", "&", "=",
];

/// What the words for processes and their like begin with.
const IDENTIFIERS: [(&str, Kind); 3] = [
    ("#PID<", Kind::Pid),
    ("#Port<", Kind::Port),
    ("#Reference<", Kind::Reference),
];

/// What is printed of terms that cannot be read.
const PRINTED: [&str; 2] = ["#Function<", "#Local<"];

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
        if let Some(key) = self.operator_key() {
            return Ok(Token::Key(Atom::from_input(key.as_bytes())?));
        }
        match first {
            '0'..='9' => Number::elixir(&mut self.rest).map(Token::Number),
            '"' => self.string(),
            '\'' => self.charlist(),
            ':' if !self.rest.starts_with("::") => self.atom(),
            '?' => {
                self.skip(first);
                let code = quoted::character(&mut self.rest)?;
                Ok(Token::Number(Number::Integer(code.into())))
            }
            '~' => {
                self.skip(first);
                sigil::read(&mut self.rest)
            }
            c if starts_name(c) => self.word(),
            _ => self.mark(first),
        }
    }

    /// The name of a function behind the point that follows its module, and before what is accepted.
    pub(super) fn function(&mut self, accept: fn(&str) -> bool) -> Result<Atom, ParseFault> {
        let first = self.rest.chars().next().ok_or(ParseFault::End)?;
        if first == '"' {
            self.skip(first);
            let name = Quotes::new('"').take_text(&mut self.rest)?;
            return Ok(Atom::from_input(name.as_bytes())?);
        }
        let name = if starts_name(first) {
            self.name()
        } else {
            self.operator(accept)
                .ok_or_else(|| ParseFault::Unexpected(first.to_string()))?
        };
        Ok(Atom::from_input(name.as_bytes())?)
    }

    /// The name of a size or type of a segment, if one comes next.
    pub(super) fn modifier(&mut self) -> Option<&'a str> {
        self.skip_blanks();
        if !self.rest.starts_with(|c: char| c.is_ascii_lowercase()) {
            return None;
        }
        Some(self.take_while(|c| c.is_ascii_alphanumeric()))
    }

    /// Blanks and comments; what looks like a comment and is a pid is none.
    fn skip_blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
            let mut openings = IDENTIFIERS
                .iter()
                .map(|(opening, _)| opening)
                .chain(&PRINTED);
            if !self.rest.starts_with('#') || openings.any(|opening| self.rest.starts_with(opening))
            {
                return;
            }
            self.take_while(|c| c != '\n');
        }
    }

    fn skip(&mut self, c: char) {
        self.rest = self.rest.strip_prefix(c).unwrap_or(self.rest);
    }

    fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !belongs(c)).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes an operator that is a key, with its colon: `+: 1`.
    fn operator_key(&mut self) -> Option<&'static str> {
        /// As long as the longest operator.
        const LONGEST: usize = 4;
        let rest_from = |at: usize| self.rest.get(at..).unwrap_or_default();
        let colon = (1..=LONGEST).find(|at| starts_value(rest_from(*at)))?;
        let key = operators().find(|operator| self.rest.get(..colon) == Some(operator))?;
        self.take(colon);
        self.skip(':');
        Some(key)
    }

    /// Takes the longest operator that comes before what is accepted.
    fn operator(&mut self, accept: fn(&str) -> bool) -> Option<&'static str> {
        let (operator, rest) = operators()
            .filter_map(|operator| Some((operator, self.rest.strip_prefix(operator)?)))
            .filter(|(_, rest)| accept(rest))
            .max_by_key(|(operator, _)| operator.len())?;
        self.rest = rest;
        Some(operator)
    }

    /// `name`, `name?`, `name!`
    fn name(&mut self) -> &'a str {
        let text = self.rest;
        let word = self.take_while(in_name);
        let end = match self.rest.chars().next() {
            Some('?' | '!') => word.len() + 1,
            _ => word.len(),
        };
        self.rest = text;
        self.take(end)
    }

    /// Takes the colon that makes what stands before it a key, if it is there.
    fn is_key(&mut self) -> bool {
        let is_key = starts_value(self.rest);
        if is_key {
            self.skip(':');
        }
        is_key
    }

    fn word(&mut self) -> Result<Token<'a>, ParseFault> {
        let text = self.rest;
        let name = self.name();
        if self.is_key() {
            return Ok(Token::Key(Atom::from_input(name.as_bytes())?));
        }
        if name.starts_with(|c: char| c.is_ascii_uppercase()) {
            self.rest = text;
            return self.alias();
        }
        match name {
            "nil" | "true" | "false" => Ok(Token::Atom(Atom::from_input(name.as_bytes())?)),
            _ if self.rest.starts_with(':') && !self.rest.starts_with("::") => {
                Err(ParseFault::Key(name.to_owned()))
            }
            _ => Err(ParseFault::Name(name.to_owned())),
        }
    }

    /// `My.App`
    fn alias(&mut self) -> Result<Token<'a>, ParseFault> {
        let mut name = String::from("Elixir");
        loop {
            match self.take_while(|c| c.is_ascii_alphanumeric() || c == '_') {
                "Elixir" if name == "Elixir" => {}
                word => {
                    name.push('.');
                    name += word;
                }
            }
            match self.rest.strip_prefix('.') {
                Some(rest) if rest.starts_with(|c: char| c.is_ascii_uppercase()) => {
                    self.rest = rest;
                }
                _ => break,
            }
        }
        Ok(Token::Atom(Atom::from_input(name.as_bytes())?))
    }

    fn atom(&mut self) -> Result<Token<'a>, ParseFault> {
        self.skip(':');
        let first = self.rest.chars().next().ok_or(ParseFault::End)?;
        let atom = match first {
            '"' | '\'' => {
                self.skip(first);
                let name = Quotes::new(first).take_text(&mut self.rest)?;
                return Ok(Token::Atom(Atom::from_input(name.as_bytes())?));
            }
            c if starts_name(c) => self.name(),
            _ => self
                .operator(|_| true)
                .ok_or_else(|| ParseFault::Unexpected(":".to_owned()))?,
        };
        Ok(Token::Atom(Atom::from_input(atom.as_bytes())?))
    }

    /// `"text"`, or the key `"text":`.
    fn string(&mut self) -> Result<Token<'a>, ParseFault> {
        self.skip('"');
        let bytes = Quotes::new('"').take(&mut self.rest)?;
        if self.is_key() {
            return Ok(Token::Key(Atom::from_input(&bytes)?));
        }
        Ok(Token::String(bytes))
    }

    fn charlist(&mut self) -> Result<Token<'a>, ParseFault> {
        self.skip('\'');
        let text = Quotes::new('\'').take_text(&mut self.rest)?;
        if self.is_key() {
            return Ok(Token::Key(Atom::from_input(text.as_bytes())?));
        }
        Ok(Token::Charlist(text))
    }

    fn mark(&mut self, first: char) -> Result<Token<'a>, ParseFault> {
        for (opening, kind) in IDENTIFIERS {
            if let Some(identifier) = Identifier::take(&mut self.rest, opening, kind)? {
                return Ok(Token::Identifier(identifier));
            }
        }
        for printed in PRINTED {
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

/// Whether this is the colon of a key, with the blank before the value.
fn starts_value(rest: &str) -> bool {
    rest.strip_prefix(':')
        .is_some_and(|value| value.starts_with([' ', '\t', '\n', '\r']))
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@')
}

impl Token<'_> {
    /// The token as an error names it.
    pub(super) fn misplaced(&self) -> ParseFault {
        ParseFault::Unexpected(match self {
            Self::End => return ParseFault::End,
            Self::Atom(atom) => atom.to_string(),
            Self::Key(key) => format!("{key}:"),
            Self::Number(number) => number.to_string(),
            Self::String(_) => "a string".to_owned(),
            Self::Charlist(_) => "a charlist".to_owned(),
            Self::Words(_) => "a list of words".to_owned(),
            Self::Mark(mark) => (*mark).to_owned(),
            Self::Identifier(identifier) => identifier.text.to_owned(),
        })
    }
}
