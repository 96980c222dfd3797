//! `beamport run` and `beamport exec` on this machine: no Docker, no agent; what those add is tested in the lab.

mod node;
mod process;
mod support;
