//! Beamport: distributed Erlang for containers, in one static binary.
//!
//! Each command lives in the folder of its name. What they share is here: [`command_line`] (flags, variables
//! and `beamport.toml`), [`logging`], [`host_names`], [`file_limit`], [`similar`] (names that may have been meant),
//! [`failure`] (what a user is told, and the exit code) and, for commands that talk to a node, [`client`].

mod agent;
mod call;
mod client;
mod command_line;
mod epmd;
mod exec;
mod failure;
mod file_limit;
mod host_names;
mod http;
mod logging;
mod names;
mod nodes;
mod ping;
mod rpc;
mod run;
mod send;
mod similar;
mod time_span;
mod tls;
mod whereis;
mod whois;

use std::process::ExitCode;

use tracing::Level;

use command_line::{Cli, Command};

fn main() -> ExitCode {
    if epmd::is_invoked_as_epmd() {
        return failure::report(epmd::main(std::env::args_os()));
    }
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(failure) => return failure::report(Err(failure)),
    };
    match &cli.command {
        // In epmd's place it speaks as epmd does.
        Command::Epmd(_) => {}
        // They do one thing and tell themselves what came of it.
        Command::Ping(_)
        | Command::Rpc(_)
        | Command::Call(_)
        | Command::Send(_)
        | Command::Whereis(_)
        | Command::Nodes(_) => logging::start(&cli.logging, Level::ERROR),
        _ => logging::start(&cli.logging, Level::INFO),
    }
    failure::report(match cli.command {
        Command::Agent(options) => agent::main(options),
        Command::Run(options) => run::main(*options),
        Command::Exec(options) => exec::main(options),
        Command::Names(options) => names::main(options),
        Command::Whois(options) => whois::main(options),
        Command::Ping(options) => ping::main(options),
        Command::Rpc(options) => rpc::main(options),
        Command::Call(options) => call::main(options),
        Command::Send(options) => send::main(options),
        Command::Whereis(options) => whereis::main(options),
        Command::Nodes(options) => nodes::main(options),
        Command::Epmd(arguments) => epmd::main(arguments.into_stock()),
    })
}
