//! `cargo xtask bench`: figures, each as a ratio of two things measured in turns in one run.
//!
//! Absolute figures are noise on a shared machine; ratios of medians are not, or much less so.

mod agent;
mod assemble;
mod contenders;
mod dist;
mod docker;
mod epmd;
mod instructions;
mod load;
mod process;
mod report;
mod ring;
mod rpc;
mod term;
mod trivial;

use std::ffi::OsStr;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};

pub(crate) use agent::agent;
pub(crate) use epmd::epmd;
use instructions::instructions;
use ring::ring;
use term::term;

#[derive(Debug, Subcommand)]
pub(crate) enum BenchTask {
    /// Lookups at the port mapper: ours, stock epmd, and the least a server can do
    Epmd(EpmdOptions),
    /// Lookups through an agent that knows a thousand containers, and its memory
    Agent(EpmdOptions),
    /// Encoding and decoding terms: ours, the crates eetf and erltf, and a VM
    Term,
    /// Instructions of the hot paths, against the figures kept in the repository
    Instructions {
        /// Keep what is found
        #[arg(long)]
        bless: bool,
    },
    /// Owners on a consistent hash ring: ours, and libring's algorithm in a VM
    Ring,
    /// A cluster of real VMs: from the last one's being up to its applications, from a VM's end to who listens
    Assemble(assemble::AssembleOptions),
    /// Messages between nodes: ours, stock VMs, and one with the other, over TCP and TLS
    Dist(dist::DistOptions),
    /// A command that asks a node something: ours, erl_call, and a VM started for that
    Rpc(rpc::RpcOptions),
    /// A node to measure, for the bench itself to start
    #[command(hide = true)]
    Traffic(dist::TrafficOptions),
    /// A server to compare with, for the bench itself to start
    #[command(hide = true)]
    Serve(contenders::ServeOptions),
}

#[derive(Debug, Args)]
pub(crate) struct EpmdOptions {
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,

    /// How often each contender is measured
    #[arg(long, default_value_t = 7)]
    rounds: usize,

    /// For how many milliseconds at a time
    #[arg(long, default_value_t = 1000, value_name = "MILLISECONDS")]
    time: u64,
}

pub(crate) fn main(task: &BenchTask) -> Result<ExitCode> {
    let is_of_a_crate = matches!(
        task,
        BenchTask::Term | BenchTask::Ring | BenchTask::Instructions { .. }
    );
    if cfg!(debug_assertions) && !is_of_a_crate {
        return optimized();
    }
    match task {
        BenchTask::Epmd(options) => epmd(options)?,
        BenchTask::Agent(options) => agent(options)?,
        BenchTask::Term => term()?,
        BenchTask::Instructions { bless } => instructions(*bless)?,
        BenchTask::Ring => ring()?,
        BenchTask::Assemble(options) => assemble::assemble(options)?,
        BenchTask::Dist(options) => dist::dist(options)?,
        BenchTask::Rpc(options) => rpc::rpc(options)?,
        BenchTask::Traffic(options) => dist::serve(options)?,
        BenchTask::Serve(options) => contenders::serve(options)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Does the same again with an optimized build: what is not optimized is not worth measuring.
fn optimized() -> Result<ExitCode> {
    cargo(["build", "--release", "--package", "beamport"])?;
    let flags = ["run", "--release", "--package", "xtask", "--"].map(OsStr::new);
    let ours: Vec<_> = std::env::args_os().skip(1).collect();
    cargo(flags.into_iter().chain(ours.iter().map(AsRef::as_ref)))?;
    Ok(ExitCode::SUCCESS)
}

fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .arg("--quiet")
        .args(arguments)
        .status()
        .context("cannot run cargo")?;
    ensure!(status.success(), "cargo failed: {status}");
    Ok(())
}
