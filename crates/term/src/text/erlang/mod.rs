//! Erlang syntax, as `~tw` and `~tp` print it.

mod flat;
mod leaf;
mod pretty;
mod printable;
pub(super) mod quote;

use std::fmt;

use crate::{Atom, Term};

/// How terms are printed in Erlang syntax.
///
/// | | as | for |
/// |---|---|---|
/// | [`Erlang::WRITTEN`] | `~tw` | machines: strings are lists of numbers |
/// | [`Erlang::LINE`] | `~0tp` | people, on one line; `{}` of a [`Term`] |
/// | [`Erlang::PRETTY`] | `~tp` | people, in lines of 80 columns; `{:#}` of a [`Term`] |
///
/// Pids, ports and references name their node, `<rabbit@host.42.0>`, because the number that a VM prints in its
/// place means nothing outside that VM; [`Erlang::at`] prints those of one node as that node itself does.
///
/// ```
/// use beamport_term::{Erlang, Term, atom};
///
/// let term = Term::from((atom!("ok"), Term::charlist("ab"), "cd"));
/// assert_eq!(Erlang::WRITTEN.of(&term).to_string(), "{ok,[97,98],<<99,100>>}");
/// assert_eq!(Erlang::LINE.of(&term).to_string(), r#"{ok,"ab",<<"cd">>}"#);
/// ```
#[derive(Debug, Clone)]
pub struct Erlang {
    strings: bool,
    unicode: bool,
    width: Option<usize>,
    node: Option<Atom>,
}

impl Erlang {
    /// On one line, with strings as numbers: `~tw`.
    pub const WRITTEN: Self = Self {
        strings: false,
        unicode: true,
        width: None,
        node: None,
    };

    /// On one line, with strings as text: `~0tp`.
    pub const LINE: Self = Self {
        strings: true,
        ..Self::WRITTEN
    };

    /// In lines of 80 columns, with strings as text: `~tp`.
    pub const PRETTY: Self = Self {
        width: Some(80),
        ..Self::LINE
    };

    /// In lines of so many columns.
    #[must_use]
    pub fn width(self, columns: usize) -> Self {
        Self {
            width: Some(columns),
            ..self
        }
    }

    /// To take only Latin-1 for text, as a VM does that was not started with `+pc unicode`.
    #[must_use]
    pub fn latin1(self) -> Self {
        Self {
            unicode: false,
            ..self
        }
    }

    /// To print what lives at this node as the node itself does: `<0.42.0>`.
    #[must_use]
    pub fn at(self, node: Atom) -> Self {
        Self {
            node: Some(node),
            ..self
        }
    }

    /// A term, to be printed this way.
    pub fn of<'a>(&'a self, term: &'a Term) -> ErlangText<'a> {
        ErlangText { style: self, term }
    }
}

/// A term with a way to print it; see [`Erlang::of`].
#[derive(Clone, Copy)]
pub struct ErlangText<'a> {
    style: &'a Erlang,
    term: &'a Term,
}

impl fmt::Display for ErlangText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style.width {
            None => flat::write(self.term, self.style, f),
            Some(width) => pretty::write(self.term, self.style, width, f),
        }
    }
}

/// [`Erlang::LINE`], or with `{:#}` [`Erlang::PRETTY`].
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = if f.alternate() {
            Erlang::PRETTY
        } else {
            Erlang::LINE
        };
        fmt::Display::fmt(&style.of(self), f)
    }
}

/// As in Erlang source, in quotes where it needs them.
impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quote::atom(self.as_str(), f)
    }
}
