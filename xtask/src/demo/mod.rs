//! `cargo xtask demo`: see a cluster of stock nodes form across Docker hosts, lose a node, and heal.

mod cluster;
mod docker_hosts;
mod local;
mod paint;
mod story;
mod table;

use std::process::ExitCode;

use anyhow::Result;
use beamport_lab::{is_root, missing_permissions};
use clap::Args;

use crate::interrupt;
use crate::packages;

#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Leave everything running at the end, and say how to look around and how to end it
    #[arg(long)]
    keep: bool,
}

pub(crate) fn main(options: &DemoOptions) -> Result<ExitCode> {
    interrupt::watch()?;
    // Permissions are tried with programs that must be there, and only root may have either.
    if is_root() {
        packages::ensure_lab_programs()?;
    }
    let mut missing = missing_permissions();
    if missing.is_empty() {
        match docker_hosts::run(options.keep)? {
            docker_hosts::Outcome::Shown => return Ok(ExitCode::SUCCESS),
            docker_hosts::Outcome::NotPermitted(reason) => missing.push(reason),
        }
    }
    say_local(&missing);
    packages::ensure_erlang()?;
    local::run()?;
    Ok(ExitCode::SUCCESS)
}

fn say_local(missing: &[String]) {
    println!("Docker hosts cannot be had here. Missing permission:");
    for permission in missing {
        println!("  - {permission}");
    }
    println!(
        "What runs without: three nodes of this machine's own Erlang, each under `beamport run`.\n"
    );
}
