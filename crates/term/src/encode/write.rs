//! Writing a term and all it holds.

use std::slice;

use super::{AtomEncoding, AtomTable, EncodeError, PortEncoding, length};
use crate::wire::tag;
use crate::{Atom, Export, Fun, Integer, Map, Pid, Port, Reference, Term};

pub(super) struct Writer<'w, T: ?Sized> {
    pub(super) out: &'w mut Vec<u8>,
    pub(super) atoms: &'w mut T,
    pub(super) encoding: AtomEncoding,
    pub(super) ports: PortEncoding,
    pub(super) deterministic: bool,
}

/// What of an open term is still to be written.
struct Open<'t> {
    rest: slice::Iter<'t, Term>,
    end: End<'t>,
}

/// What completes a term after all that it holds.
enum End<'t> {
    Nothing,
    /// The tail of a proper list.
    Nil,
    /// The size of a closure, which is written where it begins.
    Size {
        at: usize,
    },
    /// The pairs of a map by rank of their keys, from this rank on.
    Sorted {
        map: &'t Map,
        rank: usize,
    },
}

impl<T: AtomTable + ?Sized> Writer<'_, T> {
    /// Writes a term. The terms around the one at hand wait on a stack, so that no depth is too much.
    pub(super) fn write(&mut self, term: &Term) -> Result<(), EncodeError> {
        let mut rest = slice::from_ref(term).iter();
        let mut end = End::Nothing;
        let mut around: Vec<Open<'_>> = Vec::new();
        loop {
            while let Some(part) = rest.next() {
                if !self.leaf(part)? {
                    let inner = self.head_of(part)?;
                    around.push(Open { rest, end });
                    Open { rest, end } = inner;
                }
            }
            if let End::Sorted { map, rank } = &mut end
                && let Some(pair) = map.ranked(*rank)
            {
                *rank += 1;
                rest = pair.iter();
                continue;
            }
            self.end(&end)?;
            match around.pop() {
                Some(outer) => Open { rest, end } = outer,
                None => return Ok(()),
            }
        }
    }

    /// Writes the head of a term that may have parts.
    #[inline]
    fn head_of<'t>(&mut self, term: &'t Term) -> Result<Open<'t>, EncodeError> {
        let end = match term {
            Term::List(list) => {
                self.head(tag::LIST, list.len())?;
                // The tail of an improper list is the last of its parts.
                list.tail().map_or(End::Nil, |_| End::Nothing)
            }
            Term::Map(map) => {
                self.head(tag::MAP, map.len())?;
                if self.deterministic {
                    let rest = [].iter();
                    let end = End::Sorted { map, rank: 0 };
                    return Ok(Open { rest, end });
                }
                End::Nothing
            }
            Term::Fun(fun) => self.closure(fun)?,
            other => {
                let arity = other.parts().len();
                match u8::try_from(arity) {
                    Ok(arity) => self.put([tag::SMALL_TUPLE, arity]),
                    Err(_) => self.head(tag::LARGE_TUPLE, arity)?,
                }
                End::Nothing
            }
        };
        let rest = term.parts().iter();
        Ok(Open { rest, end })
    }

    /// Writes a term that has no parts, or tells that it may have some.
    #[inline(always)]
    fn leaf(&mut self, term: &Term) -> Result<bool, EncodeError> {
        match term {
            Term::Atom(atom) => self.atom(atom),
            Term::Integer(integer) => match integer.as_i64() {
                Some(value) => self.word(value)?,
                None => self.integer(integer)?,
            },
            Term::Float(float) => {
                let [a, b, c, d, e, f, g, h] = float.get().to_be_bytes();
                self.put([tag::NEW_FLOAT, a, b, c, d, e, f, g, h]);
            }
            Term::Binary(bytes) => {
                self.head(tag::BINARY, bytes.len())?;
                self.out.extend_from_slice(bytes);
            }
            Term::List(list) if list.is_empty() => self.out.push(tag::NIL),
            Term::List(list) => match list.as_bytes() {
                Some(bytes) => self.string(bytes)?,
                None => return Ok(false),
            },
            Term::Tuple(_) | Term::Map(_) | Term::Fun(_) => return Ok(false),
            rare => self.rare(rare)?,
        }
        Ok(true)
    }

    #[inline(never)]
    fn rare(&mut self, term: &Term) -> Result<(), EncodeError> {
        match term {
            Term::BitString(bits) => {
                self.head(tag::BIT_BINARY, bits.bytes().len())?;
                self.out.push(bits.last_bits());
                self.out.extend_from_slice(bits.bytes());
            }
            Term::Pid(pid) => self.pid(pid),
            Term::Port(port) => self.port(port),
            Term::Reference(reference) => self.reference(reference),
            Term::Export(export) => self.export(export),
            Term::Local(_) => return Err(EncodeError::LocalPart),
            // All others are not rare.
            _ => {}
        }
        Ok(())
    }

    /// Bytes in one piece, for which the room is made sure of once.
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.out.extend_from_slice(&bytes);
    }

    /// A tag and a length of 32 bits.
    #[inline]
    fn head(&mut self, tag: u8, count: usize) -> Result<(), EncodeError> {
        let [a, b, c, d] = length(count)?.to_be_bytes();
        self.put([tag, a, b, c, d]);
        Ok(())
    }

    fn end(&mut self, end: &End<'_>) -> Result<(), EncodeError> {
        match end {
            End::Nothing | End::Sorted { .. } => {}
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

    #[inline(always)]
    fn atom(&mut self, atom: &Atom) {
        if let Some(index) = self.atoms.index(atom) {
            self.put([tag::ATOM_CACHE_REF, index]);
        } else if self.encoding == AtomEncoding::Utf8
            && let Some((piece, length)) = atom.encoded_short()
        {
            // A copy of a size known beforehand is no call.
            let end = self.out.len() + length;
            self.out.extend_from_slice(piece);
            self.out.truncate(end);
        } else {
            self.rare_atom(atom);
        }
    }

    #[inline(never)]
    fn rare_atom(&mut self, atom: &Atom) {
        if self.encoding == AtomEncoding::Latin1 && atom.is_latin1() {
            self.latin1_atom(atom.as_str());
        } else {
            self.out.extend_from_slice(atom.encoded());
        }
    }

    fn latin1_atom(&mut self, name: &str) {
        let [high, low] = (name.chars().count() as u16).to_be_bytes();
        self.put([tag::ATOM, high, low]);
        if name.is_ascii() {
            self.out.extend_from_slice(name.as_bytes());
        } else {
            self.out.extend(name.chars().map(|c| u32::from(c) as u8));
        }
    }

    fn integer(&mut self, integer: &Integer) -> Result<(), EncodeError> {
        match (integer.as_i64(), integer.as_big()) {
            (Some(value), _) => self.word(value),
            (None, Some(big)) => self.big(big.is_negative(), big.magnitude()),
            (None, None) => Ok(()),
        }
    }

    #[inline(always)]
    fn word(&mut self, value: i64) -> Result<(), EncodeError> {
        if let Ok(byte) = u8::try_from(value) {
            self.put([tag::SMALL_INTEGER, byte]);
        } else if let Ok(word) = i32::try_from(value) {
            let [a, b, c, d] = word.to_be_bytes();
            self.put([tag::INTEGER, a, b, c, d]);
        } else {
            return self.long(value);
        }
        Ok(())
    }

    #[inline(never)]
    fn long(&mut self, value: i64) -> Result<(), EncodeError> {
        let magnitude = value.unsigned_abs();
        let used = 8 - magnitude.leading_zeros() as usize / 8;
        let bytes = magnitude.to_le_bytes();
        self.big(value < 0, bytes.get(..used).unwrap_or_default())
    }

    fn big(&mut self, negative: bool, magnitude: &[u8]) -> Result<(), EncodeError> {
        match u8::try_from(magnitude.len()) {
            Ok(length) => self.put([tag::SMALL_BIG, length]),
            Err(_) => self.head(tag::LARGE_BIG, magnitude.len())?,
        }
        self.out.push(negative.into());
        self.out.extend_from_slice(magnitude);
        Ok(())
    }

    fn string(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        if let Ok(length) = u16::try_from(bytes.len()) {
            let [high, low] = length.to_be_bytes();
            self.put([tag::STRING, high, low]);
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        self.head(tag::LIST, bytes.len())?;
        self.out
            .extend(bytes.iter().flat_map(|byte| [tag::SMALL_INTEGER, *byte]));
        self.out.push(tag::NIL);
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
        const SHORT_MAX: u64 = (1 << 28) - 1;
        if port.id > SHORT_MAX || self.ports == PortEncoding::V4 {
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
        self.put([tag::NEWER_REFERENCE, 0, words.len() as u8]);
        self.atom(reference.node());
        self.out
            .extend_from_slice(&reference.creation().to_be_bytes());
        self.out
            .extend(words.iter().flat_map(|word| word.to_be_bytes()));
    }

    /// The head of a closure, whose size is known in the end.
    fn closure(&mut self, fun: &Fun) -> Result<End<'static>, EncodeError> {
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
        Ok(End::Size { at })
    }

    fn export(&mut self, export: &Export) {
        self.out.push(tag::EXPORT);
        self.atom(export.module());
        self.atom(export.function());
        self.put([tag::SMALL_INTEGER, export.arity()]);
    }
}
