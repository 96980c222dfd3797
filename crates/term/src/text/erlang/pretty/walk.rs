//! Going through a layout and deciding where lines end.
//!
//! The same walk is made up to three times: to see whether one indentation or another leaves enough room, and to
//! print. The conditions are those of `io_lib_pretty`, with its names for what they go by: the column (`col`),
//! how many closing brackets must follow on the line (`depth`), how much of the line is taken (`width`).

use std::fmt::{self, Write};

use super::Indent;
use super::layout::{Kind, Layout, Node};

/// Lines begin in column 1.
pub(super) const FIRST_COLUMN: i64 = 1;

/// What a walk is made for.
pub(super) trait Purpose {
    /// Takes text that goes to the end of the line.
    fn text(&mut self, text: &str) -> fmt::Result;

    /// Ends the line and indents the next.
    fn line(&mut self, indent: i64) -> fmt::Result;

    /// Whether it is enough to have this room behind the indentation of a tagged tuple.
    fn enough(&self, room: bool) -> fmt::Result;

    /// By how much more the width of a map is counted; it is counted otherwise when checking than when
    /// printing, in every OTP so far.
    const MAP: i64;
    /// Likewise whether the width taken before a map goes on being counted behind its first pair.
    const MAP_GOES_ON: bool;
    /// Likewise where a tail that gets its own line is taken to begin.
    const TAIL_IN_PLACE: bool;
}

/// To print.
pub(super) struct Print<'w, W>(pub(super) &'w mut W);

impl<W: Write> Purpose for Print<'_, W> {
    fn text(&mut self, text: &str) -> fmt::Result {
        self.0.write_str(text)
    }

    fn line(&mut self, indent: i64) -> fmt::Result {
        let indent = usize::try_from(indent).unwrap_or(0);
        write!(self.0, "\n{:indent$}", "")
    }

    fn enough(&self, _: bool) -> fmt::Result {
        Ok(())
    }

    const MAP: i64 = 1;
    const MAP_GOES_ON: bool = false;
    const TAIL_IN_PLACE: bool = false;
}

/// To see whether the indentation will do; fails if it does not.
pub(super) struct Check;

impl Purpose for Check {
    fn text(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }

    fn line(&mut self, _: i64) -> fmt::Result {
        Ok(())
    }

    fn enough(&self, room: bool) -> fmt::Result {
        room.then_some(()).ok_or(fmt::Error)
    }

    const MAP: i64 = 2;
    const MAP_GOES_ON: bool = true;
    const TAIL_IN_PLACE: bool = true;
}

/// A walk through a layout.
pub(super) struct Walk<'l> {
    layout: &'l Layout,
    line: i64,
    /// The most characters on a line beside its indentation: all of the term's.
    most: i64,
    indent: Indent,
    /// What is to be done, last first: a stack, so that no depth is too much.
    todo: Vec<Step<'l>>,
}

enum Step<'l> {
    Node(&'l Node, Place),
    Text(&'static str),
    Line(i64),
    Rest(Rest<'l>),
}

/// Where on a line a node goes.
#[derive(Clone, Copy)]
struct Place {
    col: i64,
    indent: i64,
    depth: i64,
    width: i64,
}

/// What is left of a compound node.
struct Rest<'l> {
    parts: Vec<&'l Node>,
    at: usize,
    /// The last part is the tail.
    improper: bool,
    /// Where lines begin.
    start: i64,
    place: Place,
}

impl Rest<'_> {
    /// How many closing brackets must follow the part at hand.
    fn depth(&self) -> i64 {
        let more = self.parts.len() - self.at - 1;
        if more > usize::from(self.improper) {
            0
        } else {
            self.place.depth + 1
        }
    }
}

impl<'l> Walk<'l> {
    pub(super) fn new(layout: &'l Layout, line: i64, indent: Indent) -> Self {
        let place = Place {
            col: FIRST_COLUMN,
            indent: FIRST_COLUMN - 1,
            depth: 0,
            width: 0,
        };
        Self {
            layout,
            line,
            most: layout.root().length,
            indent,
            todo: vec![Step::Node(layout.root(), place)],
        }
    }

    pub(super) fn run<P: Purpose>(mut self, purpose: &mut P) -> fmt::Result {
        while let Some(step) = self.todo.pop() {
            match step {
                Step::Text(text) => purpose.text(text)?,
                Step::Line(indent) => purpose.line(indent)?,
                Step::Node(node, place) => self.node(node, place, purpose)?,
                Step::Rest(rest) => self.rest(rest, purpose)?,
            }
        }
        Ok(())
    }

    fn fits(&self, node: &Node, place: Place) -> bool {
        let Place {
            col, depth, width, ..
        } = place;
        node.length < self.line - col - depth && node.length + width + depth <= self.most
    }

    fn node<P: Purpose>(&mut self, node: &'l Node, at: Place, purpose: &mut P) -> fmt::Result {
        if self.fits(node, at) {
            return purpose.text(self.layout.text(node));
        }
        let parts: Vec<&Node> = self.layout.parts(node).collect();
        let inside = |by| Place {
            col: at.col + by,
            indent: at.indent + by,
            width: at.width + 1,
            ..at
        };
        match node.kind {
            Kind::Atomic => purpose.text(self.layout.text(node)),
            Kind::Bytes => self.bytes(node, at, purpose),
            Kind::List | Kind::Improper => {
                self.todo.push(Step::Text("]"));
                self.first(parts, node.kind == Kind::Improper, inside(1));
                purpose.text("[")
            }
            Kind::Tuple => {
                self.todo.push(Step::Text("}"));
                self.first(parts, false, inside(1));
                purpose.text("{")
            }
            Kind::Tagged => {
                self.todo.push(Step::Text("}"));
                purpose.text("{")?;
                self.tagged(parts, inside(0), purpose)
            }
            Kind::Map => {
                self.todo.push(Step::Text("}"));
                let width = at.width + P::MAP;
                self.pairs::<P>(parts, Place { width, ..inside(2) });
                purpose.text("#{")
            }
            Kind::Pair => {
                let by = match self.indent {
                    Indent::BehindTag => 4,
                    Indent::By(by) => by,
                };
                if let [key, value] = parts[..] {
                    let place = Place {
                        width: 0,
                        ..inside(by)
                    };
                    self.todo.extend([
                        Step::Node(value, place),
                        Step::Line(place.indent),
                        Step::Text(" =>"),
                        Step::Node(key, at),
                    ]);
                }
                Ok(())
            }
        }
    }

