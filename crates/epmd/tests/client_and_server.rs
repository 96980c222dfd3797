//! Our client against our server, over loopback.

#![allow(clippy::unwrap_used, reason = "a test that unwraps says what failed")]

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use beamport_epmd::client::{self, ClientError, Holding, Step};
use beamport_epmd::server::{Config, Ended, Server, listen};
use beamport_epmd::{Extra, LocalDirectory, NodeName, Registration};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A server of its own, on a port of its own.
struct Mapper {
    address: SocketAddr,
    shutdown: oneshot::Sender<()>,
    ended: JoinHandle<Ended>,
}

impl Mapper {
    fn start(config: Config) -> Self {
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, shutting_down) = oneshot::channel();
        let config = Config {
            port: address.port(),
            ..config
        };
        let server = Server::new(config, Arc::new(LocalDirectory::new()));
        let ended = tokio::spawn(async move {
            let shutdown = async {
                let _ = shutting_down.await;
            };
            server.serve(vec![listener], shutdown).await.unwrap()
        });
        Self {
            address,
            shutdown,
            ended,
        }
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn name(text: &str) -> NodeName {
    text.parse().unwrap()
}

fn node(text: &str, port: u16) -> Registration {
    Registration::new(name(text), NonZeroU16::new(port).unwrap())
}

/// Waits until the mapper answers `expected` about `name`.
async fn until_known(mapper: SocketAddr, name: &NodeName, expected: bool) {
    let deadline = soon();
    while client::lookup(mapper, name, deadline)
        .await
        .unwrap()
        .is_some()
        != expected
    {
        tokio::task::yield_now().await;
    }
}

/// Waits until a mapper has let who holds a name go, and wants it to be gone.
async fn lets_everybody_go(mapper: SocketAddr, holding: Holding) {
    holding.lost().await;
    let refused = client::names(mapper, soon()).await;
    assert!(matches!(refused, Err(ClientError::Refused { .. })));
}

#[tokio::test]
async fn a_registered_node_is_found_with_all_it_registered_until_it_goes() {
    let mapper = Mapper::start(Config::default());
    let registered = Registration {
        extra: Extra::new(b"beamport/1 cluster=a").unwrap(),
        ..node("a", 5001)
    };
    let holding = client::register(mapper.address, &registered, soon())
        .await
        .unwrap();
    assert!(holding.creation().value() >= 4);
    let found = client::lookup(mapper.address, &name("a"), soon()).await;
    assert_eq!(found.unwrap(), Some(registered));
    let listing = client::names(mapper.address, soon()).await.unwrap();
    assert_eq!(listing.port, u32::from(mapper.address.port()));
    assert_eq!(listing.nodes.len(), 1);
    drop(holding);
    until_known(mapper.address, &name("a"), false).await;
    let dump = client::dump_text(mapper.address, soon()).await.unwrap();
    assert!(dump.lines.starts_with(b"old/unused name <a>, port = 5001"));
}

#[tokio::test]
async fn a_name_is_given_once() {
    let mapper = Mapper::start(Config::default());
    let _holding = client::register(mapper.address, &node("a", 1), soon())
        .await
        .unwrap();
    let second = client::register(mapper.address, &node("a", 2), soon()).await;
    assert!(matches!(second, Err(ClientError::NameRefused { .. })));
}

#[tokio::test]
async fn a_node_that_comes_back_at_once_gets_its_name_and_a_new_creation() {
    let mapper = Mapper::start(Config::default());
    let mut creation = None;
    for _ in 0..200 {
        let holding = client::register(mapper.address, &node("a", 1), soon())
            .await
            .unwrap();
        assert_ne!(
            creation.replace(holding.creation()),
            Some(holding.creation())
        );
    }
}

#[tokio::test]
async fn stopping_a_name_tells_its_holder() {
    let mapper = Mapper::start(Config {
        relaxed: true,
        ..Config::default()
    });
    let holding = client::register(mapper.address, &node("a", 1), soon())
        .await
        .unwrap();
    assert!(
        client::stop(mapper.address, &name("a"), soon())
            .await
            .unwrap()
    );
    assert!(
        !client::stop(mapper.address, &name("a"), soon())
            .await
            .unwrap()
    );
    holding.lost().await;
}

#[tokio::test]
async fn only_an_unused_mapper_is_killed() {
    let mapper = Mapper::start(Config::default());
    let holding = client::register(mapper.address, &node("a", 1), soon())
        .await
        .unwrap();
    assert!(!client::kill(mapper.address, soon()).await.unwrap());
    drop(holding);
    until_known(mapper.address, &name("a"), false).await;
    assert!(client::kill(mapper.address, soon()).await.unwrap());
    assert_eq!(mapper.ended.await.unwrap(), Ended::Killed);
}

#[tokio::test]
async fn a_shutdown_lets_everybody_go() {
    let mapper = Mapper::start(Config::default());
    let holding = client::register(mapper.address, &node("a", 1), soon())
        .await
        .unwrap();
    mapper.shutdown.send(()).unwrap();
    assert_eq!(mapper.ended.await.unwrap(), Ended::Shutdown);
    lets_everybody_go(mapper.address, holding).await;
}

#[tokio::test]
async fn a_dropped_server_lets_everybody_go() {
    let mapper = Mapper::start(Config::default());
    let holding = client::register(mapper.address, &node("a", 1), soon())
        .await
        .unwrap();
    mapper.ended.abort();
    assert!(mapper.ended.await.unwrap_err().is_cancelled());
    lets_everybody_go(mapper.address, holding).await;
}

#[tokio::test]
async fn what_is_no_mapper_is_told_from_one_that_is_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let silent = client::names(address, Instant::now() + Duration::from_millis(50)).await;
    assert!(matches!(
        silent,
        Err(ClientError::Timeout {
            step: Step::Answer,
            ..
        })
    ));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
        }
    });
    let garbage = client::lookup(address, &name("a"), soon()).await;
    assert!(matches!(garbage, Err(ClientError::Garbage { .. })));
}

#[tokio::test]
async fn a_listing_longer_than_any_socket_buffer_arrives_whole() {
    let mapper = Mapper::start(Config::default());
    let mut holdings = Vec::new();
    for number in 0..2000 {
        let long = format!("{number:0>250}");
        holdings.push(
            client::register(mapper.address, &node(&long, 1), soon())
                .await
                .unwrap(),
        );
    }
    let listing = client::names(mapper.address, soon()).await.unwrap();
    assert_eq!(listing.nodes.len(), holdings.len());
}
