//! `beamport call`: calls a `gen_server` of a node and prints its reply.

use std::process::ExitCode;

use beamport_dist::node::{Address, CallError};
use clap::Args;

use crate::client::answer::{AnswerOptions, as_text};
use crate::client::session::failed;
use crate::client::{ClientOptions, Session, input, session};
use crate::failure::Failure;

/// The flags of `beamport call`.
#[derive(Debug, Args)]
pub(crate) struct CallOptions {
    /// The node: NAME@HOST, or NAME alone for one of this host
    #[arg(value_name = "NODE")]
    node: String,

    /// The name that the server is registered by
    #[arg(value_name = "NAME")]
    name: String,

    /// The request, in the syntax of Erlang or Elixir; - reads it from standard input
    #[arg(value_name = "TERM", allow_hyphen_values = true)]
    request: String,

    #[command(flatten)]
    answer: AnswerOptions,

    #[command(flatten)]
    client: ClientOptions,
}

pub(crate) fn main(options: CallOptions) -> Result<ExitCode, Failure> {
    let name = input::registered_name(&options.name)?;
    let text = input::text(&options.request)?;
    let (request, syntax) = input::term(&text, options.answer.syntax)?;
    session::run(async {
        let session = Session::connected(&options.client, &options.node).await?;
        let peer = session.peer();
        let server = Address::name(name, peer);
        match session.in_time(session.node().call(&server, request)).await {
            Ok(reply) => {
                options.answer.print(&reply, syntax, peer)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(CallError::Down(reason)) if reason.is_atom("noproc") => Err(failed(format!(
                "no process of {peer} is registered as {}",
                options.name
            ))),
            Err(CallError::Down(reason)) if !reason.is_atom("noconnection") => {
                Err(failed(format!(
                    "{} of {peer} exited instead of replying: {}",
                    options.name,
                    as_text(&reason, syntax, peer)
                )))
            }
            Err(error) => Err(session.call_failure(error).await),
        }
    })
}
