//! Putting words together to terms.

use super::token::{Token, Tokens};
use crate::text::parse::segment::{Bits, Form, Value};
use crate::text::parse::stack::Stack;
use crate::text::parse::{Call, Number, ParseError, ParseFault, Parser};
use crate::{Atom, Export, List, Map, Term, atom};

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
    /// A list from its first `key: value` on.
    Keys,
    /// Such a list without brackets, at the end of a tuple or of arguments.
    BareKeys,
    /// `key: value`
    Pair,
    /// Where a key of a map, or the end, is next.
    Key,
    /// Behind a key of a map.
    Value,
}

impl Kind {
    /// What ends a term of this kind; a pair and a list without brackets end before what ends the term around.
    fn closing(self) -> Option<&'static str> {
        match self {
            Self::List | Self::Tail | Self::Keys => Some("]"),
            Self::Tuple | Self::Key | Self::Value => Some("}"),
            Self::BareKeys | Self::Pair => None,
        }
    }

    /// What a term of this kind becomes by a comma, if one can stand there.
    fn after_comma(self) -> Option<Self> {
        match self {
            Self::Tuple | Self::List | Self::Keys | Self::BareKeys => Some(self),
            Self::Value => Some(Self::Key),
            Self::Tail | Self::Key | Self::Pair => None,
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

    fn value(&mut self) -> Result<Term, ParseFault> {
        let first = self.next()?;
        if let Token::Key(_) = first {
            return Err(first.misplaced());
        }
        match self.assemble(first)? {
            (term, Token::End) => Ok(term),
            (_, other) => Err(other.misplaced()),
        }
    }

    fn function_and_arguments(&mut self) -> Result<Call, ParseFault> {
        let module = self.atom()?;
        self.expect(".")?;
        let function = self.function(|after| after.is_empty() || after.starts_with('('))?;
        let mut arguments = Vec::new();
        match self.next()? {
            Token::End => {}
            Token::Mark("(") => {
                arguments = self.arguments()?;
                match self.next()? {
                    Token::End => {}
                    other => return Err(other.misplaced()),
                }
            }
            other => return Err(other.misplaced()),
        }
        Ok(Call {
            module,
            function,
            arguments,
        })
    }

    /// Arguments, from behind the opening parenthesis.
    fn arguments(&mut self) -> Result<Vec<Term>, ParseFault> {
        let mut arguments = Vec::new();
        let mut token = self.next()?;
        if token == Token::Mark(")") {
            return Ok(arguments);
        }
        loop {
            let (term, after) = self.assemble(token)?;
            arguments.push(term);
            match after {
                Token::Mark(",") => token = self.next()?,
                Token::Mark(")") => return Ok(arguments),
                other => return Err(other.misplaced()),
            }
        }
    }

    /// Reads the term that begins with a token, and the token after it.
    fn assemble(&mut self, first: Token<'a>) -> Result<(Term, Token<'a>), ParseFault> {
        let mut token = first;
        loop {
            self.stack.count(1)?;
            token = match self.begin(token)? {
                Begun::Open(first) => first,
                Begun::Whole(term, after) => match self.finish(term, after)? {
                    Begun::Whole(term, after) => return Ok((term, after)),
                    Begun::Open(first) => first,
                },
            };
        }
    }

    /// Gives a finished term to the one that holds it, and so on with those that are finished by what comes after.
    fn finish(&mut self, term: Term, after: Token<'a>) -> Result<Begun<'a>, ParseFault> {
        let (mut term, mut after) = (term, after);
        loop {
            let Some(kind) = self.stack.innermost() else {
                return Ok(Begun::Whole(term, after));
            };
            let Token::Mark(mark) = after else {
                return Err(after.misplaced());
            };
            let closing = kind.closing();
            match (mark, *kind) {
                ("|", Kind::List) => *kind = Kind::Tail,
                ("=>", Kind::Key) => *kind = Kind::Value,
                (",", Kind::Pair) => {
                    self.stack.push(term);
                    term = self.close();
                    continue;
                }
                (",", from) => *kind = from.after_comma().ok_or_else(|| after.misplaced())?,
                (_, Kind::Key) => return Err(after.misplaced()),
                _ if closing == Some(mark) => {
                    self.stack.push(term);
                    (term, after) = (self.close(), self.next()?);
                    continue;
                }
                ("]" | "}" | ")", Kind::Pair | Kind::BareKeys) => {
                    self.stack.push(term);
                    term = self.close();
                    continue;
                }
                _ => return Err(after.misplaced()),
            }
            self.stack.push(term);
            let first = self.next()?;
            // Brackets may end with a comma.
            if mark != "," || closing.is_none_or(|closing| first != Token::Mark(closing)) {
                return Ok(Begun::Open(first));
            }
            (term, after) = (self.close(), self.next()?);
        }
    }

    fn begin(&mut self, token: Token<'a>) -> Result<Begun<'a>, ParseFault> {
        let innermost = self.stack.innermost();
        let term = match token {
            Token::Key(key) => return self.key(key),
            other if matches!(innermost, Some(Kind::Keys | Kind::BareKeys)) => {
                return Err(other.misplaced());
            }
            Token::Mark("{") => return self.open(Kind::Tuple),
            Token::Mark("[") => return self.open(Kind::List),
            Token::Mark("%{") => return self.open(Kind::Key),
            Token::Mark("%") => return self.structure(),
            Token::String(bytes) => Term::binary(bytes),
            Token::Charlist(text) => Term::charlist(&text),
            Token::Words(words) => {
                self.stack.count(words.len())?;
                Term::list(words)
            }
            Token::Atom(atom) => atom.into(),
            Token::Number(number) => number.into(),
            Token::Mark("-") => self.number()?.negated()?.into(),
            Token::Mark("+") => self.number()?.into(),
            Token::Mark("<<") => self.binary()?,
            Token::Mark("&") => self.capture()?,
            Token::Identifier(identifier) => identifier.read(self.parser.node.as_ref())?,
            other => return Err(other.misplaced()),
        };
        Ok(Begun::Whole(term, self.next()?))
    }

    /// Begins what a key stands before.
    fn key(&mut self, key: Atom) -> Result<Begun<'a>, ParseFault> {
        let is_begun = self.stack.is_begun();
        match self.stack.innermost() {
            Some(kind @ Kind::Key) => {
                *kind = Kind::Value;
                self.stack.push(key.into());
                return Ok(Begun::Open(self.next()?));
            }
            Some(kind @ Kind::List) => *kind = Kind::Keys,
            Some(Kind::Keys | Kind::BareKeys) => {}
            Some(Kind::Tuple) if is_begun => self.stack.open(Kind::BareKeys)?,
            None => self.stack.open(Kind::BareKeys)?,
            Some(_) => return Err(Token::Key(key).misplaced()),
        }
        self.stack.open(Kind::Pair)?;
        self.stack.push(key.into());
        Ok(Begun::Open(self.next()?))
    }

    /// `%Module{}`, from behind the percent sign: a map that names its module.
    fn structure(&mut self) -> Result<Begun<'a>, ParseFault> {
        let module = self.atom()?;
        self.expect("{")?;
        self.stack.open(Kind::Key)?;
        self.stack.push(atom!("__struct__").into());
        self.stack.push(module.into());
        self.first(Kind::Key)
    }

    fn open(&mut self, kind: Kind) -> Result<Begun<'a>, ParseFault> {
        self.stack.open(kind)?;
        self.first(kind)
    }

    /// What is first in a term of this kind, which may be its end.
    fn first(&mut self, kind: Kind) -> Result<Begun<'a>, ParseFault> {
        match self.next()? {
            Token::Mark(mark) if kind.closing() == Some(mark) => {
                Ok(Begun::Whole(self.close(), self.next()?))
            }
            first => Ok(Begun::Open(first)),
        }
    }

    /// Completes the innermost open term.
    fn close(&mut self) -> Term {
        let Some((kind, mut parts)) = self.stack.close() else {
            return Term::NIL;
        };
        match kind {
            Kind::Tuple | Kind::Pair => Term::tuple(parts),
            Kind::List | Kind::Keys | Kind::BareKeys => Term::list(parts),
            Kind::Tail => List::from_parts(parts),
            Kind::Key | Kind::Value => {
                let pairs = std::iter::from_fn(|| Some((parts.next()?, parts.next()?)));
                Term::Map(pairs.collect::<Map>())
            }
        }
    }

    fn binary(&mut self) -> Result<Term, ParseFault> {
        let mut bits = Bits::default();
        let mut token = self.next()?;
        while token != Token::Mark(">>") {
            let mut form = Form::default();
            let value = match token {
                Token::Mark("-") => Value::Number(self.number()?.negated()?),
                Token::Number(number) => Value::Number(number),
                Token::String(bytes) => Value::Bytes(bytes),
                other => return Err(other.misplaced()),
            };
            let mut after = self.next()?;
            if after == Token::Mark("::") {
                after = self.form(&mut form)?;
            }
            if let Value::Number(Number::Float(_)) = value {
                form.default_to_float();
            }
            bits.add(&value, &form)?;
            token = match after {
                Token::Mark(",") => self.next()?,
                Token::Mark(">>") => after,
                other => return Err(other.misplaced()),
            };
        }
        Ok(bits.finish())
    }

    /// The size and types of a segment, `16-little` or `size(16)-little`, and the token after them.
    fn form(&mut self, form: &mut Form) -> Result<Token<'a>, ParseFault> {
        loop {
            self.offset = self.tokens.offset();
            match self.tokens.modifier() {
                Some("size") => {
                    self.expect("(")?;
                    form.size = Some(self.number()?.size()?);
                    self.expect(")")?;
                }
                Some(name) => form.add(name)?,
                None => form.size = Some(self.number()?.size()?),
            }
            match self.next()? {
                Token::Mark("-") => {}
                after => return Ok(after),
            }
        }
    }

    /// `&Module.function/arity`, from behind the sign.
    fn capture(&mut self) -> Result<Term, ParseFault> {
        let module = self.atom()?;
        self.expect(".")?;
        let function = self.function(|after| after.starts_with('/'))?;
        self.expect("/")?;
        let arity = self.number()?.arity()?;
        Ok(Export::new(module, function, arity).into())
    }

    fn function(&mut self, accept: fn(&str) -> bool) -> Result<Atom, ParseFault> {
        self.offset = self.tokens.offset();
        self.tokens.function(accept)
    }

    fn number(&mut self) -> Result<Number, ParseFault> {
        match self.next()? {
            Token::Number(number) => Ok(number),
            other => Err(other.misplaced()),
        }
    }

    fn atom(&mut self) -> Result<Atom, ParseFault> {
        match self.next()? {
            Token::Atom(atom) => Ok(atom),
            other => Err(other.misplaced()),
        }
    }
}
