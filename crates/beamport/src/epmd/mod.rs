//! `beamport epmd`: a drop-in for stock epmd, also when started through a link called `epmd`.
//!
//! Flags, variables, what is printed and exit codes are those of stock epmd (OTP 25 to 29, `erts/epmd`), so that
//! `erl`, release scripts and `rabbitmqctl` need not know. What differs, on purpose:
//!
//! - `-daemon` returns once the daemon listens, where stock epmd may return before it does;
//! - `-d` says what happens in our words, in lines that look like stock epmd's; a daemon has no syslog;
//! - the file limit is raised as far as the system allows, and used.

mod arguments;
mod background;
mod debug;
mod interactive;
mod port_mapper;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Args;

use crate::failure::Failure;
use arguments::{Arguments, Environment, Task};

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
    pub(crate) fn into_stock(self) -> impl Iterator<Item = OsString> {
        std::iter::once("epmd".into()).chain(self.arguments)
    }
}

/// Whether the binary was started through a link called `epmd`.
pub(crate) fn is_invoked_as_epmd() -> bool {
    std::env::args_os()
        .next()
        .is_some_and(|path| std::path::Path::new(&path).file_name() == Some("epmd".as_ref()))
}

/// Does what stock epmd does with these arguments, the first of which is the program's name.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> Result<ExitCode, Failure> {
    let texts: Vec<String> = arguments
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let Some(arguments) = Arguments::parse(&texts, &Environment::read()) else {
        eprint!("{}", arguments::USAGE);
        return Ok(ExitCode::FAILURE);
    };
    Ok(match arguments.task {
        Task::Serve(ref options) if options.is_daemon && !background::is_in_background() => {
            background::start(&texts)
        }
        Task::Serve(options) => port_mapper::serve(arguments.port, &options),
        Task::Ask(question) => interactive::ask(arguments.port, &question),
    })
}
