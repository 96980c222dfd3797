//! Putting tokens together to terms.
//!
//! Finished terms wait on a stack until the term that holds them is complete, and then move into it, in one
//! allocation of just their size. Nothing recurses, and nothing is allocated on the word of the input: at every
//! moment the terms still owed to open ones are counted, and since each takes a byte at least, input that owes
//! more than it has left is refused.

use bytes::Bytes;

use super::AtomCache;
use crate::collection::Terms;
use crate::wire::{AtomName, Cursor, DecodeError, Fault, FunHead, Limits, PidHead, Sink, Token};
use crate::{
    Atom, BitString, Closure, Export, Float, Fun, Integer, List, Map, Pid, Port, Reference, Term,
    Tuple,
};

/// The working memory of a decoder.
#[derive(Default)]
pub(crate) struct Assembly {
    finished: Vec<Term>,
    open: Vec<Open>,
}

/// A term that is not complete.
struct Open {
    /// How many of the finished terms are not its own.
    base: usize,
    /// How many terms it still waits for.
    owed: usize,
    /// Where it begins in the input.
    offset: usize,
    /// How deep the deepest of its terms is nested so far.
    highest: u8,
    kind: Kind,
}

enum Kind {
    Tuple,
    List,
    Map,
    Fun(Box<Closure>),
}

/// Beyond this the working memory of one large term is not kept for the next.
const KEPT: usize = 4096;

impl Assembly {
    /// Decodes the term at `start`; with where it ends.
    pub(crate) fn term<C: AtomCache + ?Sized>(
        &mut self,
        input: &Bytes,
        start: usize,
        atoms: &C,
        limits: Limits,
    ) -> Result<(Term, usize), DecodeError> {
        let mut cursor = Cursor::headless(input.get(start..).unwrap_or_default());
        let maker = Maker {
            input,
            atoms,
            finished: &mut self.finished,
        };
        let result = assemble(&mut cursor, maker, &mut self.open, limits);
        self.finished.clear();
        self.open.clear();
        self.finished.shrink_to(KEPT);
        self.open.shrink_to(KEPT);
        match result {
            Ok(term) => Ok((term, start + cursor.offset())),
            Err(error) => Err(DecodeError {
                offset: start + error.offset,
                ..error
            }),
        }
    }
}

fn assemble<'a, C: AtomCache + ?Sized>(
    cursor: &mut Cursor<'a>,
    mut maker: Maker<'a, '_, C>,
    open: &mut Vec<Open>,
    limits: Limits,
) -> Result<Term, DecodeError> {
    // How many terms all open terms wait for, and how many may still come.
    let mut owed = 1_usize;
    let mut allowed = limits.elements;
    loop {
        let offset = cursor.offset();
        let fail = |fault| DecodeError { offset, fault };
        allowed = allowed
            .checked_sub(1)
            .ok_or(fail(Fault::TooManyElements(limits.elements)))?;
        owed -= 1;
        if let Next::Open(count, kind) = cursor.read(&mut maker).map_err(fail)? {
            owed = owed.saturating_add(count);
            if owed > cursor.rest().len() {
                return Err(fail(Fault::Truncated));
            }
            if continues_list(open, &kind, count) {
                continue;
            }
            if open.len() >= limits.depth {
                return Err(fail(Fault::TooDeep(limits.depth)));
            }
            open.push(Open {
                base: maker.finished.len(),
                owed: count,
                offset,
                highest: 0,
                kind,
            });
            continue;
        }
        loop {
            let Some(innermost) = open.last_mut() else {
                return Ok(maker.finished.pop().unwrap_or_default());
            };
            innermost.owed -= 1;
            if innermost.owed > 0 {
                break;
            }
            if let Some(complete) = open.pop() {
                let offset = complete.offset;
                let height = maker
                    .close(complete)
                    .map_err(|fault| DecodeError { offset, fault })?;
                if let Some(around) = open.last_mut() {
                    around.highest = around.highest.max(height);
                }
            }
        }
    }
}

/// Whether a list begins where the tail of one is due; then it is the rest of that list.
fn continues_list(open: &mut [Open], kind: &Kind, count: usize) -> bool {
    match (kind, open.last_mut()) {
        (Kind::List, Some(list)) if matches!(list.kind, Kind::List) && list.owed == 1 => {
            list.owed = count;
            true
        }
        _ => false,
    }
}

/// What came: a whole term, which is finished, or the head of one that waits for more.
enum Next {
    Whole,
    /// For so many, of which there is at least one.
    Open(usize, Kind),
}

/// Makes terms of what is read, each in the place where it waits for the others.
///
/// Those who make one are not inlined: together in one function, they would all make it in one place on the stack
/// and move it from there, and the processor would wait for it to arrive before it leaves.
struct Maker<'a, 'w, C: ?Sized> {
    input: &'a Bytes,
    atoms: &'a C,
    finished: &'w mut Vec<Term>,
}

impl<'a, C: AtomCache + ?Sized> Sink<'a> for Maker<'a, '_, C> {
    type Made = Next;

    #[inline(never)]
    fn integer(&mut self, value: i32) -> Result<Next, Fault> {
        self.finish(Term::Integer(value.into()))
    }

    #[inline(never)]
    fn atom(&mut self, name: AtomName<'a>) -> Result<Next, Fault> {
        if let AtomName::Utf8(name) = name
            && let Some(atom) = Atom::known(name)
        {
            return self.finish(Term::Atom(atom));
        }
        let atom = self.named(name)?;
        self.finish(Term::Atom(atom))
    }

