//! What is wrong with bytes that are no term.

use crate::atom::AtomError;
use crate::bits::BitCount;
use crate::collection::DuplicateKey;
use crate::identifier::WordCount;
use crate::number::NotFinite;

/// Why bytes could not be decoded, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{fault} (at byte {offset})")]
pub struct DecodeError {
    /// Where the term begins that could not be read: bytes from the start of the input or, of a compressed
    /// term, of what it decompresses to.
    pub offset: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a term on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The term is not all there, or claims more than what is.
    #[error("the input ends before the term does")]
    Truncated,
    /// The term is followed by this many bytes, where nothing was to follow.
    #[error("{0} bytes follow the term")]
    Trailing(usize),
    /// The input does not begin with [`VERSION`](crate::wire::VERSION).
    #[error("the input begins with {0}, an encoded term with 131")]
    Version(u8),
    /// No such tag, or one that is not decoded any more (`FUN_EXT`), or one that can only begin a whole term.
    #[error("{0} is no tag of a term")]
    Tag(u8),
    /// A tag of another type than the place allows.
    #[error("a term with tag {0} cannot be part of this one")]
    Part(u8),
    /// Nested deeper than [`Limits::depth`](crate::Limits::depth).
    #[error("the term is nested deeper than {0} levels")]
    TooDeep(usize),
    /// Larger than [`Limits::bytes`](crate::Limits::bytes).
    #[error("the term takes more than {0} bytes")]
    TooLarge(usize),
    /// Made of more terms than [`Limits::elements`](crate::Limits::elements).
    #[error("the term is made of more than {0} terms")]
    TooManyElements(usize),
    /// An atom that cannot be.
    #[error(transparent)]
    Atom(#[from] AtomError),
    /// An atom by a number that stands for none here.
    #[error("no atom is known by the number {0}")]
    UnknownAtom(u8),
    /// A float that cannot be.
    #[error(transparent)]
    Float(#[from] NotFinite),
    /// A float whose text is no number.
    #[error("the text of a float is no number")]
    FloatText,
    /// A bit string that cannot be.
    #[error(transparent)]
    Bits(#[from] BitCount),
    /// A reference that cannot be.
    #[error(transparent)]
    Words(#[from] WordCount),
    /// A map that cannot be.
    #[error(transparent)]
    Key(#[from] DuplicateKey),
    /// The zlib stream of a compressed term is broken or holds another number of bytes than it claims.
    #[error("the compressed term is damaged")]
    Compression,
}
