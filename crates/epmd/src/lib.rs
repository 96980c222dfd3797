//! The Erlang port mapper protocol (EPMD), as spoken by `epmd` and by every BEAM node.
//!
//! A node that starts registers its name and its distribution port with the port mapper of its host; a node
//! that connects to `Name@Host` asks `Host:4369` which port `Name` listens on. In layers, from the bytes up:
//!
//! - [`node`] and [`annotations`]: what is registered. Values that exist are valid.
//! - [`agent`]: what the port mapper of a Docker host tells about itself.
//! - [`entrypoint`]: what is registered of a node that is still to be started.
//! - [`wire`]: requests and replies as bytes, without sockets.
//! - [`directory`]: the trait behind a server, who knows which name; [`local`] is the one of stock epmd.
//! - [`server`] and [`client`]: sockets around them.
//!
//! Source of the protocol: OTP's *Distribution Protocol*, section "Protocol between Epmd and nodes"
//! (`erts/doc/guides/erl_dist_protocol.md`), and the behaviour of OTP 23 to 29 where that text is silent.

pub mod agent;
pub mod annotations;
pub mod client;
pub mod directory;
pub mod entrypoint;
pub mod local;
pub mod node;
pub mod server;
pub mod wire;

pub use annotations::Annotations;
pub use directory::Directory;
pub use local::LocalDirectory;
pub use node::{Creation, Extra, NodeName, NodeType, Registration};

/// The port every port mapper listens on unless told otherwise, registered with IANA.
pub const DEFAULT_PORT: u16 = 4369;
