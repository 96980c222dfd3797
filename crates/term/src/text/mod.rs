//! Terms as text.

mod elixir;
mod erlang;
mod parse;

pub use elixir::{Elixir, ElixirText};
pub use erlang::{Erlang, ErlangText};
pub use parse::{Call, ParseError, ParseFault, Parser, Syntax};
