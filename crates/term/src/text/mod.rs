//! Terms as text.

mod erlang;

pub use erlang::{Erlang, ErlangText};
