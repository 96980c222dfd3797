//! Tokens: a term that holds no others, or the head of one that does.

use std::borrow::Cow;

use super::reader::Reader;
use super::{Fault, tag};
use crate::{AtomError, Float};

/// What stands at one place of encoded bytes, borrowed from them.
///
/// After [`List`](Token::List), [`Tuple`](Token::Tuple), [`Map`](Token::Map) and [`Fun`](Token::Fun) come the
/// terms they hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Token<'a> {
    /// An atom.
    Atom(AtomName<'a>),
    /// An integer of up to 32 bits.
    Integer(i32),
    /// An integer of any size.
    Big {
        /// Whether it is below zero.
        negative: bool,
        /// Little-endian bytes, perhaps with zeros at the end.
        magnitude: &'a [u8],
    },
    /// A float.
    Float(Float),
    /// A binary.
    Binary(&'a [u8]),
    /// A bit string: its bytes, and how many bits of the last are used.
    BitString(&'a [u8], u8),
    /// A list of bytes.
    String(&'a [u8]),
    /// The empty list.
    Nil,
    /// A list of so many elements, which follow, and after them the tail.
    List(u32),
    /// A tuple of so many elements, which follow.
    Tuple(u32),
    /// A map of so many pairs, which follow, each the key and then the value.
    Map(u32),
    /// A pid.
    Pid(PidHead<'a>),
    /// A port.
    Port {
        /// The node that owns it.
        node: AtomName<'a>,
        /// Its number there.
        id: u64,
        /// The incarnation of the node.
        creation: u32,
    },
    /// A reference.
    Reference {
        /// The node that made it.
        node: AtomName<'a>,
        /// The incarnation of the node.
        creation: u32,
        /// Its words, four bytes each, big-endian.
        words: &'a [u8],
    },
    /// A closure; so many values that it holds follow.
    Fun(FunHead<'a>),
    /// A function by name.
    Export {
        /// The module.
        module: AtomName<'a>,
        /// The function.
        function: AtomName<'a>,
        /// How many arguments it takes.
        arity: u8,
    },
}

/// A pid, as [`Pid`](crate::Pid).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PidHead<'a> {
    /// The node it lives in.
    pub node: AtomName<'a>,
    /// Its number there.
    pub id: u32,
    /// How often that number has come around.
    pub serial: u32,
    /// The incarnation of the node.
    pub creation: u32,
}

/// The head of a closure, as [`Closure`](crate::Closure).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FunHead<'a> {
    /// How many arguments it takes.
    pub arity: u8,
    /// MD5 of the code of its module.
    pub uniq: &'a [u8; 16],
    /// Which of the module's closures it is.
    pub index: u32,
    /// How many values it holds, which follow.
    pub free: u32,
    /// The module it is in.
    pub module: AtomName<'a>,
    /// The index as it was counted before OTP R15.
    pub old_index: i32,
    /// A hash of its source.
    pub old_uniq: i32,
    /// The process that made it.
    pub pid: PidHead<'a>,
}

/// The name of an atom as it is on the wire; nothing has been checked yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtomName<'a> {
    /// In UTF-8.
    Utf8(&'a [u8]),
    /// In Latin-1.
    Latin1(&'a [u8]),
    /// By its place in a distribution header.
    Cached(u8),
}

impl<'a> AtomName<'a> {
    /// The name; an error if it is not valid, none if it stands in a distribution header.
    pub fn text(&self) -> Result<Option<Cow<'a, str>>, AtomError> {
        match *self {
            Self::Utf8(name) => std::str::from_utf8(name)
                .map(|text| Some(text.into()))
                .map_err(|_| AtomError::NotUtf8),
            Self::Latin1(name) => Ok(Some(name.iter().copied().map(char::from).collect())),
            Self::Cached(_) => Ok(None),
        }
    }
}

/// Who takes what is read. There are two: the [`Cursor`](super::Cursor), which makes tokens, and the decoder,
/// which makes terms without the way through a token.
pub(crate) trait Sink<'a> {
    /// What it makes.
    type Made;

    fn integer(&mut self, value: i32) -> Result<Self::Made, Fault>;
    fn atom(&mut self, name: AtomName<'a>) -> Result<Self::Made, Fault>;
    fn float(&mut self, float: Float) -> Result<Self::Made, Fault>;
    fn binary(&mut self, bytes: &'a [u8]) -> Result<Self::Made, Fault>;
    fn string(&mut self, bytes: &'a [u8]) -> Result<Self::Made, Fault>;
    fn nil(&mut self) -> Result<Self::Made, Fault>;
    fn list(&mut self, count: u32) -> Result<Self::Made, Fault>;
    fn tuple(&mut self, count: u32) -> Result<Self::Made, Fault>;
    fn map(&mut self, count: u32) -> Result<Self::Made, Fault>;
    /// Any other token.
    fn rare(&mut self, token: Token<'a>) -> Result<Self::Made, Fault>;
}

/// Makes the token of what is read.
pub(super) struct Tokens;

impl<'a> Sink<'a> for Tokens {
    type Made = Token<'a>;

    fn integer(&mut self, value: i32) -> Result<Token<'a>, Fault> {
        Ok(Token::Integer(value))
    }

    fn atom(&mut self, name: AtomName<'a>) -> Result<Token<'a>, Fault> {
        Ok(Token::Atom(name))
    }

    fn float(&mut self, float: Float) -> Result<Token<'a>, Fault> {
        Ok(Token::Float(float))
    }

    fn binary(&mut self, bytes: &'a [u8]) -> Result<Token<'a>, Fault> {
        Ok(Token::Binary(bytes))
    }

    fn string(&mut self, bytes: &'a [u8]) -> Result<Token<'a>, Fault> {
        Ok(Token::String(bytes))
    }

    fn nil(&mut self) -> Result<Token<'a>, Fault> {
        Ok(Token::Nil)
    }

    fn list(&mut self, count: u32) -> Result<Token<'a>, Fault> {
        Ok(Token::List(count))
    }

    fn tuple(&mut self, count: u32) -> Result<Token<'a>, Fault> {
        Ok(Token::Tuple(count))
    }

    fn map(&mut self, count: u32) -> Result<Token<'a>, Fault> {
        Ok(Token::Map(count))
    }

    fn rare(&mut self, token: Token<'a>) -> Result<Token<'a>, Fault> {
        Ok(token)
    }
}

/// Reads what stands at one place; on an error stays there.
///
/// It reads from a copy, of which no other function has the address, so that it is kept in registers.
#[inline(always)]
pub(super) fn read<'a, S: Sink<'a>>(
    reader: &mut Reader<'a>,
    sink: &mut S,
) -> Result<S::Made, Fault> {
    let mut input = *reader;
    let tag = input.u8()?;
    let made = match tag {
        tag::SMALL_INTEGER => sink.integer(input.u8()?.into()),
        tag::INTEGER => sink.integer(input.u32()? as i32),
        tag::SMALL_ATOM_UTF8 => {
            let length = input.u8()?;
            sink.atom(AtomName::Utf8(input.take(length.into())?))
        }
        tag::ATOM => {
            let length = input.u16()?;
            sink.atom(AtomName::Latin1(input.take(length.into())?))
        }
        tag::ATOM_CACHE_REF => sink.atom(AtomName::Cached(input.u8()?)),
        tag::SMALL_TUPLE => sink.tuple(input.u8()?.into()),
        tag::BINARY => sink.binary(input.long_slice()?),
        tag::LIST => sink.list(input.u32()?),
        tag::NIL => sink.nil(),
        tag::NEW_FLOAT => sink.float(Float::new(f64::from_bits(input.u64()?))?),
        tag::STRING => {
            let length = input.u16()?;
            sink.string(input.take(length.into())?)
        }
        tag::MAP => sink.map(input.u32()?),
        tag::LARGE_TUPLE => sink.tuple(input.u32()?),
        _ => {
            let (token, after) = read_rare(tag, input)?;
            input = after;
            match token {
                Token::Atom(name) => sink.atom(name),
                token => sink.rare(token),
            }
        }
    }?;
    *reader = input;
    Ok(made)
}

#[inline(never)]
fn read_rare<'a>(tag: u8, mut input: Reader<'a>) -> Result<(Token<'a>, Reader<'a>), Fault> {
    let token = rare(tag, &mut input)?;
    Ok((token, input))
}

fn rare<'a>(tag: u8, input: &mut Reader<'a>) -> Result<Token<'a>, Fault> {
    Ok(match tag {
        tag::ATOM_UTF8 | tag::SMALL_ATOM => Token::Atom(atom(tag, input)?),
        tag::SMALL_BIG => {
            let (length, sign) = (input.u8()?, input.u8()?);
            big(sign, input.take(length.into())?)
        }
        tag::LARGE_BIG => {
            let (length, sign) = (input.u32()?, input.u8()?);
            big(sign, input.take(length as usize)?)
        }
        tag::NEW_PID | tag::PID => Token::Pid(pid(tag, input)?),
        tag::NEWER_REFERENCE | tag::NEW_REFERENCE | tag::REFERENCE => reference(tag, input)?,
        tag::V4_PORT | tag::NEW_PORT | tag::PORT => port(tag, input)?,
        tag::BIT_BINARY => {
            let (length, bits) = (input.u32()?, input.u8()?);
            Token::BitString(input.take(length as usize)?, bits)
        }
        tag::EXPORT => Token::Export {
            module: part_atom(input)?,
            function: part_atom(input)?,
            arity: part_integer(input)?
                .try_into()
                .map_err(|_| Fault::Part(tag::INTEGER))?,
        },
        tag::NEW_FUN => Token::Fun(fun(input)?),
        tag::FLOAT => Token::Float(float_text(input.array::<31>()?)?),
        unknown => return Err(Fault::Tag(unknown)),
    })
}

#[inline]
fn atom<'a>(tag: u8, input: &mut Reader<'a>) -> Result<AtomName<'a>, Fault> {
    Ok(match tag {
        tag::SMALL_ATOM_UTF8 => {
            let length = input.u8()?;
            AtomName::Utf8(input.take(length.into())?)
        }
        tag::ATOM_UTF8 => {
            let length = input.u16()?;
            AtomName::Utf8(input.take(length.into())?)
        }
        tag::SMALL_ATOM => {
            let length = input.u8()?;
            AtomName::Latin1(input.take(length.into())?)
        }
        tag::ATOM => {
            let length = input.u16()?;
            AtomName::Latin1(input.take(length.into())?)
        }
        tag::ATOM_CACHE_REF => AtomName::Cached(input.u8()?),
        other => return Err(Fault::Part(other)),
    })
}

