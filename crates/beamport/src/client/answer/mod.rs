//! How an answer is printed: in Erlang's syntax or Elixir's, as JSON, or as the bytes that it is.

mod chars;
mod json;

use std::io::{IsTerminal as _, stdout};

use beamport_dist::FullName;
use beamport_term::{Elixir, Erlang, Syntax, Term};
use clap::Args;

use super::input::SyntaxChoice;
use super::output;
use crate::failure::Failure;

pub(crate) use chars::to_text;

/// The flags that say how an answer is printed.
#[derive(Debug, Args)]
pub(crate) struct AnswerOptions {
    /// The syntax of terms, read and printed; a call shows by itself in which it is [default: printed in that of
    /// the call]
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) syntax: SyntaxChoice,

    /// Print JSON: atoms and binaries as strings, tuples and lists as arrays, maps as objects, nil as null, what
    /// JSON has not as a string in Erlang's syntax
    #[arg(long, conflicts_with = "raw")]
    json: bool,

    /// Print text and iodata as the bytes that they are, without quotes; other terms as without this
    #[arg(long)]
    raw: bool,
}

impl AnswerOptions {
    /// Prints the answer of a node that was asked in `syntax`.
    pub(crate) fn print(
        &self,
        answer: &Term,
        syntax: Syntax,
        node: &FullName,
    ) -> Result<(), Failure> {
        if self.json {
            return output::line(json::print(answer));
        }
        if self.raw
            && let Some(mut bytes) = chars::to_bytes(answer)
        {
            if stdout().is_terminal() && !bytes.ends_with(b"\n") {
                bytes.push(b'\n');
            }
            return output::bytes(&bytes);
        }
        output::line(as_text(answer, syntax, node))
    }
}

/// A term as its node would print it, if it was started as most are: then lists of numbers beyond Latin-1 are no text.
pub(crate) fn as_text(term: &Term, syntax: Syntax, node: &FullName) -> String {
    let node = node.to_atom();
    match syntax {
        Syntax::Erlang => Erlang::PRETTY.latin1().at(node).of(term).to_string(),
        Syntax::Elixir => Elixir::new().at(node).of(term).to_string(),
    }
}
