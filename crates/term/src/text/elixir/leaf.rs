//! Terms that hold no others.

use std::fmt::{self, Write};

use super::{Elixir, atom};
use crate::{Atom, Export, Fun, List, Term};

/// Writes a term that holds no others, or tells that it does.
pub(super) fn write(term: &Term, style: &Elixir, out: &mut impl Write) -> Result<bool, fmt::Error> {
    match term {
        Term::Atom(name) => atom::value(name.as_str(), out)?,
        Term::Integer(integer) => integer_text(integer, out)?,
        Term::Float(float) => write!(out, "{float}")?,
        Term::Binary(bytes) => match printable(bytes) {
            Some(text) => atom::quoted(text, out)?,
            None => numbers("<<", bytes, ">>", out)?,
        },
        Term::BitString(bits) => {
            let (last, whole) = bits.bytes().split_last().unwrap_or((&0, &[]));
            numbers("<<", whole, if whole.is_empty() { "" } else { ", " }, out)?;
            let count = bits.last_bits();
            write!(out, "{}::size({count})>>", last >> (8 - count))?;
        }
        Term::List(list) if list.is_empty() => out.write_str("[]")?,
        Term::List(list) => match (charlist(list), list.as_bytes()) {
            (Some(text), _) => {
                out.write_str("~c")?;
                atom::quoted(text, out)?;
            }
            (None, Some(bytes)) => numbers("[", bytes, "]", out)?,
            (None, None) => return Ok(false),
        },
        Term::Tuple(tuple) if tuple.is_empty() => out.write_str("{}")?,
        Term::Tuple(_) | Term::Map(_) => return Ok(false),
        Term::Pid(pid) => {
            out.write_str("#PID<")?;
            style.node(&pid.node, out)?;
            write!(out, ".{}.{}>", pid.id, pid.serial)?;
        }
        Term::Port(port) => {
            out.write_str("#Port<")?;
            style.node(&port.node, out)?;
            write!(out, ".{}>", port.id)?;
        }
        Term::Reference(reference) => {
            out.write_str("#Reference<")?;
            style.node(reference.node(), out)?;
            for word in reference.words().iter().rev() {
                write!(out, ".{word}")?;
            }
            out.write_char('>')?;
        }
        Term::Fun(fun) => self::fun(fun, out)?,
        Term::Export(export) => self::export(export, out)?,
        Term::Local(bytes) => write!(out, "#Local<{} bytes>", bytes.len())?,
    }
    Ok(true)
}

/// In decimal, or as Elixir writes base 16 where decimal would take too long.
fn integer_text(integer: &crate::Integer, out: &mut impl Write) -> fmt::Result {
    let text = integer.to_string();
    match text.split_once("16#") {
        Some((sign, digits)) => write!(out, "{sign}0x{digits}"),
        None => out.write_str(&text),
    }
}

fn printable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.chars().all(atom::is_printable).then_some(text)
}

/// The text of a list that is all printable ASCII.
fn charlist(list: &List) -> Option<&str> {
    let text = std::str::from_utf8(list.as_bytes()?).ok()?;
    let is_ascii = |c: char| matches!(c, '\x07'..='\r' | '\x1B' | ' '..='~');
    text.chars().all(is_ascii).then_some(text)
}

fn numbers(open: &str, bytes: &[u8], close: &str, out: &mut impl Write) -> fmt::Result {
    out.write_str(open)?;
    let mut bytes = bytes.iter();
    if let Some(first) = bytes.next() {
        write!(out, "{first}")?;
    }
    for byte in bytes {
        write!(out, ", {byte}")?;
    }
    out.write_str(close)
}

fn fun(fun: &Fun, out: &mut impl Write) -> fmt::Result {
    let closure = fun.closure();
    let (index, uniq) = (closure.old_index, closure.old_uniq);
    write!(out, "#Function<{index}.{uniq}/{} in ", closure.arity)?;
    atom::value(closure.module.as_str(), out)?;
    out.write_char('>')
}

fn export(export: &Export, out: &mut impl Write) -> fmt::Result {
    out.write_char('&')?;
    atom::module(export.module().as_str(), out)?;
    out.write_char('.')?;
    atom::function(export.function().as_str(), out)?;
    write!(out, "/{}", export.arity())
}

impl Elixir {
    fn node(&self, node: &Atom, out: &mut impl Write) -> fmt::Result {
        if self.node.as_ref() == Some(node) {
            out.write_char('0')
        } else {
            out.write_str(node.as_str())
        }
    }
}
