//! References.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::Atom;

/// A reference, as `make_ref/0`, monitors and aliases are.
///
/// Three words; in aliases and other references that find a process, from OTP 24 on, up to five. Words that are
/// zero and come last make no difference to the VM, and none to [`Eq`].
#[derive(Debug, Clone)]
pub struct Reference(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    node: Atom,
    creation: u32,
    count: u8,
    /// Zero from `count` on.
    words: [u32; Reference::MAX_WORDS],
}

impl Reference {
    /// The most words a reference has.
    pub const MAX_WORDS: usize = 5;

    /// A reference of one to five words, in the order in which they go over the wire.
    pub fn new(
        node: Atom,
        creation: u32,
        words: impl IntoIterator<Item = u32>,
    ) -> Result<Self, WordCount> {
        let mut given = words.into_iter();
        let mut words = [0; Self::MAX_WORDS];
        let mut count = 0;
        for (slot, word) in words.iter_mut().zip(&mut given) {
            *slot = word;
            count += 1;
        }
        if count == 0 || given.next().is_some() {
            return Err(WordCount);
        }
        Ok(Self(Arc::new(Inner {
            node,
            creation,
            count,
            words,
        })))
    }

    /// The node that made the reference.
    pub fn node(&self) -> &Atom {
        &self.0.node
    }

    /// The incarnation of the node.
    pub fn creation(&self) -> u32 {
        self.0.creation
    }

    /// The words, the least significant first, as they go over the wire.
    pub fn words(&self) -> &[u32] {
        self.0.words.get(..self.0.count.into()).unwrap_or_default()
    }

    /// The words, filled up with zeros.
    pub(crate) fn all_words(&self) -> &[u32; Self::MAX_WORDS] {
        &self.0.words
    }

    fn value(&self) -> (&Atom, u32, &[u32; Self::MAX_WORDS]) {
        (&self.0.node, self.0.creation, &self.0.words)
    }
}

impl PartialEq for Reference {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl Eq for Reference {}

impl Hash for Reference {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value().hash(state);
    }
}

/// A reference has one to five words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reference has 1 to {} words", Reference::MAX_WORDS)]
pub struct WordCount;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom;

    #[test]
    fn a_reference_has_one_to_five_words() {
        let with = |count: u32| Reference::new(atom!("a@b"), 1, 0..count);
        assert_eq!(with(0), Err(WordCount));
        assert_eq!(with(5).unwrap().words(), [0, 1, 2, 3, 4]);
        assert_eq!(with(6), Err(WordCount));
    }
}
