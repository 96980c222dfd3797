//! What Docker publishes: running containers, their addresses and ports, live.
//!
//! [`Watch`] keeps an [`Inventory`] up to date through Docker's API, or Podman's in its Docker form. It only
//! ever reads. From the outside in:
//!
//! - `watch`, `session`: the thread that asks and listens, and when it does.
//! - `api`, `endpoint`, `tls`: the requests, and where they go.
//! - `ledger`: what the answers, which may overtake one another, add up to.
//! - `mapping`, `event`: what Docker writes, as [`Container`] and events.

mod api;
mod container;
mod endpoint;
mod event;
mod inventory;
mod ledger;
mod mapping;
mod process;
mod session;
mod tls;
mod tls_fault;
mod watch;

pub use container::{Container, ContainerId, NAME_LABEL, PORT_LABEL, Port};
pub use endpoint::{Endpoint, EndpointError, Resolve};
pub use inventory::Inventory;
pub use process::Process;
pub use tls::Identity;
pub use watch::{Snapshot, Status, Watch};
