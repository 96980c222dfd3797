//! A port mapper for one test.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use beamport_epmd::client::{self, Holding};
use beamport_epmd::server::{Config, Server, listen};
use beamport_epmd::{LocalDirectory, Registration};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How long anything may take on a loaded machine.
pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

pub(crate) struct Mapper {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Mapper {
    pub(crate) fn start() -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into())
    }

    /// A port mapper at this address.
    pub(crate) fn start_at(address: IpAddr) -> Self {
        Self::serve(listen((address, 0).into()).unwrap())
    }

    /// A port mapper on a port that another had, once that is free.
    pub(crate) async fn start_on(port: u16) -> Self {
        loop {
            match listen((Ipv4Addr::LOCALHOST, port).into()) {
                Ok(listener) => return Self::serve(listener),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn serve(listener: std::net::TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let config = Config {
            port: address.port(),
            ..Config::default()
        };
        let server = Server::new(config, Arc::new(LocalDirectory::new()));
        let serving = tokio::spawn(async move {
            server
                .serve(vec![listener], std::future::pending())
                .await
                .unwrap();
        });
        Self { address, serving }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Connects to the distribution port of a node, once it has one.
    pub(crate) async fn connect(&self, name: &str) -> TcpStream {
        let name = name.parse().unwrap();
        let node = client::lookup(self.address, &name, soon()).await.unwrap();
        let port = node.unwrap().port.get();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap()
    }

    /// Whether a name is registered.
    pub(crate) async fn knows(&self, name: &str) -> bool {
        let name = name.parse().unwrap();
        let node = client::lookup(self.address, &name, soon()).await;
        node.unwrap().is_some()
    }

    /// Listens under a name.
    pub(crate) async fn publish(&self, name: &str) -> (TcpListener, Holding) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = NonZeroU16::new(listener.local_addr().unwrap().port()).unwrap();
        let node = Registration::new(name.parse().unwrap(), port);
        let holding = client::register(self.address, &node, soon()).await.unwrap();
        (listener, holding)
    }
}

impl Drop for Mapper {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
