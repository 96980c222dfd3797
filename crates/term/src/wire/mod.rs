//! The External Term Format on the wire: its tags, and the tokens that they begin.
//!
//! [`Cursor`] reads bytes a token at a time and allocates nothing; the decoder puts its tokens together. Source:
//! "External Term Format" in the ERTS user's guide.

mod cursor;
mod error;
mod limits;
mod reader;
pub(crate) mod tag;
mod token;

pub use cursor::Cursor;
pub use error::{DecodeError, Fault};
pub use limits::Limits;
pub(crate) use token::Sink;
pub use token::{AtomName, FunHead, PidHead, Token};

/// What every encoded term begins with, unless it follows a distribution header.
pub const VERSION: u8 = 131;
