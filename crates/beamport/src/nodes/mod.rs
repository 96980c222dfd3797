//! `beamport nodes`: which other nodes a node sees.

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;

use beamport_dist::node::CallError;
use beamport_term::{Term, atom};
use clap::Args;
use serde_json::json;

use crate::client::{ClientOptions, Session, output, session};
use crate::failure::Failure;

/// The flags of `beamport nodes`.
#[derive(Debug, Args)]
pub(crate) struct NodesOptions {
    /// The node: NAME@HOST, or NAME alone for one of this host
    #[arg(value_name = "NODE")]
    node: String,

    /// Print JSON: an object with the node and a list of those that it sees
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    client: ClientOptions,
}

/// The name of a node without a name.
const NAMELESS: &str = "nonode@nohost";

/// What a node is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    /// Connected, and in `nodes()`.
    Visible,
    /// Connected, and not in `nodes()`.
    Hidden,
    /// Not connected, but heard of.
    Known,
}

impl Standing {
    const ALL: [Self; 3] = [Self::Visible, Self::Hidden, Self::Known];
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Visible => "visible",
            Self::Hidden => "hidden",
            Self::Known => "known",
        })
    }
}

pub(crate) fn main(options: NodesOptions) -> Result<ExitCode, Failure> {
    session::run(async {
        let session = Session::connected(&options.client, &options.node).await?;
        match session.in_time(seen_by(&session)).await {
            Ok(nodes) => {
                print(&options, &session, &nodes)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => Err(session.call_failure(error).await),
        }
    })
}

/// The nodes that the other node sees, without it and us.
async fn seen_by(session: &Session) -> Result<BTreeMap<String, Standing>, CallError> {
    let ask = |standing: Standing| {
        let kind = Term::list([Term::from(match standing {
            Standing::Visible => atom!("visible"),
            Standing::Hidden => atom!("hidden"),
            Standing::Known => atom!("known"),
        })]);
        session
            .node()
            .rpc(session.peer(), atom!("erlang"), atom!("nodes"), kind)
    };
    let [visible, hidden, known] = Standing::ALL.map(ask);
    let (visible, hidden, known) = tokio::try_join!(visible, hidden, known)?;
    let mut nodes = BTreeMap::new();
    // What is known is all of them: the more precise word goes last.
    for (answer, standing) in [
        (known, Standing::Known),
        (hidden, Standing::Hidden),
        (visible, Standing::Visible),
    ] {
        let Some(list) = answer.as_list() else {
            return Err(CallError::Answer(answer));
        };
        for node in list {
            if let Some(name) = node.as_atom() {
                nodes.insert(name.as_str().to_owned(), standing);
            }
        }
    }
    // What a node is called before it has a name, and commands that have come and gone.
    nodes.retain(|name, standing| {
        *standing != Standing::Known || !(name == NAMELESS || session::is_made_up(name))
    });
    nodes.remove(session.peer().as_str());
    nodes.remove(session.node().name().as_str());
    Ok(nodes)
}

fn print(
    options: &NodesOptions,
    session: &Session,
    nodes: &BTreeMap<String, Standing>,
) -> Result<(), Failure> {
    if options.json {
        let nodes: Vec<_> = nodes
            .iter()
            .map(|(name, standing)| json!({ "name": name, "state": standing.to_string() }))
            .collect();
        let seen = json!({ "node": session.peer().as_str(), "nodes": nodes });
        return output::line(format!("{seen:#}"));
    }
    let mut text = session.peer().to_string();
    if nodes.is_empty() {
        text.push_str("\n  no nodes");
        return output::line(text);
    }
    let widest = nodes.keys().map(|name| name.chars().count()).max();
    let width = widest.unwrap_or_default().max("NAME".len());
    text.push_str(&format!("\n  {:width$}  STATE", "NAME"));
    for (name, standing) in nodes {
        text.push_str(&format!("\n  {name:width$}  {standing}"));
    }
    output::line(text)
}
