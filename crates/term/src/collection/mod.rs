//! Terms that hold terms: tuples, lists, maps.
//!
//! All keep what they hold in one shared, immutable slice (`Terms`), so cloning a term of any size copies a
//! pointer, as sending it to a process of the same node would in Erlang.

mod list;
mod map;
mod terms;
mod tuple;

pub use list::{List, ListIter};
pub use map::{DuplicateKey, Map};
pub use tuple::Tuple;

pub(crate) use map::Shape;
pub(crate) use terms::Terms;
