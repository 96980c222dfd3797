//! The Erlang distribution protocol: what BEAM nodes say to each other.
//!
//! In layers, from the bytes up, each without sockets but for a thin shell:
//!
//! - [`name`], [`cookie`], [`flags`]: who a node is, what it keeps secret, what it can do.
//! - [`tls`]: connections that nobody on the way can read, for those who want them.
//! - [`handshake`]: how two nodes come to trust each other, in both roles.
//! - [`frame`]: messages on the connection that comes of it.
//! - [`control`]: what messages are to do.
//! - [`node`]: a node made of all that, on tokio. Begin here.
//!
//! Source of the protocol: OTP's *Distribution Protocol* (`erts/doc/guides/erl_dist_protocol.md`), and the
//! behaviour of OTP 23 to 29 where that text is silent (`dist_util.erl`, `net_kernel.erl`, `dist.c`).

#![deny(missing_docs)]

mod closed;
pub mod control;
pub mod cookie;
pub mod flags;
pub mod frame;
pub mod handshake;
pub mod name;
pub mod node;
mod release;
pub mod tls;

pub use cookie::Cookie;
pub use flags::Flags;
pub use name::{FullName, Host};
pub use node::Node;
pub use release::Releases;
