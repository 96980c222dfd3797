//! A running cluster, by way of a `beamport run` on this machine.

use std::net::SocketAddr;

use anyhow::anyhow;
use beamport_term::Syntax;
use tokio::runtime::{self, Runtime};

use super::WhoisOptions;
use crate::failure::{Code, Failure};
use crate::http::client::{Client, ClientError};
use crate::run::state::NodeState;

/// A connection to a `beamport run`.
pub(super) struct Running {
    runtime: Runtime,
    client: Client,
}

impl Running {
    pub(super) fn find(options: &WhoisOptions) -> Result<Self, Failure> {
        let address = match options.at {
            Some(address) => address,
            None => here(&NodeState::read_all(options.state_dir.as_deref()))?,
        };
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new(Code::Unavailable, error))?;
        let client = runtime
            .block_on(Client::connect(address))
            .map_err(failure)?;
        Ok(Self { runtime, client })
    }

    pub(super) fn owner(&mut self, key: &str, syntax: Syntax) -> Result<String, Failure> {
        let syntax = match syntax {
            Syntax::Erlang => "erlang",
            Syntax::Elixir => "elixir",
        };
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("key", key)
            .append_pair("syntax", syntax)
            .finish();
        let answer = self
            .runtime
            .block_on(self.client.get(&format!("/v1/ring?{query}")))
            .map_err(failure)?;
        let owner = answer.get("owner").and_then(|owner| owner.as_str());
        let owner = owner.ok_or_else(|| anyhow!("the answer names no owner: {answer}"))?;
        Ok(owner.to_owned())
    }
}

/// Where the `beamport run` is reached that runs here.
fn here(running: &[NodeState]) -> Result<SocketAddr, Failure> {
    let told: Vec<_> = running
        .iter()
        .filter_map(|state| Some((&state.identity, state.http?)))
        .collect();
    match told.as_slice() {
        [(_, address)] => Ok(*address),
        [] if running.is_empty() => Err(Failure::usage(
            "no `beamport run` runs here: say where one serves HTTP, with --at ADDRESS:PORT, or which nodes are on the \
             ring, in the order in which they were added, with --nodes a@host1,b@host2",
        )),
        [] => Err(Failure::usage(
            "the `beamport run` that runs here is in no cluster: it was started without --sentry",
        )),
        several => {
            let list = several.iter().map(|(node, at)| format!("{at} for {node}"));
            let list = list.collect::<Vec<_>>().join(", ");
            Err(Failure::usage(format!(
                "several run here: say which with --at, {list}"
            )))
        }
    }
}

fn failure(error: ClientError) -> Failure {
    let code = match &error {
        ClientError::Refused(_) => Code::Failed,
        _ => Code::Unavailable,
    };
    Failure::new(code, error)
}
