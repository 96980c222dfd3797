//! Writing a term and all it holds.

use super::{AtomEncoding, AtomTable, EncodeError, length};
use crate::wire::tag;
use crate::{Atom, Export, Fun, Integer, List, Map, Pid, Port, Reference, Term};

pub(super) struct Writer<'w, 't, T: ?Sized> {
    pub(super) out: &'w mut Vec<u8>,
    pub(super) atoms: &'w mut T,
    pub(super) encoding: AtomEncoding,
    pub(super) deterministic: bool,
    /// The terms whose heads are written, innermost last: a stack, so that no depth is too much.
    pub(super) open: Vec<Open<'t>>,
}

/// What of an open term is still to be written.
pub(super) struct Open<'t> {
    rest: Rest<'t>,
    end: End,
}

enum Rest<'t> {
    Terms(std::slice::Iter<'t, Term>),
    /// A map by rank of its keys; the value of the last key comes first, if it is due.
    Sorted {
        map: &'t Map,
        rank: usize,
        due: Option<&'t Term>,
    },
}

/// What completes a term after all that it holds.
enum End {
    Nothing,
    /// The tail of a proper list.
    Nil,
    /// The size of a closure, which is written where it begins.
    Size {
        at: usize,
    },
}

impl<'t> Rest<'t> {
    #[inline]
    fn next(&mut self) -> Option<&'t Term> {
        match self {
            Self::Terms(terms) => terms.next(),
            Self::Sorted { map, rank, due } => due.take().or_else(|| {
                let (key, value) = map.ranked(*rank)?;
                *rank += 1;
                *due = Some(value);
                Some(key)
            }),
        }
    }
}