    #[inline(never)]
    fn float(&mut self, float: Float) -> Result<Next, Fault> {
        self.finish(Term::Float(float))
    }

    #[inline(never)]
    fn binary(&mut self, bytes: &'a [u8]) -> Result<Next, Fault> {
        let bytes = self.share(bytes);
        self.finish(Term::Binary(bytes))
    }

    #[inline(never)]
    fn string(&mut self, bytes: &'a [u8]) -> Result<Next, Fault> {
        let bytes = self.share(bytes);
        self.finish(Term::List(List::from_bytes(bytes)))
    }

    #[inline(never)]
    fn nil(&mut self) -> Result<Next, Fault> {
        self.finish(Term::NIL)
    }

    #[inline]
    fn list(&mut self, count: u32) -> Result<Next, Fault> {
        Ok(Next::Open(count as usize + 1, Kind::List))
    }

    #[inline]
    fn tuple(&mut self, count: u32) -> Result<Next, Fault> {
        match count {
            0 => self.finish(Term::Tuple(Tuple::default())),
            _ => Ok(Next::Open(count as usize, Kind::Tuple)),
        }
    }

    #[inline]
    fn map(&mut self, count: u32) -> Result<Next, Fault> {
        match count {
            0 => self.finish(Term::Map(Map::default())),
            _ => Ok(Next::Open(count as usize * 2, Kind::Map)),
        }
    }

    #[inline(never)]
    fn rare(&mut self, token: Token<'a>) -> Result<Next, Fault> {
        let term = match token {
            Token::Fun(head) => {
                let closure = self.closure(&head)?;
                if head.free > 0 {
                    let kind = Kind::Fun(Box::new(closure));
                    return Ok(Next::Open(head.free as usize, kind));
                }
                Fun::new(closure, []).into()
            }
            Token::Big {
                negative,
                magnitude,
            } => Integer::from_le_bytes(negative, magnitude).into(),
            Token::BitString(bytes, 8) => Term::Binary(self.share(bytes)),
            // As the VM has it, none of no bytes is a bit string too.
            Token::BitString([], 0) => Term::Binary(Bytes::new()),
            Token::BitString(bytes, bits) => BitString::new(self.share(bytes), bits)?.into(),
            Token::Pid(pid) => self.pid(&pid)?.into(),
            Token::Port { node, id, creation } => {
                let node = self.named(node)?;
                Port { node, id, creation }.into()
            }
            Token::Reference {
                node,
                creation,
                words,
            } => {
                let words = words
                    .as_chunks()
                    .0
                    .iter()
                    .map(|word| u32::from_be_bytes(*word));
                Reference::new(self.named(node)?, creation, words)?.into()
            }
            Token::Export {
                module,
                function,
                arity,
            } => Export::new(self.named(module)?, self.named(function)?, arity).into(),
            Token::Float(float) => Term::Float(float),
            // All others come by methods of their own.
            _ => Term::NIL,
        };
        self.finish(term)
    }
}

impl<C: AtomCache + ?Sized> Maker<'_, '_, C> {
    #[inline]
    fn finish(&mut self, term: Term) -> Result<Next, Fault> {
        self.finished.push(term);
        Ok(Next::Whole)
    }

    /// Makes a term of the finished ones that are its own; how deep it is nested.
    fn close(&mut self, open: Open) -> Result<u8, Fault> {
        let Open {
            base,
            highest,
            kind,
            ..
        } = open;
        let term = match kind {
            Kind::Tuple => self.close_tuple(base, highest),
            Kind::List => self.close_list(base, highest),
            Kind::Map => Map::from_pairs(self.finished.drain(base..).collect())?.into(),
            Kind::Fun(closure) => Fun::new(*closure, self.finished.drain(base..)).into(),
        };
        let height = term.height();
        self.finished.push(term);
        Ok(height)
    }

    #[inline(never)]
    fn close_tuple(&mut self, base: usize, highest: u8) -> Term {
        let terms = self.finished.drain(base..).collect();
        Term::Tuple(Tuple(Terms::above(highest, terms)))
    }

    #[inline(never)]
    fn close_list(&mut self, base: usize, highest: u8) -> Term {
        if !self.finished.last().is_some_and(Term::is_nil) {
            return List::from_parts(self.finished.drain(base..));
        }
        self.finished.pop();
        let terms = self.finished.drain(base..).collect();
        Term::List(List::from_terms(Terms::above(highest, terms)))
    }

    /// A part of the input, sharing its buffer.
    #[inline]
    fn share(&self, bytes: &[u8]) -> Bytes {
        self.input.slice_ref(bytes)
    }

    #[inline]
    fn named(&self, name: AtomName<'_>) -> Result<Atom, Fault> {
        match name {
            AtomName::Utf8(name) => Ok(Atom::from_input(name)?),
            AtomName::Latin1(name) => Ok(Atom::from_latin1(name)?),
            AtomName::Cached(index) => self.atoms.atom(index).ok_or(Fault::UnknownAtom(index)),
        }
    }

    fn pid(&self, head: &PidHead<'_>) -> Result<Pid, Fault> {
        Ok(Pid {
            node: self.named(head.node)?,
            id: head.id,
            serial: head.serial,
            creation: head.creation,
        })
    }

    fn closure(&self, head: &FunHead<'_>) -> Result<Closure, Fault> {
        Ok(Closure {
            arity: head.arity,
            uniq: *head.uniq,
            index: head.index,
            module: self.named(head.module)?,
            old_index: head.old_index,
            old_uniq: head.old_uniq,
            pid: self.pid(&head.pid)?,
        })
    }
}
