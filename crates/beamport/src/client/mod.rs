//! What the commands have in common that talk to a node: `ping`, `rpc`, `call`, `send`, `whereis` and `nodes`.
//!
//! - [`options`]: the flags; [`cookie`]: where the cookie comes from; [`target`]: which node is meant;
//! - [`process`]: which process of it;
//! - [`session`]: a hidden node of our own, for as long as the command lasts;
//! - [`explain`]: why a connection failed, whose fault that is, and what to do;
//! - [`input`] and [`answer`]: terms as text, read and printed.

pub(crate) mod answer;
pub(crate) mod cookie;
pub(crate) mod explain;
pub(crate) mod hints;
pub(crate) mod input;
pub(crate) mod options;
pub(crate) mod output;
pub(crate) mod process;
pub(crate) mod session;
pub(crate) mod target;

pub(crate) use explain::{Explanation, Stage};
pub(crate) use options::ClientOptions;
pub(crate) use session::Session;
