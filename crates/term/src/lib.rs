//! Erlang terms in Rust: the External Term Format, Erlang's order, hashes and syntax.
//!
//! A [`Term`] is any value of Erlang, immutable, shared and cheap to clone. [`decode()`] and [`encode()`] are
//! `binary_to_term` and `term_to_binary`; between them, byte for byte, there is no loss.
//!
//! ```
//! use beamport_term::{Term, atom, decode, encode};
//!
//! let request = Term::from((atom!("add"), 1, Term::float(2.5)?));
//! let bytes = encode(&request)?;
//! assert_eq!(decode(&bytes.into())?, request);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What arrives from a network can be anything. Decoding does not recurse deep, panic or take memory out of
//! proportion for any input, and does no more than [`Limits`] allow; the same holds of everything one can do
//! with a term once it is there.
//!
//! - [`mod@atom`], [`number`], [`identifier`], [`collection`]: the types of terms.
//! - [`text`]: terms as text, printed and read.
//! - [`model`]: Rust data as terms, by serde.
//! - [`view`]: encoded terms looked at in place, for one field of a large message.
//! - [`wire`]: encoded terms, read token by token; [`Decoder`] and [`Encoder`] are built on it.

#![deny(missing_docs)]

pub mod atom;
mod bits;
pub mod collection;
mod decode;
mod encode;
mod fun;
mod hash;
pub mod identifier;
pub mod model;
pub mod number;
mod order;
mod term;
pub mod text;
pub mod view;
pub mod wire;

pub use atom::{Atom, AtomError};
pub use bits::{BitCount, BitString};
pub use collection::{DuplicateKey, List, Map, Tuple};
pub use decode::{AtomCache, Decoder, decode};
pub use encode::{AtomEncoding, AtomTable, EncodeError, Encoder, PortEncoding, encode};
pub use fun::{Closure, Export, Fun};
pub use hash::phash2_of_binary;
pub use identifier::{Pid, Port, Reference};
pub use model::{Deserializer, ModelError, Serializer, from_slice, from_term, to_term, to_vec};
pub use number::{Float, Integer, NotFinite};
pub use term::Term;
pub use text::{Elixir, Erlang, ParseError, Parser, Syntax};
pub use view::{Encoded, View};
pub use wire::{Cursor, DecodeError, Limits, Token};