impl<'t, T: AtomTable + ?Sized> Writer<'_, 't, T> {
    pub(super) fn write(&mut self, term: &'t Term) -> Result<(), EncodeError> {
        self.term(term)?;
        while let Some(innermost) = self.open.last_mut() {
            if let Some(part) = innermost.rest.next() {
                self.term(part)?;
            } else if let Some(open) = self.open.pop() {
                self.end(&open.end)?;
            }
        }
        Ok(())
    }

    #[inline]
    fn term(&mut self, term: &'t Term) -> Result<(), EncodeError> {
        match term {
            Term::Atom(atom) => self.atom(atom),
            Term::Integer(integer) => self.integer(integer)?,
            Term::Float(float) => self.head(tag::NEW_FLOAT, float.get().to_be_bytes()),
            Term::Binary(bytes) => {
                self.head(tag::BINARY, length(bytes.len())?.to_be_bytes());
                self.out.extend_from_slice(bytes);
            }
            Term::Tuple(tuple) => {
                match u8::try_from(tuple.len()) {
                    Ok(arity) => self.head(tag::SMALL_TUPLE, [arity]),
                    Err(_) => self.head(tag::LARGE_TUPLE, length(tuple.len())?.to_be_bytes()),
                }
                self.open(Rest::Terms(tuple.iter()), End::Nothing);
            }
            Term::List(list) => self.list(list)?,
            Term::Map(map) => self.map(map)?,
            Term::BitString(bits) => {
                self.head(tag::BIT_BINARY, length(bits.bytes().len())?.to_be_bytes());
                self.out.push(bits.last_bits());
                self.out.extend_from_slice(bits.bytes());
            }
            Term::Pid(pid) => self.pid(pid),
            Term::Port(port) => self.port(port),
            Term::Reference(reference) => self.reference(reference),
            Term::Fun(fun) => self.fun(fun)?,
            Term::Export(export) => self.export(export),
            Term::Local(_) => return Err(EncodeError::LocalPart),
        }
        Ok(())
    }

    #[inline]
    fn open(&mut self, rest: Rest<'t>, end: End) {
        self.open.push(Open { rest, end });
    }

    fn end(&mut self, end: &End) -> Result<(), EncodeError> {
        match end {
            End::Nothing => {}
            End::Nil => self.out.push(tag::NIL),
            End::Size { at } => {
                let size = length(self.out.len() - at)?;
                if let Some(place) = self.out.get_mut(*at..).and_then(<[u8]>::first_chunk_mut) {
                    *place = size.to_be_bytes();
                }
            }
        }
        Ok(())
    }

    /// A tag and what follows it, in one piece.
    #[inline]
    fn head<const N: usize>(&mut self, tag: u8, rest: [u8; N]) {
        self.out.reserve(1 + N);
        self.out.push(tag);
        self.out.extend_from_slice(&rest);
    }

    #[inline]
    fn atom(&mut self, atom: &Atom) {
        if let Some(index) = self.atoms.index(atom) {
            return self.head(tag::ATOM_CACHE_REF, [index]);
        }
        let name = atom.as_str();
        if self.encoding == AtomEncoding::Latin1 && atom.is_latin1() {
            return self.latin1_atom(name);
        }
        match u8::try_from(name.len()) {
            Ok(length) => self.head(tag::SMALL_ATOM_UTF8, [length]),
            // 255 characters are at most 1020 bytes.
            Err(_) => self.head(tag::ATOM_UTF8, (name.len() as u16).to_be_bytes()),
        }
        self.out.extend_from_slice(name.as_bytes());
    }

    fn latin1_atom(&mut self, name: &str) {
        let length = name.chars().count() as u16;
        self.head(tag::ATOM, length.to_be_bytes());
        if name.is_ascii() {
            self.out.extend_from_slice(name.as_bytes());
        } else {
            self.out.extend(name.chars().map(|c| u32::from(c) as u8));
        }
    }

    #[inline]
    fn integer(&mut self, integer: &Integer) -> Result<(), EncodeError> {
        let Some(value) = integer.as_i64() else {
            return match integer.as_big() {
                Some(big) => self.big(big.is_negative(), big.magnitude()),
                None => Ok(()),
            };
        };
        if let Ok(byte) = u8::try_from(value) {
            self.head(tag::SMALL_INTEGER, [byte]);
            return Ok(());
        }
        self.word(value)
    }

    #[inline]
    fn word(&mut self, value: i64) -> Result<(), EncodeError> {
        if let Ok(word) = i32::try_from(value) {
            self.head(tag::INTEGER, word.to_be_bytes());
            return Ok(());
        }
        let magnitude = value.unsigned_abs();
        let used = 8 - magnitude.leading_zeros() as usize / 8;
        let bytes = magnitude.to_le_bytes();
        self.big(value < 0, bytes.get(..used).unwrap_or_default())
    }

    fn big(&mut self, negative: bool, magnitude: &[u8]) -> Result<(), EncodeError> {
        match u8::try_from(magnitude.len()) {
            Ok(length) => self.head(tag::SMALL_BIG, [length]),
            Err(_) => self.head(tag::LARGE_BIG, length(magnitude.len())?.to_be_bytes()),
        }
        self.out.push(negative.into());
        self.out.extend_from_slice(magnitude);
        Ok(())
    }

    #[inline]
    fn list(&mut self, list: &'t List) -> Result<(), EncodeError> {
        if let Some(bytes) = list.as_bytes() {
            return self.string(bytes);
        }
        let parts = list.parts().unwrap_or_default();
        if parts.is_empty() {
            self.out.push(tag::NIL);
            return Ok(());
        }
        self.head(tag::LIST, length(list.len())?.to_be_bytes());
        let end = match list.tail() {
            // The tail is the last of the parts.
            Some(_) => End::Nothing,
            None => End::Nil,
        };
        self.open(Rest::Terms(parts.iter()), end);
        Ok(())
    }

    fn string(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        if let Ok(length) = u16::try_from(bytes.len()) {
            self.head(tag::STRING, length.to_be_bytes());
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        self.head(tag::LIST, length(bytes.len())?.to_be_bytes());
        self.out
            .extend(bytes.iter().flat_map(|byte| [tag::SMALL_INTEGER, *byte]));
        self.out.push(tag::NIL);
        Ok(())
    }

    fn map(&mut self, map: &'t Map) -> Result<(), EncodeError> {
        self.head(tag::MAP, length(map.len())?.to_be_bytes());
        let rest = if self.deterministic {
            let (rank, due) = (0, None);
            Rest::Sorted { map, rank, due }
        } else {
            Rest::Terms(map.parts().iter())
        };
        self.open(rest, End::Nothing);
        Ok(())
    }

    fn pid(&mut self, pid: &Pid) {
        self.out.push(tag::NEW_PID);
        self.atom(&pid.node);
        for word in [pid.id, pid.serial, pid.creation] {
            self.out.extend_from_slice(&word.to_be_bytes());
        }
    }

    fn port(&mut self, port: &Port) {
        /// What fits the older tag, which OTP 25 to 28 prefer.
        const OLD_MAX: u64 = (1 << 28) - 1;
        if port.id > OLD_MAX {
            self.out.push(tag::V4_PORT);
            self.atom(&port.node);
            self.out.extend_from_slice(&port.id.to_be_bytes());
        } else {
            self.out.push(tag::NEW_PORT);
            self.atom(&port.node);
            self.out.extend_from_slice(&(port.id as u32).to_be_bytes());
        }
        self.out.extend_from_slice(&port.creation.to_be_bytes());
    }

    fn reference(&mut self, reference: &Reference) {
        let words = reference.words();
        self.head(tag::NEWER_REFERENCE, (words.len() as u16).to_be_bytes());
        self.atom(reference.node());
        self.out
            .extend_from_slice(&reference.creation().to_be_bytes());
        self.out
            .extend(words.iter().flat_map(|word| word.to_be_bytes()));
    }

    fn fun(&mut self, fun: &'t Fun) -> Result<(), EncodeError> {
        let closure = fun.closure();
        self.out.push(tag::NEW_FUN);
        let at = self.out.len();
        self.out.extend_from_slice(&[0; size_of::<u32>()]);
        self.out.push(closure.arity);
        self.out.extend_from_slice(&closure.uniq);
        self.out.extend_from_slice(&closure.index.to_be_bytes());
        self.out
            .extend_from_slice(&length(fun.free().len())?.to_be_bytes());
        self.atom(&closure.module);
        self.integer(&closure.old_index.into())?;
        self.integer(&closure.old_uniq.into())?;
        self.pid(&closure.pid);
        self.open(Rest::Terms(fun.free().iter()), End::Size { at });
        Ok(())
    }

    fn export(&mut self, export: &Export) {
        self.out.push(tag::EXPORT);
        self.atom(export.module());
        self.atom(export.function());
        self.head(tag::SMALL_INTEGER, [export.arity()]);
    }
}
