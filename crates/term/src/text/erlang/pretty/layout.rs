//! A term as text on one line, and where in it each part is.

use std::borrow::Cow;
use std::fmt::{self, Write};

use unicode_segmentation::UnicodeSegmentation;

use super::super::{Erlang, leaf};
use crate::Term;

/// The text of a term and its parts, each of which knows where it stands and how long it is.
pub(super) struct Layout {
    text: String,
    /// Parts come before what they are parts of; the whole is last.
    nodes: Vec<Node>,
    /// The parts of compound nodes, in turn.
    parts: Vec<usize>,
}

/// A part of a term.
#[derive(Clone, Copy)]
pub(super) struct Node {
    /// Where in the text it is, in bytes.
    start: usize,
    end: usize,
    /// In characters.
    pub(super) length: i64,
    pub(super) kind: Kind,
    /// Where in the list of parts its own are.
    first: usize,
    count: usize,
}

/// What a node is, as far as it matters for where lines can be broken.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Never broken.
    Atomic,
    /// A binary that is no text.
    Bytes,
    List,
    /// Whose last part is the tail.
    Improper,
    Tuple,
    /// A tuple of two or more, an atom first.
    Tagged,
    /// Whose parts are pairs.
    Map,
    /// A key and its value.
    Pair,
}

impl Node {
    pub(super) fn is_compound(&self) -> bool {
        self.kind != Kind::Atomic
    }
}

impl Layout {
    pub(super) fn of(term: &Term, style: &Erlang) -> Result<Self, fmt::Error> {
        let mut layout = Self {
            text: String::new(),
            nodes: Vec::new(),
            parts: Vec::new(),
        };
        let mut pending = Vec::new();
        let mut open: Vec<Open<'_>> = Vec::new();
        let mut next = Some(Cow::Borrowed(term));
        loop {
            if let Some(term) = next.take() {
                match layout.begin(term, style, pending.len())? {
                    Ok(node) => pending.push(node),
                    Err(begun) => open.push(begun),
                }
            }
            let Some(innermost) = open.last_mut() else {
                return Ok(layout);
            };
            if innermost.kind == Kind::Map && innermost.written.is_multiple_of(2) {
                layout.pair(innermost, &mut pending);
            }
            next = innermost.next(&mut layout.text)?;
            if next.is_none()
                && let Some(done) = open.pop()
            {
                let node = layout.close(&done, &mut pending);
                pending.push(node);
            }
        }
    }

    pub(super) fn root(&self) -> &Node {
        const EMPTY: &Node = &Node {
            start: 0,
            end: 0,
            length: 0,
            kind: Kind::Atomic,
            first: 0,
            count: 0,
        };
        self.nodes.last().unwrap_or(EMPTY)
    }

    pub(super) fn text(&self, node: &Node) -> &str {
        self.text.get(node.start..node.end).unwrap_or_default()
    }

    /// The parts of a node.
    pub(super) fn parts(&self, node: &Node) -> impl ExactSizeIterator<Item = &Node> + Clone {
        let parts = self.parts.get(node.first..node.first + node.count);
        parts
            .unwrap_or_default()
            .iter()
            .map(|part| self.nodes.get(*part).unwrap_or(self.root()))
    }

