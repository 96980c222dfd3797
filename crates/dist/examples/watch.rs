//! Joins a cluster and prints which of its nodes come and go:
//!
//! ```sh
//! COOKIE=secret cargo run --example watch vm@127.0.0.1
//! ```

use std::env;
use std::error::Error;

use beamport_dist::FullName;
use beamport_dist::node::{Config, Node, NodeEvent};
use beamport_term::{Term, atom};

/// Connects with all nodes that one knows, and tells what becomes of them.
pub(crate) async fn run(
    config: Config,
    peer: FullName,
    mut tell: impl FnMut(NodeEvent),
) -> Result<(), Box<dyn Error>> {
    let host = peer.host().parse()?;
    let node = Node::start_nameless(host, &peer, config).await?;
    let mut events = node.events();
    let nodes = node.rpc(&peer, atom!("erlang"), atom!("nodes"), Term::default());
    for name in nodes.await?.as_list().into_iter().flatten() {
        node.connect(&name.to_string().trim_matches('\'').parse()?)
            .await?;
    }
    while let Ok(event) = events.recv().await {
        tell(event);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let peer = env::args().nth(1).ok_or("which node?")?.parse()?;
    let config = Config::new(env::var("COOKIE")?.parse()?);
    run(config, peer, |event| println!("{event:?}")).await
}
