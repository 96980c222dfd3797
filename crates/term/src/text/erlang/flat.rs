//! Terms on one line.

use std::fmt::{self, Write};

use super::{Erlang, leaf};
use crate::Term;

/// Writes a term, with a stack of its own: it may be nested deeper than the thread's stack is.
pub(super) fn write(term: &Term, style: &Erlang, out: &mut impl Write) -> fmt::Result {
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

/// A term that has been begun.
struct Open<'t> {
    parts: std::slice::Iter<'t, Term>,
    kind: Kind,
    written: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    Tuple,
    List,
    /// The last part is the tail.
    Improper,
    /// The parts are keys and values in turn.
    Map,
}

impl<'t> Open<'t> {
    fn new(term: &'t Term, out: &mut impl Write) -> Result<Self, fmt::Error> {
        let (kind, bracket) = match term {
            Term::List(list) if list.tail().is_some() => (Kind::Improper, "["),
            Term::List(_) => (Kind::List, "["),
            Term::Map(_) => (Kind::Map, "#{"),
            _ => (Kind::Tuple, "{"),
        };
        out.write_str(bracket)?;
        Ok(Self {
            parts: term.parts().iter(),
            kind,
            written: 0,
        })
    }

    /// Writes what stands before the next part, or the end.
    fn next(&mut self, out: &mut impl Write) -> Result<Option<&'t Term>, fmt::Error> {
        let part = self.parts.next();
        out.write_str(match (part, self.kind) {
            (None, Kind::Tuple | Kind::Map) => "}",
            (None, Kind::List | Kind::Improper) => "]",
            _ if self.written == 0 => "",
            (_, Kind::Map) if self.written % 2 == 1 => " => ",
            (_, Kind::Improper) if self.parts.len() == 0 => "|",
            _ => ",",
        })?;
        self.written += 1;
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Atom, BitString, Closure, Export, Fun, Pid, Port, Reference, atom};

    #[test]
    fn every_type_has_its_syntax() {
        let node = atom!("a@b");
        let pid = Pid {
            node: node.clone(),
            id: 42,
            serial: 1,
            creation: 7,
        };
        let closure = Closure {
            arity: 1,
            uniq: [0; 16],
            index: 3,
            module: atom!("m"),
            old_index: 4,
            old_uniq: -5,
            pid: pid.clone(),
        };
        let one = Term::from(1);
        for (term, text) in [
            (Term::improper_list([one.clone(), 2.into()], 3), "[1,2|3]"),
            (Term::list([256, 1]), "[256,1]"),
            (
                Term::map([(one.clone(), Term::NIL), (2.into(), one.clone())]),
                "#{1 => [],2 => 1}",
            ),
            (Term::tuple::<Term>([]), "{}"),
            (Term::map::<Term, Term>([]), "#{}"),
            (Term::binary(vec![1, 2]), "<<1,2>>"),
            (
                BitString::new(vec![1, 0xE0], 3).unwrap().into(),
                "<<1,7:3>>",
            ),
            (BitString::new(vec![0x80], 1).unwrap().into(), "<<1:1>>"),
            (pid.into(), "<a@b.42.1>"),
            (
                Port {
                    node: node.clone(),
                    id: 5,
                    creation: 1,
                }
                .into(),
                "#Port<a@b.5>",
            ),
            (
                Reference::new(node, 1, [9, 2, 3]).unwrap().into(),
                "#Ref<a@b.3.2.9>",
            ),
            (
                Export::new(atom!("lists"), atom!("map"), 2).into(),
                "fun lists:map/2",
            ),
            (Fun::new(closure, []).into(), "#Fun<m.4.-5>"),
        ] {
            assert_eq!(term.to_string(), text);
        }
    }

    #[test]
    fn what_lives_at_the_node_itself_is_printed_as_there() {
        let node = Atom::new("a@b").unwrap();
        let pid = Pid {
            node: node.clone(),
            id: 42,
            serial: 0,
            creation: 7,
        };
        assert_eq!(
            Erlang::LINE.at(node).of(&pid.into()).to_string(),
            "<0.42.0>"
        );
    }

    #[test]
    fn depth_does_not_matter() {
        let deep = (0..300_000).fold(Term::from(1), |term, _| Term::tuple([term]));
        assert_eq!(deep.to_string().len(), 600_001);
    }
}