fn big(sign: u8, magnitude: &[u8]) -> Token<'_> {
    Token::Big {
        negative: sign != 0,
        magnitude,
    }
}

fn part_atom<'a>(input: &mut Reader<'a>) -> Result<AtomName<'a>, Fault> {
    let tag = input.u8()?;
    atom(tag, input)
}

fn part_integer(input: &mut Reader<'_>) -> Result<i32, Fault> {
    match input.u8()? {
        tag::SMALL_INTEGER => Ok(input.u8()?.into()),
        tag::INTEGER => Ok(input.u32()? as i32),
        other => Err(Fault::Part(other)),
    }
}

fn pid<'a>(tag: u8, input: &mut Reader<'a>) -> Result<PidHead<'a>, Fault> {
    Ok(PidHead {
        node: part_atom(input)?,
        id: input.u32()?,
        serial: input.u32()?,
        creation: match tag {
            tag::NEW_PID => input.u32()?,
            _ => input.u8()?.into(),
        },
    })
}

fn port<'a>(tag: u8, input: &mut Reader<'a>) -> Result<Token<'a>, Fault> {
    Ok(Token::Port {
        node: part_atom(input)?,
        id: match tag {
            tag::V4_PORT => input.u64()?,
            _ => input.u32()?.into(),
        },
        creation: match tag {
            tag::PORT => input.u8()?.into(),
            _ => input.u32()?,
        },
    })
}

