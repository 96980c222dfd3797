//! `beamport epmd`.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;

/// The flags of stock epmd, which are not in the style of ours (`-names`), so they pass through as they are.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct EpmdArguments {
    /// What stock epmd takes
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGUMENTS"
    )]
    arguments: Vec<OsString>,
}

impl EpmdArguments {
    pub(crate) fn as_stock(self) -> impl Iterator<Item = OsString> {
        std::iter::once("epmd".into()).chain(self.arguments)
    }
}

/// Whether the binary was started through a link called `epmd`.
pub(crate) fn is_invoked_as_epmd() -> bool {
    std::env::args_os()
        .next()
        .is_some_and(|path| std::path::Path::new(&path).file_name() == Some("epmd".as_ref()))
}

pub(crate) fn main(_arguments: impl Iterator<Item = OsString>) -> Result<ExitCode, Failure> {
    Err(Failure::usage("not here yet"))
}
