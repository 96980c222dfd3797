//! `beamport whereis`: the pid that is registered by a name on a node.

use std::process::ExitCode;

use beamport_term::{Syntax, Term, atom};
use clap::Args;
use serde_json::json;

use crate::client::answer::as_text;
use crate::client::session::failed;
use crate::client::{ClientOptions, Session, input, output, session};
use crate::failure::Failure;

/// The flags of `beamport whereis`.
#[derive(Debug, Args)]
pub(crate) struct WhereisOptions {
    /// The node: NAME@HOST, or NAME alone for one of this host
    #[arg(value_name = "NODE")]
    node: String,

    /// The name
    #[arg(value_name = "NAME")]
    name: String,

    /// Print JSON: an object with node, name and pid, which is null where there is none
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    client: ClientOptions,
}

pub(crate) fn main(options: WhereisOptions) -> Result<ExitCode, Failure> {
    let name = input::registered_name(&options.name)?;
    session::run(async {
        let session = Session::connected(&options.client, &options.node).await?;
        let peer = session.peer();
        let arguments = Term::list([name.clone()]);
        let found = session
            .node()
            .rpc(peer, atom!("erlang"), atom!("whereis"), arguments);
        let found = match session.in_time(found).await {
            Ok(found) => found,
            Err(error) => return Err(session.call_failure(error).await),
        };
        let is_there = !found.is_atom("undefined");
        let pid = is_there.then(|| as_text(&found, Syntax::Erlang, peer));
        if options.json {
            output::line(json!({ "node": peer.as_str(), "name": name.as_str(), "pid": pid }))?;
        } else if let Some(pid) = &pid {
            output::line(pid)?;
        }
        if is_there {
            Ok(ExitCode::SUCCESS)
        } else {
            Err(failed(format!(
                "no process of {peer} is registered as {}",
                options.name
            )))
        }
    })
}