fn reference<'a>(tag: u8, input: &mut Reader<'a>) -> Result<Token<'a>, Fault> {
    const WORD: usize = 4;
    if tag == tag::REFERENCE {
        let (node, words) = (part_atom(input)?, input.take(WORD)?);
        let creation = input.u8()?.into();
        return Ok(Token::Reference {
            node,
            creation,
            words,
        });
    }
    let count = input.u16()?;
    let node = part_atom(input)?;
    let creation = match tag {
        tag::NEWER_REFERENCE => input.u32()?,
        _ => input.u8()?.into(),
    };
    let words = input.take(usize::from(count) * WORD)?;
    Ok(Token::Reference {
        node,
        creation,
        words,
    })
}

fn fun<'a>(input: &mut Reader<'a>) -> Result<FunHead<'a>, Fault> {
    // The size of it all is for those who skip it; what it holds says the same.
    let _size = input.u32()?;
    Ok(FunHead {
        arity: input.u8()?,
        uniq: input.array()?,
        index: input.u32()?,
        free: input.u32()?,
        module: part_atom(input)?,
        old_index: part_integer(input)?,
        old_uniq: part_integer(input)?,
        pid: match input.u8()? {
            tag @ (tag::NEW_PID | tag::PID) => pid(tag, input)?,
            other => return Err(Fault::Part(other)),
        },
    })
}

/// `sprintf("%.20e")`, filled up with zeros.
fn float_text(bytes: &[u8]) -> Result<Float, Fault> {
    let end = bytes.iter().position(|byte| *byte == 0);
    let text = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    let value: f64 = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or(Fault::FloatText)?;
    Ok(Float::new(value)?)
}
