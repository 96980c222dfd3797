//! Making terms of tokens.

use bytes::Bytes;

use super::AtomCache;
use crate::wire::{AtomName, Fault, FunHead, PidHead, Sink, Token};
use crate::{
    Atom, BitString, Closure, Export, Float, Fun, Integer, List, Map, Pid, Port, Reference, Term,
    Tuple,
};

/// What came: a whole term, which is finished, or the head of one that waits for more.
pub(super) enum Next {
    Whole,
    /// For so many, of which there is at least one.
    Open(usize, Kind),
}

/// A term that holds others.
pub(super) enum Kind {
    Tuple,
    List,
    Map,
    Fun(Box<Closure>),
}

/// Puts a term where `[]` kept the place, of which nothing needs to be dropped.
#[inline(always)]
pub(super) fn put(place: &mut Term, term: Term) {
    std::mem::forget(std::mem::replace(place, term));
}

/// Makes a term of what is read, in the place where it stays.
///
/// Those who make one are not inlined: together in one function, they would all make it in one place on the stack
/// and move it from there, and the processor would wait for it to arrive before it leaves.
pub(super) struct Maker<'a, 'w, C: ?Sized> {
    pub(super) input: &'a Bytes,
    pub(super) atoms: &'a C,
    pub(super) place: &'w mut Term,
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
        put(self.place, term);
        Ok(Next::Whole)
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
