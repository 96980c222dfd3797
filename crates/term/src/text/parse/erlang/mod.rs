//! Erlang syntax.

mod build;
mod escape;
mod token;

pub(super) use build::Builder;
