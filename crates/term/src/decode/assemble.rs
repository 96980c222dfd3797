//! Putting tokens together to terms.
//!
//! Finished terms wait on a stack until the term that holds them is complete, and then move into it, in one
//! allocation of just their size. Nothing recurses, and nothing is allocated on the word of the input: at every
//! moment the terms still owed to open ones are counted, and since each takes a byte at least, input that owes
//! more than it has left is refused.

use bytes::Bytes;

use super::AtomCache;
use crate::wire::{AtomName, Cursor, DecodeError, Fault, FunHead, Limits, PidHead, Token};
use crate::{
    Atom, BitString, Closure, Export, Fun, Integer, List, Map, Pid, Port, Reference, Term, Tuple,
};

/// The working memory of a decoder.
#[derive(Default)]
pub(super) struct Assembly {
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
    pub(super) fn term<C: AtomCache + ?Sized>(
        &mut self,
        input: &Bytes,
        start: usize,
        atoms: &C,
        limits: Limits,
    ) -> Result<(Term, usize), DecodeError> {
        let mut reading = Reading {
            input,
            start,
            cursor: Cursor::headless(input.get(start..).unwrap_or_default()),
            atoms,
            limits,
            owed: 1,
            count: 0,
        };
        let result = self.assemble(&mut reading);
        self.finished.clear();
        self.open.clear();
        self.finished.shrink_to(KEPT);
        self.open.shrink_to(KEPT);
        Ok((result?, reading.offset()))
    }

    fn assemble<C: AtomCache + ?Sized>(
        &mut self,
        reading: &mut Reading<'_, C>,
    ) -> Result<Term, DecodeError> {
        loop {
            let offset = reading.offset();
            let mut term = match reading.next(offset)? {
                Next::Term(term) => term,
                Next::Open(count, kind) => {
                    if self.continues_list(&kind) {
                        self.extend_list(count);
                        continue;
                    }
                    if self.open.len() >= reading.limits.depth {
                        let fault = Fault::TooDeep(reading.limits.depth);
                        return Err(DecodeError { offset, fault });
                    }
                    self.open.push(Open {
                        base: self.finished.len(),
                        owed: count,
                        offset,
                        kind,
                    });
                    continue;
                }
            };
            loop {
                let Some(open) = self.open.last_mut() else {
                    return Ok(term);
                };
                self.finished.push(term);
                open.owed -= 1;
                if open.owed > 0 {
                    break;
                }
                term = self.close()?;
            }
        }
    }

    /// Whether a list begins where the tail of one is due: then it is the rest of that list.
    fn continues_list(&self, kind: &Kind) -> bool {
        matches!(
            (kind, self.open.last()),
            (
                Kind::List,
                Some(Open {
                    kind: Kind::List,
                    owed: 1,
                    ..
                })
            )
        )
    }

    fn extend_list(&mut self, count: usize) {
        if let Some(open) = self.open.last_mut() {
            open.owed += count - 1;
        }
    }

    /// Completes the innermost open term.
    fn close(&mut self) -> Result<Term, DecodeError> {
        let Some(open) = self.open.pop() else {
            return Ok(Term::NIL);
        };
        let mut parts = self.finished.drain(open.base..);
        Ok(match open.kind {
            Kind::Tuple => Term::Tuple(Tuple(parts.collect())),
            Kind::List if parts.as_slice().last().is_some_and(Term::is_nil) => {
                parts.next_back();
                Term::List(List::from_terms(parts.collect()))
            }
            Kind::List => List::from_parts(parts),
            Kind::Map => match Map::from_pairs(parts.collect()) {
                Ok(map) => Term::Map(map),
                Err(duplicate) => {
                    return Err(DecodeError {
                        offset: open.offset,
                        fault: duplicate.into(),
                    });
                }
            },
            Kind::Fun(closure) => Term::Fun(Fun::new(*closure, parts)),
        })
    }
}

/// What the next token is: a whole term, or the head of one that waits for more.
enum Next {
    Term(Term),
    /// For so many, of which there is at least one.
    Open(usize, Kind),
}

