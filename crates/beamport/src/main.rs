//! Beamport: distributed Erlang for containers, in one static binary.
//!
//! Each command lives in the folder of its name. What they share is here: [`command_line`] (flags, variables
//! and `beamport.toml`), [`logging`], [`host_names`], [`file_limit`] and [`failure`] (what a user is told, and the exit
//! code).

mod agent;
mod command_line;
mod epmd;
mod exec;
mod failure;
mod file_limit;
mod host_names;
mod logging;
mod names;
mod run;
mod whois;

use std::process::ExitCode;

use command_line::{Cli, Command};

fn main() -> ExitCode {
    if epmd::is_invoked_as_epmd() {
        return failure::report(epmd::main(std::env::args_os()));
    }
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(failure) => return failure::report(Err(failure)),
    };
    // In epmd's place it speaks as epmd does.
    if !matches!(cli.command, Command::Epmd(_)) {
        logging::start(&cli.logging);
    }
    failure::report(match cli.command {
        Command::Agent(options) => agent::main(options),
        Command::Run(options) => run::main(options),
        Command::Exec(options) => exec::main(options),
        Command::Names(options) => names::main(options),
        Command::Whois(options) => whois::main(options),
        Command::Epmd(arguments) => epmd::main(arguments.into_stock()),
    })
}
