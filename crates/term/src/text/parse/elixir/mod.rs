//! Elixir syntax.

mod build;
mod quoted;
mod sigil;
mod token;

pub(super) use build::Builder;
