//! `beamport agent`.

use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// The flags of `beamport agent`.
#[derive(Debug, Args)]
pub(crate) struct AgentOptions {
    /// The Erlang port
    #[arg(long, default_value = "12345")]
    port: std::num::NonZeroU16,
}

pub(crate) fn main(_options: AgentOptions) -> Result<ExitCode, Failure> {
    Err(Failure::usage("not here yet"))
}
