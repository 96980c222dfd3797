//! Terms and calls that are given as text: on the command line, or by `-` on standard input.

use std::borrow::Cow;
use std::io::{self, Read as _};

use beamport_term::text::Call;
use beamport_term::{Atom, Limits, ParseError, Parser, Syntax, Term};
use clap::ValueEnum;

use crate::failure::{Code, Failure};

/// The most that is read from standard input, in bytes.
const MAX_INPUT: u64 = 64 << 20;

/// The flag for a syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SyntaxChoice {
    /// Whichever it is
    Auto,
    /// {ok, <<"text">>}
    Erlang,
    /// {:ok, "text"}
    Elixir,
}

/// The text of an argument, or what standard input brings if that is `-`.
pub(crate) fn text(argument: &str) -> Result<Cow<'_, str>, Failure> {
    if argument != "-" {
        return Ok(argument.into());
    }
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(MAX_INPUT)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("cannot read standard input: {error}")))?;
    Ok(text.into())
}

/// Reads a call, and tells in which syntax to answer.
pub(crate) fn call(text: &str, choice: SyntaxChoice) -> Result<(Call, Syntax), Failure> {
    let (call, syntax) = parser()
        .parse_any_call(text)
        .map_err(|error| wrong(text, &error))?;
    Ok((call, choice.chosen().unwrap_or(syntax)))
}

/// Reads a term, and tells in which syntax to answer.
///
/// What both languages can read is Erlang: `"text"` is a list, unless Elixir is chosen.
pub(crate) fn term(text: &str, choice: SyntaxChoice) -> Result<(Term, Syntax), Failure> {
    let read = |syntax| parser().syntax(syntax).parse(text);
    if let Some(syntax) = choice.chosen() {
        let term = read(syntax).map_err(|error| wrong(text, &error))?;
        return Ok((term, syntax));
    }
    match (read(Syntax::Erlang), read(Syntax::Elixir)) {
        (Ok(term), _) => Ok((term, Syntax::Erlang)),
        (Err(_), Ok(term)) => Ok((term, Syntax::Elixir)),
        (Err(erlang), Err(elixir)) => {
            // The language is the one in which more of it makes sense; to Erlang, what follows a `%` is a comment.
            let is_map = text.trim_start().starts_with('%');
            let error = if is_map || erlang.offset < elixir.offset {
                elixir
            } else {
                erlang
            };
            Err(wrong(text, &error))
        }
    }
}

impl SyntaxChoice {
    fn chosen(self) -> Option<Syntax> {
        match self {
            Self::Auto => None,
            Self::Erlang => Some(Syntax::Erlang),
            Self::Elixir => Some(Syntax::Elixir),
        }
    }
}

/// Reads the name that a process is registered by: an atom as it is, in quotes or not. One that begins with a capital
/// is a module of Elixir's.
pub(crate) fn registered_name(text: &str) -> Result<Atom, Failure> {
    let quoted = text.strip_prefix(['\'', ':']);
    if quoted.is_some() {
        let text = text.strip_prefix(':').unwrap_or(text);
        let term = parser().parse(text).map_err(|error| wrong(text, &error))?;
        return match term {
            Term::Atom(name) => Ok(name),
            _ => Err(Failure::usage(format!(
                "{text} is no atom, which the name of a process is"
            ))),
        };
    }
    let name = if text.starts_with(|c: char| c.is_ascii_uppercase()) && !text.starts_with("Elixir.")
    {
        format!("Elixir.{text}")
    } else {
        text.to_owned()
    };
    Atom::new(&name).map_err(|error| Failure::new(Code::Usage, error))
}

fn parser() -> Parser {
    Parser::new(Limits {
        bytes: MAX_INPUT as usize,
        ..Limits::default()
    })
}

fn wrong(text: &str, error: &ParseError) -> Failure {
    Failure::usage(shown(text, error))
}

/// What is wrong with a text, with the line and a caret under the place.
fn shown(text: &str, error: &ParseError) -> String {
    let offset = text.floor_char_boundary(error.offset);
    let (before, after) = text.split_at(offset);
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    let begun = before.get(begin..).unwrap_or_default();
    let rest = after.split('\n').next().unwrap_or_default();
    // Of long lines, what is around the place.
    let begun: String = {
        let skipped = begun.chars().count().saturating_sub(60);
        begun.chars().skip(skipped).collect()
    };
    let rest: String = rest.chars().take(40).collect();
    let caret = begun.chars().count();
    format!(
        "{}\n  {}{}\n  {:caret$}^",
        error.fault,
        printable(&begun),
        printable(&rest),
        ""
    )
}

/// Control characters would move the caret, or worse.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(text: &str) -> String {
        shown(text, &parser().parse_any_call(text).unwrap_err())
    }

    #[test]
    fn a_caret_is_under_the_place() {
        let said = complaint("lists:seq(1, Two)");
        assert!(
            said.contains(
                "Two is a variable; 'Two' would be an atom\n  lists:seq(1, Two)\n               ^"
            ),
            "{said}"
        );
    }

    #[test]
    fn of_several_and_long_lines_the_place_is_shown() {
        let said = complaint(&format!(
            "lists:seq(1,\n {}\u{E9}, Two, {})",
            "a".repeat(100),
            "b".repeat(100)
        ));
        let lines: Vec<_> = said.lines().collect();
        let at = lines.iter().position(|line| line.trim() == "^").unwrap();
        let column = lines[at].chars().count() - 1;
        let under: String = lines[at - 1].chars().skip(column).take(3).collect();
        assert_eq!(under, "Two");
        assert!(lines[at - 1].chars().count() < 120);
    }

    #[test]
    fn terms_are_read_in_the_syntax_that_they_are_in() {
        let read =
            |text, choice| term(text, choice).map(|(term, syntax)| (term.to_string(), syntax));
        for (text, choice, same, syntax) in [
            (
                "{ok, \"a\"}",
                SyntaxChoice::Auto,
                "{ok,\"a\"}",
                Syntax::Erlang,
            ),
            (
                "{:ok, \"a\"}",
                SyntaxChoice::Auto,
                "{ok,<<\"a\">>}",
                Syntax::Elixir,
            ),
            ("\"a\"", SyntaxChoice::Auto, "\"a\"", Syntax::Erlang),
            ("\"a\"", SyntaxChoice::Elixir, "<<\"a\">>", Syntax::Elixir),
        ] {
            assert_eq!(
                read(text, choice).unwrap(),
                (same.to_owned(), syntax),
                "{text}"
            );
        }
        assert!(read("{:ok}", SyntaxChoice::Erlang).is_err());
        let said = format!(
            "{:?}",
            read("%{a: 1, b: }", SyntaxChoice::Auto).unwrap_err()
        );
        assert!(said.contains("\n  %{a: 1, b: }\n             ^"), "{said}");
    }

    #[test]
    fn names_of_processes_are_atoms_of_either_language() {
        let name = |text| registered_name(text).unwrap().as_str().to_owned();
        assert_eq!(name("kernel_sup"), "kernel_sup");
        assert_eq!(name("'My proc'"), "My proc");
        assert_eq!(name(":rex"), "rex");
        assert_eq!(name("My.Server"), "Elixir.My.Server");
        assert_eq!(name("Elixir.My.Server"), "Elixir.My.Server");
        assert_eq!(name("'My'"), "My");
        assert!(registered_name(&"x".repeat(256)).is_err());
    }
}
