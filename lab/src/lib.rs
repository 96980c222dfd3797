//! Docker hosts in network namespaces on one machine, for tests, demo and benches.
//!
//! A lab is a switch (a bridge in a network namespace of its own) and a few hosts. Each host is a network
//! namespace with a cable to the switch, a host name and a Docker daemon of its own; nothing leads out.
//!
//! ```text
//!   host1 10.99.0.1 ── dockerd, agent, containers ──┐
//!                                                   ├── switch 10.99.0.0/24, no way out
//!   host2 10.99.0.2 ── dockerd, agent, containers ──┘
//! ```
//!
//! [`Lab::up`] makes one, [`Lab::attach`] is how a test gets hold of it, [`Lab::down`] ends it. Labs have names
//! ([`Instance`]), so several live side by side. Everything a lab makes it first writes down, so
//! that `down`, or the next `up` after a crash, removes precisely that and nothing else.
//!
//! ```no_run
//! use beamport_lab::{Image, Lab};
//!
//! # fn main() -> anyhow::Result<()> {
//! let lab = Lab::attach()?;
//! let host = lab.host(1)?;
//! let image = lab.image(Image::Otp25)?;
//! let agent = host.agent(lab.binary(), [""; 0])?;
//! let container = host.docker(["run", "-d", "-p", "12345", &image, "sleep", "60"])?;
//! # Ok(())
//! # }
//! ```

mod agent;
mod binary;
mod cgroup;
mod clear;
mod command;
pub mod control;
mod dockerd;
mod down;
mod faults;
mod host;
mod images;
mod instance;
mod lab;
mod node;
mod permissions;
mod process;
mod progress;
mod record;
mod requirements;
mod switch;
mod up;
mod wait;

pub use agent::Agent;
pub use binary::{
    Build, VARIABLE as BINARY_VARIABLE, build as build_static_binary,
    build_tests as build_static_tests,
};
pub use command::{output, output_within};
pub use host::Host;
pub use images::Image;
pub use instance::Instance;
pub use lab::{Lab, Options, Status};
pub use node::{NODE_PORT, Node, NodeOptions};
pub use permissions::{is_root, missing as missing_permissions};
pub use progress::{Progress, Silent, Step, step};
pub use record::Omission;
pub use requirements::{Need, Requirement, has_program, missing as missing_programs};
pub use wait::wait_until;