    /// How far a part goes on its line, if others may follow it there: all of the line if none may.
    fn extent(&self, part: &Node, place: Place) -> i64 {
        if self.layout.is_atomic(part) && self.fits(part, place) {
            part.length
        } else {
            self.line
        }
    }

    /// The first of some parts, and then the others, on lines that begin where it does.
    fn first(&mut self, parts: Vec<&'l Node>, improper: bool, place: Place) {
        self.begin(parts, improper, place, true);
    }

    fn pairs<P: Purpose>(&mut self, parts: Vec<&'l Node>, place: Place) {
        self.begin(parts, false, place, P::MAP_GOES_ON);
    }

    fn begin(&mut self, parts: Vec<&'l Node>, improper: bool, place: Place, goes_on: bool) {
        let Some(first) = parts.first().copied() else {
            return;
        };
        let mut rest = Rest {
            parts,
            at: 0,
            improper,
            start: place.col,
            place,
        };
        let depth = rest.depth();
        let before = Place { depth, ..place };
        let extent = self.extent(first, before);
        rest.at = 1;
        rest.place.col = place.col + extent;
        rest.place.width = if goes_on {
            place.width + extent
        } else {
            extent
        };
        self.todo.push(Step::Rest(rest));
        self.todo.push(Step::Node(first, before));
    }

    fn tagged<P: Purpose>(
        &mut self,
        parts: Vec<&'l Node>,
        place: Place,
        purpose: &mut P,
    ) -> fmt::Result {
        let Some((tag, rest)) = parts.split_first() else {
            return Ok(());
        };
        let behind = tag.length + 2;
        let col = place.col + behind;
        let width = place.width + tag.length;
        purpose.text(self.layout.text(tag))?;
        match self.indent {
            Indent::By(by) if behind > by => {
                let start = place.col + by;
                purpose.enough(self.most + start <= self.line || start <= self.line / 2)?;
                self.todo.push(Step::Rest(Rest {
                    parts: rest.to_vec(),
                    at: 0,
                    improper: false,
                    start,
                    place: Place {
                        col,
                        indent: place.indent + by,
                        width,
                        ..place
                    },
                }));
            }
            _ => {
                purpose.enough(self.most + col < self.line || col < self.line / 2)?;
                purpose.text(",")?;
                let place = Place {
                    col,
                    indent: place.indent + behind,
                    width: width + 1,
                    ..place
                };
                self.first(rest.to_vec(), false, place);
            }
        }
        Ok(())
    }

    /// The next of the parts that are left: on the same line, if there is room.
    fn rest<P: Purpose>(&mut self, mut rest: Rest<'l>, purpose: &mut P) -> fmt::Result {
        let Some(part) = rest.parts.get(rest.at).copied() else {
            return Ok(());
        };
        let is_tail = rest.improper && rest.at + 1 == rest.parts.len();
        let place = rest.place;
        let depth = rest.depth();
        let length = 1 + part.length;
        // One more place than what closes the term, for the comma that follows.
        let closing = depth.max(1);
        let room = match depth {
            0 => length + 1 < self.line - place.col,
            _ => length < self.line - place.col - depth,
        };
        let atomic = self.layout.is_atomic(part);
        if atomic && room && place.width + length + closing <= self.most {
            purpose.text(if is_tail { "|" } else { "," })?;
            purpose.text(self.layout.text(part))?;
            rest.at += 1;
            rest.place.col += length;
            rest.place.width += length;
            self.todo.push(Step::Rest(rest));
            return Ok(());
        }
        purpose.text(if is_tail { "|" } else { "," })?;
        purpose.line(place.indent)?;
        let before = Place {
            col: if is_tail && P::TAIL_IN_PLACE {
                place.col
            } else {
                rest.start
            },
            depth,
            width: 0,
            ..place
        };
        let extent = self.extent(part, before);
        rest.at += 1;
        rest.place.col = rest.start + extent;
        rest.place.width = extent;
        self.todo.push(Step::Rest(rest));
        self.todo.push(Step::Node(part, before));
        Ok(())
    }

    /// A binary that is no text is broken between any two of its bytes.
    fn bytes<P: Purpose>(&self, node: &Node, at: Place, purpose: &mut P) -> fmt::Result {
        const FEWEST: i64 = 8;
        let indent = at.indent + 2;
        let room = (self.line - at.col - 2).min(self.most - 4 - at.width) - at.depth;
        let room = room.max(FEWEST);
        let text = self.layout.text(node);
        let inside = text.trim_start_matches('<').trim_end_matches('>');
        let mut left = room;
        purpose.text("<<")?;
        for segment in inside.split_inclusive(',') {
            let length = segment.len() as i64;
            if length > left {
                purpose.line(indent)?;
                left = room;
            }
            purpose.text(segment)?;
            left -= length;
        }
        purpose.text(">>")
    }
}
