//! `cargo xtask`: the commands a developer uses. See CONTRIBUTING.md.

mod bench;
mod demo;
mod failure;
mod interrupt;
mod lab;
mod packages;
mod show;
mod test;

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
    /// See a cluster of stock nodes form across two Docker hosts, lose a node, and heal
    Demo(demo::DemoOptions),
    /// Check and test everything: first without, then with Docker hosts in a lab
    Test(test::TestOptions),
    /// Measure, against what there is to compare with
    #[command(subcommand)]
    Bench(bench::BenchTask),
    /// Docker hosts in network namespaces, to try things on
    #[command(subcommand)]
    Lab(lab::LabTask),
}

fn main() -> ExitCode {
    failure::report(match Cli::parse().task {
        Task::Demo(options) => demo::main(&options),
        Task::Test(options) => test::main(&options),
        Task::Bench(task) => bench::main(&task),
        Task::Lab(task) => lab::main(task),
    })
}
