//! Pids, ports and references, which are read where they live.

use super::ParseFault;
use crate::{Atom, Pid, Port, Reference, Term};

/// What a text names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Pid,
    Port,
    Reference,
}

/// `<0.42.0>` and its like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Identifier<'a> {
    kind: Kind,
    /// All of it.
    pub(super) text: &'a str,
    /// What is between the angles: the node, or 0, and numbers.
    inside: &'a str,
}

impl<'a> Identifier<'a> {
    /// Takes an identifier that begins this way, if that is what comes next.
    pub(super) fn take(
        rest: &mut &'a str,
        opening: &str,
        kind: Kind,
    ) -> Result<Option<Self>, ParseFault> {
        let Some(behind) = rest.strip_prefix(opening) else {
            return Ok(None);
        };
        let (inside, after) = behind.split_once('>').ok_or(ParseFault::End)?;
        let text = rest.strip_suffix(after).unwrap_or(rest);
        *rest = after;
        Ok(Some(Self { kind, text, inside }))
    }

    /// What it is at a node, of which the creation is known.
    pub(super) fn read(&self, home: Option<&(Atom, u32)>) -> Result<Term, ParseFault> {
        home.and_then(|(node, creation)| self.read_at(node, *creation))
            .ok_or_else(|| ParseFault::Elsewhere(self.text.to_owned()))
    }

    fn read_at(&self, node: &Atom, creation: u32) -> Option<Term> {
        let numbers = self
            .inside
            .strip_prefix(node.as_str())
            .or_else(|| self.inside.strip_prefix('0'))?
            .strip_prefix('.')?;
        let numbers: Vec<u64> = numbers
            .split('.')
            .map(|number| number.parse().ok())
            .collect::<Option<_>>()?;
        let word = |number: u64| u32::try_from(number).ok();
        let node = node.clone();
        Some(match (self.kind, &numbers[..]) {
            (Kind::Pid, &[id, serial]) => {
                let (id, serial) = (word(id)?, word(serial)?);
                Pid {
                    node,
                    id,
                    serial,
                    creation,
                }
                .into()
            }
            (Kind::Port, &[id]) => Port { node, id, creation }.into(),
            (Kind::Reference, words) => {
                let words: Option<Vec<u32>> = words.iter().rev().map(|n| word(*n)).collect();
                Reference::new(node, creation, words?).ok()?.into()
            }
            (Kind::Pid | Kind::Port, _) => return None,
        })
    }
}
