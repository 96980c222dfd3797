//! What does not go between data and terms.

use std::fmt;

use crate::{AtomError, DecodeError, EncodeError, NotFinite};

/// Why data is no term, or a term is not the data asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The term is not what the type asks for, or a type's own rule is broken: serde's words.
    #[error("{0}")]
    Mismatch(String),
    /// A name that no atom can have.
    #[error(transparent)]
    Atom(#[from] AtomError),
    /// A float that Erlang does not have.
    #[error(transparent)]
    Float(#[from] NotFinite),
    /// Nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("the data is nested deeper than {} levels", super::MAX_DEPTH)]
    TooDeep,
    /// The bytes are no term.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The term cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl serde::ser::Error for ModelError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Mismatch(message.to_string())
    }
}

impl serde::de::Error for ModelError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Mismatch(message.to_string())
    }
}
