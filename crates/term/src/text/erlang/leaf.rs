//! Terms that hold no others.

use std::fmt::{self, Write};

use super::{Erlang, printable, quote};
use crate::{Atom, Export, Fun, Pid, Port, Reference, Term};

/// Writes a term that holds no others, or tells that it does.
pub(super) fn write(term: &Term, style: &Erlang, out: &mut impl Write) -> Result<bool, fmt::Error> {
    match term {
        Term::Atom(atom) => quote::atom(atom.as_str(), out)?,
        Term::Integer(integer) => write!(out, "{integer}")?,
        Term::Float(float) => write!(out, "{float}")?,
        Term::Binary(bytes) if bytes.is_empty() => out.write_str("<<>>")?,
        Term::Binary(bytes) => match style.text_of_binary(bytes) {
            Some((text, utf8)) => {
                out.write_str("<<")?;
                quote::quoted(text.chars(), '"', out)?;
                out.write_str(if utf8 { "/utf8>>" } else { ">>" })?;
            }
            None => numbers("<<", bytes, ">>", out)?,
        },
        Term::BitString(bits) => {
            let (last, whole) = bits.bytes().split_last().unwrap_or((&0, &[]));
            numbers("<<", whole, if whole.is_empty() { "" } else { "," }, out)?;
            let count = bits.last_bits();
            write!(out, "{}:{count}>>", last >> (8 - count))?;
        }
        Term::List(list) => match style.text_of_list(list) {
            Some(text) => quote::quoted(text.chars(), '"', out)?,
            None => match list.as_bytes() {
                Some(bytes) => numbers("[", bytes, "]", out)?,
                None if list.is_empty() => out.write_str("[]")?,
                None => return Ok(false),
            },
        },
        Term::Tuple(tuple) if tuple.is_empty() => out.write_str("{}")?,
        Term::Map(map) if map.is_empty() => out.write_str("#{}")?,
        Term::Tuple(_) | Term::Map(_) => return Ok(false),
        Term::Pid(pid) => style.pid(pid, out)?,
        Term::Port(port) => style.port(port, out)?,
        Term::Reference(reference) => style.reference(reference, out)?,
        Term::Fun(fun) => self::fun(fun, out)?,
        Term::Export(export) => self::export(export, out)?,
        Term::Local(bytes) => write!(out, "#Local<{} bytes>", bytes.len())?,
    }
    Ok(true)
}

fn numbers(open: &str, bytes: &[u8], close: &str, out: &mut impl Write) -> fmt::Result {
    out.write_str(open)?;
    let mut bytes = bytes.iter();
    if let Some(first) = bytes.next() {
        write!(out, "{first}")?;
    }
    for byte in bytes {
        write!(out, ",{byte}")?;
    }
    out.write_str(close)
}

fn fun(fun: &Fun, out: &mut impl Write) -> fmt::Result {
    let closure = fun.closure();
    write!(
        out,
        "#Fun<{}.{}.{}>",
        closure.module, closure.old_index, closure.old_uniq
    )
}

fn export(export: &Export, out: &mut impl Write) -> fmt::Result {
    let (module, function) = (export.module(), export.function());
    write!(out, "fun {module}:{function}/{}", export.arity())
}

impl Erlang {
    pub(super) fn text_of_list(&self, list: &crate::List) -> Option<String> {
        printable::list(list, self.unicode).filter(|_| self.strings)
    }

    pub(super) fn text_of_binary(&self, bytes: &[u8]) -> Option<(String, bool)> {
        printable::binary(bytes, self.unicode).filter(|_| self.strings)
    }

    fn pid(&self, pid: &Pid, out: &mut impl Write) -> fmt::Result {
        out.write_char('<')?;
        self.node(&pid.node, out)?;
        write!(out, ".{}.{}>", pid.id, pid.serial)
    }

    fn port(&self, port: &Port, out: &mut impl Write) -> fmt::Result {
        out.write_str("#Port<")?;
        self.node(&port.node, out)?;
        write!(out, ".{}>", port.id)
    }

    fn reference(&self, reference: &Reference, out: &mut impl Write) -> fmt::Result {
        out.write_str("#Ref<")?;
        self.node(reference.node(), out)?;
        for word in reference.words().iter().rev() {
            write!(out, ".{word}")?;
        }
        out.write_char('>')
    }

    fn node(&self, node: &Atom, out: &mut impl Write) -> fmt::Result {
        if self.node.as_ref() == Some(node) {
            out.write_char('0')
        } else {
            out.write_str(node.as_str())
        }
    }
}
