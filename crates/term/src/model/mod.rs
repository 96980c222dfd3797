//! Rust data as terms and back, by serde.
//!
//! | Rust | becomes | and is read from |
//! |---|---|---|
//! | `bool` | `true`, `false` | the same |
//! | integers | integer | the same, if it fits |
//! | floats | float; not NaN or infinite | float, integer |
//! | `char`, `str`, `String` | binary in UTF-8 | that, an atom, a string (list of characters); `char` also an integer |
//! | bytes (`serde_bytes`) | binary | binary, list of bytes |
//! | `None`, `()` | `nil`, or as [`Serializer::none`] has it | `nil`, `undefined`; `()` also `ok` |
//! | `Some(value)` | the value | the value |
//! | `Vec`, sequences | list | list, tuple |
//! | tuples, tuple structs | tuple | tuple, list |
//! | newtype structs | the value inside | the value inside |
//! | `HashMap`, maps | map | map, property list |
//! | structs | map with atoms as keys | map (of an Elixir struct, without `__struct__`), property or keyword list, a record of its name |
//! | unit structs, unit variants | atom of the name | atom, text |
//! | other variants | `{name, Value}`, `{name, A, B}`, `{name, #{field => Value}}` | the same |
//! | [`Term`] | itself | any term |
//! | [`Atom`](crate::Atom) | itself | an atom |
//!
//! Names are those that serde has: `#[serde(rename_all = "snake_case")]` makes `NotFound` the atom `not_found`.
//! Keys of maps may be anything that serde allows and be any term; a key that a struct asks for may be an atom or
//! text.
//!
//! # Elixir
//!
//! A struct is read from an Elixir struct, a map or a keyword list alike. To write an Elixir struct, let a field name its
//! module; to write a keyword list, make it a list of pairs that begin with an [`Atom`](crate::Atom):
//!
//! ```
//! use beamport_term::{Atom, Elixir, Parser, Syntax, atom, from_term, to_term};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize)]
//! struct User {
//!     #[serde(rename = "__struct__")]
//!     module: Atom,
//!     name: String,
//!     options: Vec<(Atom, u32)>,
//! }
//!
//! let user = User {
//!     module: atom!("Elixir.My.User"),
//!     name: "Ann".into(),
//!     options: vec![(atom!("timeout"), 5000), (atom!("retries"), 3)],
//! };
//! let text = Elixir::new().of(&to_term(&user)?).to_string();
//! assert_eq!(text, r#"%My.User{name: "Ann", options: [timeout: 5000, retries: 3]}"#);
//!
//! #[derive(Deserialize)]
//! struct Options {
//!     timeout: u32,
//!     retries: Option<u32>,
//! }
//!
//! let elixir = Parser::default().syntax(Syntax::Elixir);
//! for text in ["[timeout: 5000]", "%{timeout: 5000}", "%My.Options{timeout: 5000, retries: nil}"] {
//!     let options: Options = from_term(&elixir.parse(text)?)?;
//!     assert_eq!((options.timeout, options.retries), (5000, None));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Depth
//!
//! serde recurses. Data nested deeper than [`MAX_DEPTH`] is refused, in both directions.

mod access;
mod de;
mod error;
mod passage;
mod ser;

use bytes::Bytes;
use serde::Serialize;
use serde::de::{Deserialize, DeserializeOwned};

use crate::{Term, decode, encode};

pub use de::Deserializer;
pub use error::ModelError;
pub use ser::Serializer;

/// How deep data may be nested: 128.
pub const MAX_DEPTH: usize = 128;

/// Turns data into a term.
///
/// ```
/// use beamport_term::to_term;
///
/// #[derive(serde::Serialize)]
/// struct User {
///     name: String,
///     age: Option<u8>,
/// }
///
/// let term = to_term(&User { name: "Ann".into(), age: None })?;
/// assert_eq!(term.to_string(), r#"#{name => <<"Ann">>,age => nil}"#);
/// # Ok::<(), beamport_term::ModelError>(())
/// ```
pub fn to_term<T: Serialize + ?Sized>(value: &T) -> Result<Term, ModelError> {
    value.serialize(&Serializer::new())
}

/// Turns a term into data, which may borrow from it.
///
/// ```
/// use beamport_term::{Term, from_term};
///
/// #[derive(serde::Deserialize)]
/// struct User<'a> {
///     name: &'a str,
///     age: Option<u8>,
/// }
///
/// let term: Term = "#{'__struct__' => 'Elixir.User', name => <<\"Ann\">>, age => 7}".parse()?;
/// let user: User = from_term(&term)?;
/// assert_eq!((user.name, user.age), ("Ann", Some(7)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn from_term<'de, T: Deserialize<'de>>(term: &'de Term) -> Result<T, ModelError> {
    T::deserialize(Deserializer::new(term))
}

/// Encodes data as `term_to_binary` would encode its term.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, ModelError> {
    Ok(encode(&to_term(value)?)?)
}

/// Decodes data from an encoded term, within the default [`Limits`](crate::Limits).
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ModelError> {
    from_term(&decode(&Bytes::copy_from_slice(bytes))?)
}
