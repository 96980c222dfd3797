//! Elixir syntax, as `inspect/2` prints it on one line.

mod atom;
mod leaf;
mod open;

use std::fmt::{self, Write};

use crate::{Atom, Term};
use open::Open;

pub(super) use atom::operators;

/// How terms are printed in Elixir syntax: binaries that are text as strings, lists that are ASCII as `~c""`,
/// keyword lists, atom keys and structs as one writes them, all on one line.
///
/// Structs that have an `Inspect` of their own, such as dates and ranges, are printed as the structs that they are.
///
/// ```
/// use beamport_term::{Elixir, Term};
///
/// let term: Term = "{ok, #{name => <<\"Ann\">>, mod => 'Elixir.My.App'}, [{a, nil}, {b, \"x\"}]}".parse()?;
/// assert_eq!(
///     Elixir::new().of(&term).to_string(),
///     r#"{:ok, %{name: "Ann", mod: My.App}, [a: nil, b: ~c"x"]}"#,
/// );
/// # Ok::<(), beamport_term::ParseError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Elixir {
    node: Option<Atom>,
}

impl Elixir {
    /// Pids, ports and references name their node.
    pub fn new() -> Self {
        Self::default()
    }

    /// To print what lives at this node as the node itself does: `#PID<0.42.0>`.
    #[must_use]
    pub fn at(self, node: Atom) -> Self {
        Self { node: Some(node) }
    }

    /// A term, to be printed this way.
    pub fn of<'a>(&'a self, term: &'a Term) -> ElixirText<'a> {
        ElixirText { style: self, term }
    }
}

/// A term with a way to print it; see [`Elixir::of`].
#[derive(Clone, Copy)]
pub struct ElixirText<'a> {
    style: &'a Elixir,
    term: &'a Term,
}

impl fmt::Display for ElixirText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.term, self.style, f)
    }
}

/// Writes a term, with a stack of its own: it may be nested deeper than the thread's stack is.
fn write(term: &Term, style: &Elixir, out: &mut impl Write) -> fmt::Result {
    if leaf::write(term, style, out)? {
        return Ok(());
    }
    let mut open = vec![Open::new(term, out)?];
    while let Some(innermost) = open.last_mut() {
        match innermost.next(out)? {
            Some(part) if !leaf::write(part, style, out)? => open.push(Open::new(part, out)?),
            Some(_) => {}
            None => {
                open.pop();
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspect(text: &str) -> String {
        let term: Term = text.parse().unwrap();
        Elixir::new().of(&term).to_string()
    }

    #[test]
    fn every_type_has_its_syntax() {
        for (erlang, elixir) in [
            ("nil", "nil"),
            ("true", "true"),
            ("ok", ":ok"),
            ("'Ok'", ":Ok"),
            ("'ok?'", ":ok?"),
            ("'a b'", ":\"a b\""),
            ("'=='", ":=="),
            ("['=>', '::', '->', '..']", "[:\"=>\", :\"::\", :->, :..]"),
            ("['a\\x{1}', '\\x{85}']", "[:\"a\\x01\", :\"\\x{85}\"]"),
            ("'Elixir.Foo.Bar'", "Foo.Bar"),
            ("'Elixir.foo'", ":\"Elixir.foo\""),
            ("'Elixir'", "Elixir"),
            ("-5", "-5"),
            ("1.5e300", "1.5e300"),
            ("<<>>", "\"\""),
            ("<<\"h\\\"i#{x} é\\n\"/utf8>>", "\"h\\\"i\\#{x} é\\n\""),
            ("<<0,255>>", "<<0, 255>>"),
            ("<<1,5:3>>", "<<1, 5::size(3)>>"),
            ("<<5:3>>", "<<5::size(3)>>"),
            ("[]", "[]"),
            ("\"abc\"", "~c\"abc\""),
            ("[1,2]", "[1, 2]"),
            ("[300,2|x]", "[300, 2 | :x]"),
            ("[1|2]", "[1 | 2]"),
            ("{}", "{}"),
            ("{a,{b}}", "{:a, {:b}}"),
            ("[{a,1},{'b c',[]}]", "[a: 1, \"b c\": []]"),
            ("[{a,1},{b,2,3}]", "[{:a, 1}, {:b, 2, 3}]"),
            ("[{a,1}|b]", "[{:a, 1} | :b]"),
            ("[{'Elixir.A',1}]", "[{A, 1}]"),
            ("#{}", "%{}"),
            ("#{a => 1, b => #{}}", "%{a: 1, b: %{}}"),
            ("#{a => 1, 2 => b}", "%{:a => 1, 2 => :b}"),
            (
                "#{'__struct__' => 'Elixir.My.User', name => <<\"x\">>}",
                "%My.User{name: \"x\"}",
            ),
            (
                "#{'__struct__' => nope, name => 1}",
                "%{__struct__: :nope, name: 1}",
            ),
            ("#{'__struct__' => 'Elixir.Empty'}", "%Empty{}"),
            ("fun lists:map/2", "&:lists.map/2"),
            ("fun 'Elixir.Enum':map/2", "&Enum.map/2"),
            (
                "[fun m:'Foo'/1, fun m:'..'/1, fun m:'::'/2]",
                "[&:m.\"Foo\"/1, &:m.\"..\"/1, &:m.::/2]",
            ),
        ] {
            assert_eq!(inspect(erlang), elixir);
        }
    }

    #[test]
    fn identifiers_have_the_names_of_elixir() {
        let parser = crate::Parser::default().at(crate::atom!("a@b"), 1);
        let term = parser
            .parse("{<0.1.2>, #Ref<0.3.2.1>, #Port<0.7>}")
            .unwrap();
        assert_eq!(
            Elixir::new().of(&term).to_string(),
            "{#PID<a@b.1.2>, #Reference<a@b.3.2.1>, #Port<a@b.7>}"
        );
        let at = Elixir::new().at(crate::atom!("a@b"));
        assert_eq!(
            at.of(&term).to_string(),
            "{#PID<0.1.2>, #Reference<0.3.2.1>, #Port<0.7>}"
        );
    }

    #[test]
    fn depth_does_not_matter() {
        let deep = (0..300_000).fold(Term::from(1), |term, _| Term::tuple([term]));
        assert_eq!(Elixir::new().of(&deep).to_string().len(), 600_001);
    }
}
