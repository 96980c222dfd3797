//! Terms read from text.

mod elixir;
mod erlang;
mod error;
mod identifier;
mod number;
mod segment;
mod stack;

use std::str::FromStr;

use crate::{Atom, Limits, Term};
use number::Number;

pub use error::{ParseError, ParseFault};

/// Reads terms and calls in the syntax of [Erlang](Syntax::Erlang), or that of [Elixir](Syntax::Elixir).
///
/// No variables, no operators other than a sign, no calls in calls: text is data.
///
/// ```
/// use beamport_term::{Parser, Syntax, Term, atom};
///
/// let term: Term = "{ok, [1, 16#FF], #{name => <<\"é\"/utf8>>}}.".parse()?;
/// assert_eq!(term.tagged("ok").map(|rest| rest.len()), Some(2));
///
/// let elixir = Parser::default().syntax(Syntax::Elixir);
/// assert_eq!(elixir.parse("{:ok, [1, 0xFF], %{name: \"é\"}}")?, term);
///
/// let error = "[1, Two]".parse::<Term>().unwrap_err();
/// assert_eq!(error.to_string(), "Two is a variable; 'Two' would be an atom (at byte 4)");
/// # Ok::<(), beamport_term::ParseError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Parser {
    limits: Limits,
    syntax: Syntax,
    node: Option<(Atom, u32)>,
}

/// A language to write terms in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Syntax {
    /// What `file:consult/1` and `~tw` have in common, and what they have not:
    ///
    /// - atoms, quoted or not; integers in any base, with underscores; floats; characters (`$a`); strings, of which
    ///   adjacent ones are one; tuples, lists, maps, binaries and bit strings with sizes and types; comments;
    /// - `fun lists:map/2`;
    /// - `<0.42.0>`, `#Port<0.7>` and `#Ref<0.1.2.3>`, if it is known [where](Parser::at) they live.
    ///
    /// A full stop at the end may be left out. In a call the module may be `Elixir.My.App`, without quotes.
    #[default]
    Erlang,
    /// What [`Elixir`](crate::Elixir) prints, and more:
    ///
    /// - atoms (`:ok`, `:"a b"`, `nil`, `My.App`), integers (`1_000`, `0xFF`, `0o17`, `0b11`, `?a`), floats;
    /// - strings and charlists without `#{}`, `~s`, `~c` and `~w` with any delimiters;
    /// - lists, keyword lists, tuples, maps and structs, which become the maps that they are; of keys that come
    ///   again in a map, the last counts;
    /// - binaries and bit strings with sizes and types (`<<1, 5::size(3), "é">>`);
    /// - `&Enum.map/2`;
    /// - `#PID<0.42.0>`, `#Port<0.7>` and `#Reference<0.1.2.3>`, if it is known [where](Parser::at) they live.
    ///
    /// A call without arguments may go without parentheses; its last arguments may be `key: value`.
    Elixir,
}

impl Parser {
    /// The most digits of an integer that are read, except in base 16, where any number is.
    ///
    /// The time it takes to read them grows with the square of their number.
    pub const MAX_DIGITS: usize = 10_000;

    /// The most bits that a segment of a binary may ask for by its size: `<<0:1024>>`.
    pub const MAX_SEGMENT_BITS: u32 = 1024;

    /// A parser with these limits; `bytes` is the length of the text.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// To read this syntax, which is Erlang's otherwise.
    #[must_use]
    pub fn syntax(self, syntax: Syntax) -> Self {
        Self { syntax, ..self }
    }

    /// To read pids, ports and references of this incarnation of a node, whether they name it or say `0` in
    /// its place, as the node itself would.
    #[must_use]
    pub fn at(self, node: Atom, creation: u32) -> Self {
        Self {
            node: Some((node, creation)),
            ..self
        }
    }

    /// Reads a term, and nothing after it.
    pub fn parse(&self, text: &str) -> Result<Term, ParseError> {
        self.measure(text)?;
        match self.syntax {
            Syntax::Erlang => erlang::Builder::new(self, text).term(),
            Syntax::Elixir => elixir::Builder::new(self, text).term(),
        }
    }

    /// Reads a call, `lists:seq(1, 3)` or, in Elixir's syntax, `:lists.seq(1, 3)`.
    pub fn parse_call(&self, text: &str) -> Result<Call, ParseError> {
        self.measure(text)?;
        match self.syntax {
            Syntax::Erlang => erlang::Builder::new(self, text).call(),
            Syntax::Elixir => elixir::Builder::new(self, text).call(),
        }
    }

    /// Reads a call in whichever syntax it is written, and tells in which.
    ///
    /// ```
    /// use beamport_term::{Parser, Syntax};
    ///
    /// let parser = Parser::default();
    /// let (call, syntax) = parser.parse_any_call("Enum.sum([1, 2])")?;
    /// assert_eq!(syntax, Syntax::Elixir);
    /// for erlang in ["'Elixir.Enum':sum([1, 2])", "Elixir.Enum:sum([1, 2])"] {
    ///     assert_eq!(parser.parse_any_call(erlang)?, (call.clone(), Syntax::Erlang));
    /// }
    /// # Ok::<(), beamport_term::ParseError>(())
    /// ```
    ///
    /// What is behind the module decides: a colon in Erlang, a point in Elixir. Text that is neither is
    /// [`NoCall`](ParseFault::NoCall); for any other mistake the error is that of the syntax it is in.
    pub fn parse_any_call(&self, text: &str) -> Result<(Call, Syntax), ParseError> {
        self.measure(text)?;
        let Some(syntax) = Syntax::of_call(text) else {
            let offset = text.len() - text.trim_start().len();
            let fault = ParseFault::NoCall;
            return Err(ParseError { offset, fault });
        };
        let call = self.clone().syntax(syntax).parse_call(text)?;
        Ok((call, syntax))
    }

    fn measure(&self, text: &str) -> Result<(), ParseError> {
        if text.len() > self.limits.bytes {
            let fault = ParseFault::TooLarge(self.limits.bytes);
            return Err(ParseError { offset: 0, fault });
        }
        Ok(())
    }
}

impl Syntax {
    /// The syntax that a call begins in.
    fn of_call(text: &str) -> Option<Self> {
        let text = text.trim_start();
        if text.starts_with('\'') {
            return Some(Self::Erlang);
        }
        if text.starts_with(':') {
            return Some(Self::Elixir);
        }
        let in_module = |c: char| c.is_alphanumeric() || matches!(c, '_' | '@' | '.');
        let rest = text.trim_start_matches(in_module);
        if rest.len() == text.len() {
            return None;
        }
        match rest.trim_start().chars().next() {
            Some(':') => Some(Self::Erlang),
            _ if text.starts_with(|c: char| c.is_ascii_uppercase()) => Some(Self::Elixir),
            _ => None,
        }
    }
}

/// A function by name, and what to call it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The module.
    pub module: Atom,
    /// The function.
    pub function: Atom,
    /// The arguments.
    pub arguments: Vec<Term>,
}

/// Within the default [`Limits`], without pids, ports and references.
impl FromStr for Term {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Parser::default().parse(text)
    }
}

#[cfg(test)]
mod tests;
