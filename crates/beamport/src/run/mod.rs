//! `beamport run`: starts a node in a container. Names it, keeps its registration, is its PID 1.
//!
//! In this order, since each step needs the one before: listen for signals; ask the agent who we are
//! ([`agent_link`], [`identity`]); serve EPMD ([`port_mapper`], [`relay`]); give the launcher its variables
//! ([`launcher`], [`environment`], [`delivery`]); wait for others if it is not to be started before ([`assemble`]); start
//! it and wait for its end ([`supervisor`]).

mod agent_link;
mod assemble;
mod backoff;
mod cluster;
pub(crate) mod cookie;
pub(crate) mod delivery;
pub(crate) mod environment;
pub(crate) mod identity;
pub(crate) mod launcher;
mod limits;
mod options;
mod port_mapper;
mod prepare;
mod readers;
mod relay;
mod relx;
mod signals;
pub(crate) mod state;
mod supervisor;

use std::io::IsTerminal;
use std::process::ExitCode;

use nix::sys::signal::Signal;

#[cfg(test)]
pub(crate) use options::PortRange;
pub(crate) use options::RunOptions;

use crate::failure::{Code, Failure};
use assemble::Launched;
use cluster::Cluster;
use prepare::Prepared;
use signals::Signals;
pub(crate) use supervisor::StartError;
use supervisor::{SIGNALLED, Supervised};

pub(crate) fn main(options: RunOptions) -> Result<ExitCode, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Code::Unavailable, error))?
        .block_on(run(&options))
}

async fn run(options: &RunOptions) -> Result<ExitCode, Failure> {
    let mut signals = Signals::listen().map_err(|error| Failure::new(Code::Unavailable, error))?;
    // Everything that has to live until the VM has ended.
    let Prepared {
        command,
        port_mapper: _port_mapper,
        state: _state,
        assembly,
        launch,
        http: _http,
    } = tokio::select! {
        prepared = prepare::prepare(options) => prepared?,
        signal = signals.ending() => return Ok(ended_by(signal)),
    };
    let _entry = match launch {
        None => None,
        Some(launch) => tokio::select! {
            launched = launch.run() => match launched {
                Launched::Go(entry) => Some(entry),
                Launched::GivenUp => return Ok(ExitCode::from(Code::Temporary as u8)),
            },
            signal = signals.ending() => return Ok(ended_by(signal)),
        },
    };
    let at_terminal = std::io::stdin().is_terminal();
    let supervised = Supervised::start(command, at_terminal, options.grace)?;
    let cluster = assembly.map(Cluster::start);
    Ok(supervised.ended(&mut signals, cluster).await)
}

/// As shells have it.
fn ended_by(signal: Signal) -> ExitCode {
    ExitCode::from(SIGNALLED.saturating_add(signal as u8))
}
