//! What is wrong with text that is no term.

use crate::{AtomError, NotFinite};

/// Why text could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} (at byte {offset})")]
pub struct ParseError {
    /// How many bytes of the text come before what is wrong.
    pub offset: usize,
    /// What is wrong with it.
    pub fault: ParseFault,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFault {
    /// The text ends where more was to come.
    #[error("the text ends before the term does")]
    End,
    /// This cannot stand here.
    #[error("{0} cannot stand here")]
    Unexpected(String),
    /// A name that begins with a capital or an underscore.
    #[error("{0} is a variable; '{0}' would be an atom")]
    Variable(String),
    /// A name that Elixir would look up.
    #[error("{0} is a variable or a function; :{0} would be an atom")]
    Name(String),
    /// A key of Elixir whose value follows without a blank.
    #[error("a key and its value need a blank between them, `{0}: value`")]
    Key(String),
    /// Elixir's `#{...}` between quotes.
    #[error("text with #{{...}} in it would have to be computed; \\#{{...}} is the text itself")]
    Interpolation,
    /// No call, in a syntax that one could tell.
    #[error("a call is written lists:seq(1, 3) in Erlang, Enum.sum([1, 2]) in Elixir")]
    NoCall,
    /// An atom that cannot be.
    #[error(transparent)]
    Atom(#[from] AtomError),
    /// A float that cannot be.
    #[error(transparent)]
    Float(#[from] NotFinite),
    /// An integer whose digits are not those of its base, or whose base is not 2 to 36.
    #[error("this is no number")]
    Number,
    /// An integer of more than [`Parser::MAX_DIGITS`](super::Parser::MAX_DIGITS) digits.
    #[error(
        "an integer of more than {} digits is read only in base 16",
        super::Parser::MAX_DIGITS
    )]
    TooManyDigits,
    /// `\` with nothing it could mean, or a code that is no character.
    #[error("this is no character")]
    Character,
    /// A segment of a binary whose size, type or value does not go with the others.
    #[error("this is no segment of a binary")]
    Segment,
    /// A pid, port or reference of a node of which no incarnation is known.
    #[error("it is not known where {0} lives")]
    Elsewhere(String),
    /// What has no syntax: a closure, a term in a VM's private format.
    #[error("{0} is only printed, it cannot be read")]
    Unreadable(String),
    /// Nested deeper than [`Limits::depth`](crate::Limits::depth).
    #[error("the term is nested deeper than {0} levels")]
    TooDeep(usize),
    /// Longer than [`Limits::bytes`](crate::Limits::bytes).
    #[error("the text takes more than {0} bytes")]
    TooLarge(usize),
    /// Made of more terms than [`Limits::elements`](crate::Limits::elements).
    #[error("the term is made of more than {0} terms")]
    TooManyElements(usize),
}
