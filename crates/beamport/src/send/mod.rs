//! `beamport send`: sends a message to a process of a node.

use std::process::ExitCode;

use beamport_dist::node::{Address, CallError, Received};
use beamport_term::{Term, atom};
use clap::Args;

use crate::client::input::SyntaxChoice;
use crate::client::process::ProcessName;
use crate::client::session::failed;
use crate::client::{ClientOptions, Session, input, session};
use crate::failure::Failure;

/// The flags of `beamport send`.
#[derive(Debug, Args)]
pub(crate) struct SendOptions {
    /// The node: NAME@HOST, or NAME alone for one of this host
    #[arg(value_name = "NODE")]
    node: String,

    /// The name that the process is registered by, or its pid: <0.42.0>
    #[arg(value_name = "NAME")]
    name: String,

    /// The message, in the syntax of Erlang or Elixir; - reads it from standard input
    #[arg(value_name = "TERM", allow_hyphen_values = true)]
    message: String,

    /// The syntax of the message
    #[arg(long, value_enum, default_value = "auto")]
    syntax: SyntaxChoice,

    #[command(flatten)]
    client: ClientOptions,
}

pub(crate) fn main(options: SendOptions) -> Result<ExitCode, Failure> {
    let name = ProcessName::read(&options.name)?;
    let text = input::text(&options.message)?;
    let (message, _) = input::term(&text, options.syntax)?;
    session::run(async {
        let session = Session::connected(&options.client, &options.node).await?;
        let process = name.address(&session).await?;
        match session.in_time(deliver(&session, &process, message)).await {
            Ok(true) => Ok(ExitCode::SUCCESS),
            Ok(false) => Err(failed(name.missing(&session, &options.name))),
            Err(error) => Err(session.call_failure(error).await),
        }
    })
}

/// Sends a message and waits until the node has it. Whether there is such a process.
///
/// A message is not acknowledged. But what one process sends to a node arrives in order, so that when the node answers
/// to what was asked after the message it has the message, and has told by then if there is no such process.
async fn deliver(session: &Session, process: &Address, message: Term) -> Result<bool, CallError> {
    let mut mailbox = session.node().mailbox();
    let monitor = mailbox.monitor(process).await?;
    mailbox.send(process, message).await?;
    let kernel = Address::name(atom!("net_kernel"), session.peer());
    let tag = session.node().make_reference();
    let from = Term::from((mailbox.pid().clone(), tag.clone()));
    let own_name = session.node().name().to_atom();
    let question = Term::from((atom!("$gen_call"), from, (atom!("is_auth"), own_name)));
    mailbox.send(&kernel, question).await?;
    let tag = Term::from(tag);
    loop {
        match mailbox.receive().await {
            Some(Received::Message(answer))
                if answer.as_tuple().and_then(|pair| pair.first()) == Some(&tag) =>
            {
                return Ok(true);
            }
            Some(Received::Down {
                reference, reason, ..
            }) if reference == monitor => {
                return match reason {
                    reason if reason.is_atom("noproc") => Ok(false),
                    reason if reason.is_atom("noconnection") => Err(CallError::Down(reason)),
                    // It had the message, or could have: it exited just now.
                    _ => Ok(true),
                };
            }
            Some(_) => {}
            None => return Err(CallError::TimedOut),
        }
    }
}
