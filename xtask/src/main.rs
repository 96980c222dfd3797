//! `cargo xtask`: the commands a developer uses. See CONTRIBUTING.md.

mod failure;
mod lab;
mod packages;
mod show;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a developer of Beamport does
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Docker hosts in network namespaces, to try things on
    #[command(subcommand)]
    Lab(lab::LabTask),
}

fn main() -> ExitCode {
    failure::report(match Cli::parse().task {
        Task::Lab(task) => lab::main(task),
    })
}
