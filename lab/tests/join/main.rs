//! Nodes in Rust among stock VMs of every OTP release.

mod certificates;
mod hosts;
mod suites;
