//! `beamport exec`.

use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// The flags of `beamport exec`.
#[derive(Debug, Args)]
pub(crate) struct ExecOptions {
    /// The Erlang port
    #[arg(long, default_value = "12345")]
    port: std::num::NonZeroU16,
}

pub(crate) fn main(_options: ExecOptions) -> Result<ExitCode, Failure> {
    Err(Failure::usage("not here yet"))
}
