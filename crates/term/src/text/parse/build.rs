//! Putting words together to terms.
//!
//! As in the decoder, finished terms wait on a stack until the term that holds them is complete.

use super::segment::{Bits, Form};
use super::token::{Token, Tokens};
use super::{Call, ParseError, ParseFault, Parser};
use crate::{Atom, Export, Float, Integer, List, Map, Pid, Port, Reference, Term};

/// Reads one text.
pub(super) struct Builder<'a> {
    parser: &'a Parser,
    tokens: Tokens<'a>,
    /// Where the token that was read last begins.
    offset: usize,
    finished: Vec<Term>,
    open: Vec<Open>,
    count: usize,
}

/// A term that has been begun, and how many of the finished ones are not its own.
struct Open {
    kind: Kind,
    base: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Tuple,
    List,
    /// Behind the bar of a list.
    Tail,
    /// Where a key, or the end, is next.
    Key,
    /// Behind a key.
    Value,
}

impl Kind {
    fn closing(self) -> &'static str {
        match self {
            Self::List | Self::Tail => "]",
            Self::Tuple | Self::Key | Self::Value => "}",
        }
    }

    /// The term of this kind that holds nothing.
    fn empty(self) -> Term {
        match self {
            Self::Tuple => Term::tuple::<Term>([]),
            Self::List | Self::Tail => Term::NIL,
            Self::Key | Self::Value => Term::Map(Map::default()),
        }
    }
}