    /// Whether a node stays on its line even where others are broken: an atomic one, or a pair of such.
    pub(super) fn is_atomic(&self, node: &Node) -> bool {
        match node.kind {
            Kind::Atomic => true,
            Kind::Pair => self.parts(node).all(|part| part.kind == Kind::Atomic),
            _ => false,
        }
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Writes a whole term, or begins one.
    fn begin<'t>(
        &mut self,
        term: Cow<'t, Term>,
        style: &Erlang,
        base: usize,
    ) -> Result<Result<usize, Open<'t>>, fmt::Error> {
        let start = self.text.len();
        if let Cow::Borrowed(term) = term
            && let Some(open) = Open::new(term, style, start, base, &mut self.text)?
        {
            return Ok(Err(open));
        }
        leaf::write(&term, style, &mut self.text)?;
        let text = self.text.get(start..).unwrap_or_default();
        let bytes = matches!(&*term, Term::Binary(_) | Term::BitString(_))
            && text.starts_with('<')
            && text
                .get(2..)
                .is_some_and(|inside| inside.starts_with(|c: char| c.is_ascii_digit()));
        Ok(Ok(self.add(Node {
            start,
            end: self.text.len(),
            length: length(text),
            kind: if bytes { Kind::Bytes } else { Kind::Atomic },
            first: 0,
            count: 0,
        })))
    }

    /// Joins the last two parts of a map, if a value has just been written.
    fn pair(&mut self, map: &Open<'_>, pending: &mut Vec<usize>) {
        const ARROW: i64 = 4;
        if map.written == 0 {
            return;
        }
        let base = pending.len().saturating_sub(2);
        let key = pending.get(base).and_then(|key| self.nodes.get(*key));
        let start = key.map_or(0, |key| key.start);
        let node = self.compound(Kind::Pair, ARROW, start, base, pending);
        pending.push(node);
    }

    fn close(&mut self, open: &Open<'_>, pending: &mut Vec<usize>) -> usize {
        let brackets = if open.kind == Kind::Map { 3 } else { 2 };
        let separators = (pending.len() - open.base).saturating_sub(1) as i64;
        self.compound(
            open.kind,
            brackets + separators,
            open.start,
            open.base,
            pending,
        )
    }

    /// Makes a node of the pending ones from `base` on.
    fn compound(
        &mut self,
        kind: Kind,
        own: i64,
        start: usize,
        base: usize,
        pending: &mut Vec<usize>,
    ) -> usize {
        let first = self.parts.len();
        self.parts.extend(pending.drain(base..));
        let count = self.parts.len() - first;
        let mut node = Node {
            start,
            end: self.text.len(),
            length: own,
            kind,
            first,
            count,
        };
        let length: i64 = self.parts(&node).map(|part| part.length).sum();
        node.length += length;
        self.add(node)
    }
}

/// How many places a text takes: as many as it has characters, but if there are any beyond Latin-1, as many as
/// it has grapheme clusters. So `io_lib:chars_length/1`.
fn length(text: &str) -> i64 {
    let latin1 = text.chars().all(|c| u32::from(c) <= 0xFF);
    let count = if latin1 {
        text.chars().count()
    } else {
        text.graphemes(true).count()
    };
    count as i64
}

/// A term that has been begun.
struct Open<'t> {
    kind: Kind,
    start: usize,
    /// How many of the pending nodes are not its own.
    base: usize,
    rest: Rest<'t>,
    tail: Option<&'t Term>,
    written: usize,
}

enum Rest<'t> {
    Terms(std::slice::Iter<'t, Term>),
    Elements(crate::collection::ListIter<'t>),
}

impl<'t> Open<'t> {
    /// Begins a term that holds others and is no text.
    fn new(
        term: &'t Term,
        style: &Erlang,
        start: usize,
        base: usize,
        out: &mut String,
    ) -> Result<Option<Self>, fmt::Error> {
        let (kind, bracket, rest, tail) = match term {
            Term::List(list) if !list.is_empty() && style.text_of_list(list).is_none() => {
                let tail = list.tail();
                let kind = tail.map_or(Kind::List, |_| Kind::Improper);
                (kind, "[", Rest::Elements(list.iter()), tail)
            }
            Term::Tuple(tuple) if !tuple.is_empty() => {
                let tagged = matches!(&tuple[..], [Term::Atom(_), _, ..]);
                let kind = if tagged { Kind::Tagged } else { Kind::Tuple };
                (kind, "{", Rest::Terms(tuple.iter()), None)
            }
            Term::Map(map) if !map.is_empty() => {
                (Kind::Map, "#{", Rest::Terms(map.parts().iter()), None)
            }
            _ => return Ok(None),
        };
        out.write_str(bracket)?;
        Ok(Some(Self {
            kind,
            start,
            base,
            rest,
            tail,
            written: 0,
        }))
    }

    /// Writes what stands before the next part, or the end.
    fn next(&mut self, out: &mut String) -> Result<Option<Cow<'t, Term>>, fmt::Error> {
        let element = match &mut self.rest {
            Rest::Terms(terms) => terms.next().map(Cow::Borrowed),
            Rest::Elements(elements) => elements.next(),
        };
        let tail = match element {
            None => self.tail.take().map(Cow::Borrowed),
            Some(_) => None,
        };
        out.write_str(match (&element, &tail) {
            (None, Some(_)) => "|",
            (None, None) if matches!(self.kind, Kind::List | Kind::Improper) => "]",
            (None, None) => "}",
            _ if self.written == 0 => "",
            _ if self.kind == Kind::Map && self.written % 2 == 1 => " => ",
            _ => ",",
        })?;
        self.written += 1;
        Ok(element.or(tail))
    }
}