/// One term being read.
struct Reading<'a, C: ?Sized> {
    input: &'a Bytes,
    /// Where in the input the cursor began.
    start: usize,
    cursor: Cursor<'a>,
    atoms: &'a C,
    limits: Limits,
    /// How many terms all open terms wait for.
    owed: usize,
    /// How many terms there were.
    count: usize,
}

impl<C: AtomCache + ?Sized> Reading<'_, C> {
    #[inline]
    fn offset(&self) -> usize {
        self.start + self.cursor.offset()
    }

    #[inline]
    fn next(&mut self, offset: usize) -> Result<Next, DecodeError> {
        let fail = |fault| DecodeError { offset, fault };
        self.count += 1;
        if self.count > self.limits.elements {
            return Err(fail(Fault::TooManyElements(self.limits.elements)));
        }
        let token = self.cursor.next().map_err(|error| fail(error.fault))?;
        let (count, kind) = match token {
            Token::Integer(value) => return self.leaf(Term::Integer(value.into())),
            Token::Atom(name) => {
                let atom = self.atom(name).map_err(fail)?;
                return self.leaf(Term::Atom(atom));
            }
            Token::Tuple(0) => return self.leaf(Term::Tuple(Tuple::default())),
            Token::Tuple(count) => (count as usize, Kind::Tuple),
            Token::List(count) => (count as usize + 1, Kind::List),
            Token::Map(0) => return self.leaf(Term::Map(Map::default())),
            Token::Map(count) => (count as usize * 2, Kind::Map),
            Token::Binary(bytes) => return self.leaf(Term::Binary(self.share(bytes))),
            Token::Nil => return self.leaf(Term::NIL),
            Token::String(bytes) => {
                return self.leaf(Term::List(List::from_bytes(self.share(bytes))));
            }
            Token::Float(float) => return self.leaf(Term::Float(float)),
            Token::Fun(head) => {
                let closure = self.closure(&head).map_err(fail)?;
                if head.free == 0 {
                    return self.leaf(Term::Fun(Fun::new(closure, [])));
                }
                (head.free as usize, Kind::Fun(Box::new(closure)))
            }
            rare => {
                let term = self.rare(rare).map_err(fail)?;
                return self.leaf(term);
            }
        };
        self.owed = self.owed.saturating_sub(1).saturating_add(count);
        if self.owed > self.cursor.rest().len() {
            return Err(fail(Fault::Truncated));
        }
        Ok(Next::Open(count, kind))
    }

    #[inline]
    fn leaf(&mut self, term: Term) -> Result<Next, DecodeError> {
        self.owed = self.owed.saturating_sub(1);
        Ok(Next::Term(term))
    }

    #[cold]
    fn rare(&self, token: Token<'_>) -> Result<Term, Fault> {
        Ok(match token {
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
                let node = self.atom(node)?;
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
                Reference::new(self.atom(node)?, creation, words)?.into()
            }
            Token::Export {
                module,
                function,
                arity,
            } => Export::new(self.atom(module)?, self.atom(function)?, arity).into(),
            _ => Term::NIL,
        })
    }

    /// The part of the input that a token borrows, sharing its buffer.
    #[inline]
    fn share(&self, bytes: &[u8]) -> Bytes {
        if bytes.is_empty() {
            return Bytes::new();
        }
        let end = self.offset();
        self.input.slice(end - bytes.len()..end)
    }

    #[inline]
    fn atom(&self, name: AtomName<'_>) -> Result<Atom, Fault> {
        match name {
            AtomName::Utf8(name) => Ok(Atom::from_input(name)?),
            AtomName::Latin1(name) => Ok(Atom::from_latin1(name)?),
            AtomName::Cached(index) => self.atoms.atom(index).ok_or(Fault::UnknownAtom(index)),
        }
    }

    fn pid(&self, head: &PidHead<'_>) -> Result<Pid, Fault> {
        Ok(Pid {
            node: self.atom(head.node)?,
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
            module: self.atom(head.module)?,
            old_index: head.old_index,
            old_uniq: head.old_uniq,
            pid: self.pid(&head.pid)?,
        })
    }
}
