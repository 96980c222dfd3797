//! Numbers: integers of any size and finite floats, and how Erlang compares the two.

mod compare;
mod decimal;
mod float;
mod integer;

pub use float::{Float, NotFinite};
pub use integer::{Big, Integer};

pub(crate) use compare::integer_with_float;
