//! Serves calls of Erlang and Elixir:
//!
//! ```sh
//! COOKIE=secret cargo run --example serve rust@127.0.0.1
//! iex --name me@127.0.0.1 --cookie secret
//! iex> GenServer.call({:adder, :"rust@127.0.0.1"}, {:add, 40, 2})
//! 42
//! ```

use std::env;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use beamport_dist::FullName;
use beamport_dist::node::{Config, Node, Request};
use beamport_term::{Term, atom};

/// Adds what callers of the server `adder` ask it to.
pub(crate) async fn run(config: Config, name: FullName) -> Result<(), Box<dyn Error>> {
    let node = Node::start(name, config).await?;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("adder"))?;
    while let Some(request) = mailbox.request().await {
        if let Request::Call { caller, request } = request {
            let reply = sum(&request).map_or_else(|| atom!("badarg").into(), Term::from);
            caller.reply(&mailbox, reply).await?;
        }
    }
    Ok(())
}

/// What `{add, A, B}` comes to.
fn sum(request: &Term) -> Option<i64> {
    match request.tagged("add")? {
        [a, b] => a.as_i64()?.checked_add(b.as_i64()?),
        _ => None,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let name = env::args().nth(1).ok_or("by which name?")?.parse()?;
    let config = Config {
        listen: Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))),
        ..Config::new(env::var("COOKIE")?.parse()?)
    };
    run(config, name).await
}
