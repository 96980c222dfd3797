//! Terms over several lines, as `io_lib_pretty` breaks them.
//!
//! What fits on the line is put there. What does not is broken between its elements, each group of atomic
//! elements filling its lines, and aligned behind the opening bracket; the elements of a tagged tuple are
//! aligned behind the tag, or, where that leaves too little room anywhere in the term, indented by four places
//! or one.

mod layout;
mod walk;

use std::fmt::{self, Write};

use super::Erlang;
use crate::Term;
use layout::Layout;
use walk::{Check, Print, Walk};

/// Prints a term within lines of a width.
pub(super) fn write(
    term: &Term,
    style: &Erlang,
    width: usize,
    out: &mut impl Write,
) -> fmt::Result {
    let layout = Layout::of(term, style)?;
    let width = i64::try_from(width).unwrap_or(i64::MAX);
    let room = width - walk::FIRST_COLUMN;
    if layout.root().length < room || !layout.root().is_compound() {
        return out.write_str(layout.text(layout.root()));
    }
    let indent = [Indent::BehindTag, Indent::By(4)]
        .into_iter()
        .find(|indent| Walk::new(&layout, width, *indent).run(&mut Check).is_ok())
        .unwrap_or(Indent::By(1));
    Walk::new(&layout, width, indent).run(&mut Print(out))
}

/// How the elements of a tagged tuple are aligned, and the values of a map whose keys are on other lines.
#[derive(Clone, Copy)]
enum Indent {
    BehindTag,
    By(i64),
}
