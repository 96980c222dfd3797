//! Putting words together to terms.

use super::token::{Token, Tokens};
use crate::text::parse::segment::{Bits, Form, Value};
use crate::text::parse::stack::Stack;
use crate::text::parse::{Call, Number, ParseError, ParseFault, Parser};
use crate::{Atom, Export, List, Map, Term};

/// Reads one text.
pub(in crate::text::parse) struct Builder<'a> {
    parser: &'a Parser,
    tokens: Tokens<'a>,
    /// Where the token that was read last begins.
    offset: usize,
    stack: Stack<Kind>,
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
    pub(in crate::text::parse) fn new(parser: &'a Parser, text: &'a str) -> Self {
        Self {
            parser,
            tokens: Tokens::new(text),
            offset: 0,
            stack: Stack::new(parser.limits),
        }
    }

    /// The whole text as a term.
    pub(in crate::text::parse) fn term(mut self) -> Result<Term, ParseError> {
        let result = self.value();
        result.map_err(|fault| self.error(fault))
    }

    /// The whole text as a call.
    pub(in crate::text::parse) fn call(mut self) -> Result<Call, ParseError> {
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
        let module = self.module()?;
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
            self.stack.count(1)?;
            let (mut term, mut after) = match self.begin(token)? {
                Begun::Whole(term, after) => (term, after),
                Begun::Open(first) => {
                    token = first;
                    continue;
                }
            };
            loop {
                let Some(kind) = self.stack.innermost() else {
                    return Ok((term, after));
                };
                *kind = match (&after, *kind) {
                    (Token::Mark(","), kind @ (Kind::Tuple | Kind::List)) => kind,
                    (Token::Mark("|"), Kind::List) => Kind::Tail,
                    (Token::Mark("=>"), Kind::Key) => Kind::Value,
                    (Token::Mark(","), Kind::Value) => Kind::Key,
                    (Token::Mark(mark), kind) if kind != Kind::Key && *mark == kind.closing() => {
                        self.stack.push(term);
                        term = self.close();
                        after = self.next()?;
                        continue;
                    }
                    _ => return Err(after.misplaced()),
                };
                self.stack.push(term);
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
            Token::Number(number) => number.into(),
            Token::Mark("-") => self.number()?.negated()?.into(),
            Token::Mark("+") => self.number()?.into(),
            Token::Mark("<<") => self.binary()?,
            Token::Fun => self.export()?,
            Token::Identifier(identifier) => identifier.read(self.parser.node.as_ref())?,
            other => return Err(other.misplaced()),
        };
        Ok(Begun::Whole(term, self.next()?))
    }

    fn open(&mut self, kind: Kind) -> Result<Begun<'a>, ParseFault> {
        let first = self.next()?;
        if first == Token::Mark(kind.closing()) {
            return Ok(Begun::Whole(kind.empty(), self.next()?));
        }
        self.stack.open(kind)?;
        Ok(Begun::Open(first))
    }

    /// Completes the innermost open term.
    fn close(&mut self) -> Term {
        let Some((kind, mut parts)) = self.stack.close() else {
            return Term::NIL;
        };
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
                Token::Mark("-") => Value::Number(self.number()?.negated()?),
                Token::Number(number) => Value::Number(number),
                Token::String(text) => Value::Characters(text),
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
            form.size = Some(self.number()?.size()?);
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
        let arity = self.number()?.arity()?;
        Ok(Export::new(module, function, arity).into())
    }

    fn number(&mut self) -> Result<Number, ParseFault> {
        match self.next()? {
            Token::Number(number) => Ok(number),
            other => Err(other.misplaced()),
        }
    }

    /// A module to be called: an atom, or `Elixir.My.App`, which goes without quotes here.
    fn module(&mut self) -> Result<Atom, ParseFault> {
        self.offset = self.tokens.offset();
        match self.tokens.alias() {
            Some(alias) => Ok(Atom::from_input(alias.as_bytes())?),
            None => self.atom(),
        }
    }

    fn atom(&mut self) -> Result<Atom, ParseFault> {
        match self.next()? {
            Token::Atom(atom) => Ok(atom),
            other => Err(other.misplaced()),
        }
    }
}
