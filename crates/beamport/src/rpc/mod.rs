//! `beamport rpc`: calls a function on a node and prints what it returns.

mod exception;

use std::process::ExitCode;

use beamport_dist::node::{CallError, ErpcError};
use beamport_term::{Syntax, Term, atom};
use clap::Args;

use crate::client::answer::{AnswerOptions, as_text};
use crate::client::session::failed;
use crate::client::{ClientOptions, Session, input, session};
use crate::failure::{Code, Failure};

/// The flags of `beamport rpc`.
#[derive(Debug, Args)]
pub(crate) struct RpcOptions {
    /// The node: NAME@HOST, or NAME alone for one of this host
    #[arg(value_name = "NODE")]
    node: String,

    /// What to call: 'lists:seq(1, 3)' or, as in Elixir, 'Enum.sum([1, 2])'; - reads it from standard input
    #[arg(value_name = "CALL", allow_hyphen_values = true)]
    call: String,

    #[command(flatten)]
    answer: AnswerOptions,

    #[command(flatten)]
    client: ClientOptions,
}

pub(crate) fn main(options: RpcOptions) -> Result<ExitCode, Failure> {
    let text = input::text(&options.call)?;
    let (call, syntax) = input::call(&text, options.answer.syntax)?;
    session::run(async {
        let session = Session::connected(&options.client, &options.node).await?;
        let peer = session.peer();
        let arguments = Term::list(call.arguments);
        let answer = session
            .node()
            .erpc(peer, call.module, call.function, arguments);
        match session.in_time(answer).await {
            Ok(answer) => {
                options.answer.print(&answer, syntax, peer)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(ErpcError::Raised(exception)) => {
                eprintln!("{}", exception::format(&exception, &session, syntax).await);
                Ok(ExitCode::from(Code::Failed as u8))
            }
            Err(error) => Err(failure(error, &session).await),
        }
    })
}

/// Why there is neither a value nor an exception.
async fn failure(error: ErpcError, session: &Session) -> Failure {
    let peer = session.peer();
    let text = |term: &Term| as_text(term, Syntax::Erlang, peer);
    match error {
        ErpcError::Connect(error) => session.explain(&error).await.into_failure(),
        ErpcError::Refused(reason) if reason.is_atom("notsup") => failed(format!(
            "{peer} runs no functions for others: it is no VM, or one of before OTP 23"
        )),
        ErpcError::Refused(reason) => failed(format!(
            "{peer} does not run the function: {}",
            text(&reason)
        )),
        ErpcError::Ended(reason) => failed(format!(
            "the process that ran the function was ended: {}",
            text(&reason)
        )),
        ErpcError::NodeDown => {
            session
                .call_failure(CallError::Down(atom!("noconnection").into()))
                .await
        }
        ErpcError::TimedOut => session.call_failure(CallError::TimedOut).await,
        ErpcError::Raised(exception) => failed(exception.to_string()),
    }
}
