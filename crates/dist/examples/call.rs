//! Joins a cluster and calls a `gen_server`:
//!
//! ```sh
//! COOKIE=secret cargo run --example call counter_node@127.0.0.1
//! ```

use std::env;
use std::error::Error;

use beamport_dist::FullName;
use beamport_dist::node::{Address, Config, Node};
use beamport_term::{Term, atom};

/// Asks the server `counter` of a node for its count.
pub(crate) async fn run(config: Config, peer: FullName) -> Result<Term, Box<dyn Error>> {
    let node = Node::start("caller@127.0.0.1".parse()?, config).await?;
    node.ping(&peer).await?;
    let counter = Address::name(atom!("counter"), &peer);
    Ok(node.call(&counter, atom!("get").into()).await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let peer = env::args().nth(1).ok_or("which node?")?.parse()?;
    let config = Config::new(env::var("COOKIE")?.parse()?);
    println!("{}", run(config, peer).await?);
    Ok(())
}