/// What a token begins.
enum Begun<'a> {
    /// A whole term, with the token after it.
    Whole(Term, Token<'a>),
    /// A term that holds others, with the first token of the first of them.
    Open(Token<'a>),
}

impl<'a> Builder<'a> {
    pub(super) fn new(parser: &'a Parser, text: &'a str) -> Result<Self, ParseError> {
        if text.len() > parser.limits.bytes {
            let fault = ParseFault::TooLarge(parser.limits.bytes);
            return Err(ParseError { offset: 0, fault });
        }
        Ok(Self {
            parser,
            tokens: Tokens::new(text),
            offset: 0,
            finished: Vec::new(),
            open: Vec::new(),
            count: 0,
        })
    }

    /// The whole text as a term.
    pub(super) fn term(mut self) -> Result<Term, ParseError> {
        let result = self.value();
        result.map_err(|fault| self.error(fault))
    }

    /// The whole text as a call.
    pub(super) fn call(mut self) -> Result<Call, ParseError> {
        let result = self.function_and_arguments();
        result.map_err(|fault| self.error(fault))
    }

    fn error(&self, fault: ParseFault) -> ParseError {
        ParseError {
            offset: self.offset,
            fault,
        }
    }

    fn next(&mut self) -> Result<Token<'a>, ParseFault> {
        self.offset = self.tokens.offset();
        self.tokens.next()
    }

    fn expect(&mut self, mark: &'static str) -> Result<(), ParseFault> {
        match self.next()? {
            Token::Mark(found) if found == mark => Ok(()),
            other => Err(other.misplaced()),
        }
    }

    fn end(&mut self) -> Result<(), ParseFault> {
        match self.next()? {
            Token::End => Ok(()),
            Token::Mark(".") => match self.next()? {
                Token::End => Ok(()),
                other => Err(other.misplaced()),
            },
            other => Err(other.misplaced()),
        }
    }

    fn value(&mut self) -> Result<Term, ParseFault> {
        let first = self.next()?;
        let (term, after) = self.assemble(first)?;
        match after {
            Token::End => Ok(term),
            Token::Mark(".") => self.end().map(|()| term),
            other => Err(other.misplaced()),
        }
    }

    fn function_and_arguments(&mut self) -> Result<Call, ParseFault> {
        let module = self.atom()?;
        self.expect(":")?;
        let function = self.atom()?;
        self.expect("(")?;
        let mut arguments = Vec::new();
        let mut token = self.next()?;
        if token != Token::Mark(")") {
            loop {
                let (term, after) = self.assemble(token)?;
                arguments.push(term);
                match after {
                    Token::Mark(",") => token = self.next()?,
                    Token::Mark(")") => break,
                    other => return Err(other.misplaced()),
                }
            }
        }
        self.end()?;
        Ok(Call {
            module,
            function,
            arguments,
        })
    }

    /// Reads the term that begins with a token, and the token after it.
    fn assemble(&mut self, first: Token<'a>) -> Result<(Term, Token<'a>), ParseFault> {
        let mut token = first;
        loop {
            self.count += 1;
            if self.count > self.parser.limits.elements {
                return Err(ParseFault::TooManyElements(self.parser.limits.elements));
            }
            let (mut term, mut after) = match self.begin(token)? {
                Begun::Whole(term, after) => (term, after),
                Begun::Open(first) => {
                    token = first;
                    continue;
                }
            };
            loop {
                let Some(open) = self.open.last_mut() else {
                    return Ok((term, after));
                };
                self.finished.push(term);
                open.kind = match (&after, open.kind) {
                    (Token::Mark(","), kind @ (Kind::Tuple | Kind::List)) => kind,
                    (Token::Mark("|"), Kind::List) => Kind::Tail,
                    (Token::Mark("=>"), Kind::Key) => Kind::Value,
                    (Token::Mark(","), Kind::Value) => Kind::Key,
                    (Token::Mark(mark), kind) if kind != Kind::Key && *mark == kind.closing() => {
                        term = self.close();
                        after = self.next()?;
                        continue;
                    }
                    _ => return Err(after.misplaced()),
                };
                break;
            }
            token = self.next()?;
        }
    }

    fn begin(&mut self, token: Token<'a>) -> Result<Begun<'a>, ParseFault> {
        let term = match token {
            Token::Mark("{") => return self.open(Kind::Tuple),
            Token::Mark("[") => return self.open(Kind::List),
            Token::Mark("#{") => return self.open(Kind::Key),
            Token::String(text) => return self.string(text),
            Token::Atom(atom) => atom.into(),
            Token::Integer(integer) => integer.into(),
            Token::Float(float) => float.into(),
            Token::Mark("-") => match self.next()? {
                Token::Integer(integer) => negated(&integer).into(),
                Token::Float(float) => Float::new(-float.get())?.into(),
                other => return Err(other.misplaced()),
            },
            Token::Mark("+") => match self.next()? {
                Token::Integer(integer) => integer.into(),
                Token::Float(float) => float.into(),
                other => return Err(other.misplaced()),
            },
            Token::Mark("<<") => self.binary()?,
            Token::Fun => self.export()?,
            Token::Identifier(opening, inside) => self
                .identifier(opening, inside)
                .ok_or_else(|| ParseFault::Elsewhere(format!("{opening}{inside}>")))?,
            other => return Err(other.misplaced()),
        };
        Ok(Begun::Whole(term, self.next()?))
    }

    fn open(&mut self, kind: Kind) -> Result<Begun<'a>, ParseFault> {
        let first = self.next()?;
        if first == Token::Mark(kind.closing()) {
            return Ok(Begun::Whole(kind.empty(), self.next()?));
        }
        if self.open.len() >= self.parser.limits.depth {
            return Err(ParseFault::TooDeep(self.parser.limits.depth));
        }
        let base = self.finished.len();
        self.open.push(Open { kind, base });
        Ok(Begun::Open(first))
    }

    /// Completes the innermost open term.
    fn close(&mut self) -> Term {
        let Some(Open { kind, base }) = self.open.pop() else {
            return Term::NIL;
        };
        let mut parts = self.finished.drain(base..);
        match kind {
            Kind::Tuple => Term::tuple(parts),
            Kind::List => Term::list(parts),
            Kind::Tail => List::from_parts(parts),
            Kind::Key | Kind::Value => {
                let pairs = std::iter::from_fn(|| Some((parts.next()?, parts.next()?)));
                Term::map(pairs)
            }
        }
    }

    /// A string, which goes on with every string that follows.
    fn string(&mut self, first: String) -> Result<Begun<'a>, ParseFault> {
        let mut text = first;
        loop {
            match self.next()? {
                Token::String(more) => text += &more,
                after => return Ok(Begun::Whole(Term::charlist(&text), after)),
            }
        }
    }

    fn binary(&mut self) -> Result<Term, ParseFault> {
        let mut bits = Bits::default();
        let mut token = self.next()?;
        if token == Token::Mark(">>") {
            return Ok(bits.finish());
        }
        loop {
            let value = match token {
                Token::Mark("-") => match self.next()? {
                    Token::Integer(integer) => Token::Integer(negated(&integer)),
                    Token::Float(float) => Token::Float(Float::new(-float.get())?),
                    other => return Err(other.misplaced()),
                },
                value @ (Token::Integer(_) | Token::Float(_) | Token::String(_)) => value,
                other => return Err(other.misplaced()),
            };
            let (form, after) = self.form()?;
            bits.add(&value, &form)?;
            match after {
                Token::Mark(",") => token = self.next()?,
                Token::Mark(">>") => return Ok(bits.finish()),
                other => return Err(other.misplaced()),
            }
        }
    }

    /// The size and types of a segment, `:16/little-unsigned`, and the token after them.
    fn form(&mut self) -> Result<(Form, Token<'a>), ParseFault> {
        let mut form = Form::default();
        let mut after = self.next()?;
        if after == Token::Mark(":") {
            form.size = match self.next()? {
                Token::Integer(size) => {
                    Some(u32::try_from(&size).map_err(|_| ParseFault::Segment)?)
                }
                other => return Err(other.misplaced()),
            };
            after = self.next()?;
        }
        if after != Token::Mark("/") {
            return Ok((form, after));
        }
        loop {
            form.add(self.atom()?.as_str())?;
            match self.next()? {
                Token::Mark("-") => {}
                after => return Ok((form, after)),
            }
        }
    }

    /// `fun Module:Function/Arity`, from behind the `fun`.
    fn export(&mut self) -> Result<Term, ParseFault> {
        let module = self.atom()?;
        self.expect(":")?;
        let function = self.atom()?;
        self.expect("/")?;
        match self.next()? {
            Token::Integer(arity) => {
                let arity = u8::try_from(&arity).map_err(|_| ParseFault::Number)?;
                Ok(Export::new(module, function, arity).into())
            }
            other => Err(other.misplaced()),
        }
    }

    fn atom(&mut self) -> Result<Atom, ParseFault> {
        match self.next()? {
            Token::Atom(atom) => Ok(atom),
            other => Err(other.misplaced()),
        }
    }

    /// What is between the angles of a pid, port or reference: the node, or 0, and numbers.
    fn identifier(&self, opening: &str, inside: &str) -> Option<Term> {
        let (node, creation) = self.parser.node.clone()?;
        let numbers = inside
            .strip_prefix(node.as_str())
            .or_else(|| inside.strip_prefix('0'))?
            .strip_prefix('.')?;
        let numbers: Vec<u64> = numbers
            .split('.')
            .map(|number| number.parse().ok())
            .collect::<Option<_>>()?;
        let word = |number: u64| u32::try_from(number).ok();
        Some(match (opening, &numbers[..]) {
            ("<", &[id, serial]) => {
                let (id, serial) = (word(id)?, word(serial)?);
                Pid {
                    node,
                    id,
                    serial,
                    creation,
                }
                .into()
            }
            ("#Port<", &[id]) => Port { node, id, creation }.into(),
            ("#Ref<", words) => {
                let words: Option<Vec<u32>> = words.iter().rev().map(|n| word(*n)).collect();
                Reference::new(node, creation, words?).ok()?.into()
            }
            _ => return None,
        })
    }
}

fn negated(integer: &Integer) -> Integer {
    match (integer.as_i64(), integer.as_big()) {
        (Some(small), _) => Integer::from(-i128::from(small)),
        (None, big) => big.map_or_else(
            || integer.clone(),
            |big| Integer::from_le_bytes(!big.is_negative(), big.magnitude()),
        ),
    }
}
