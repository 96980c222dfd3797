//! The port mapper inside the container, there before the VM is.
//!
//! It listens on loopback, where VMs register, and on the container's own addresses, where peers on a shared network
//! ask. Where another port mapper has the port already, on a developer's machine or beside another `beamport run`,
//! VMs use that one, and we take its place when it ends.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use beamport_epmd::client;
use beamport_epmd::server::{Config, Server, listen};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::identity::network;
use super::relay::{About, RelayDirectory};

/// How often we look whether another port mapper has ended. VMs come back after 2 s.
const TAKE_OVER_CHECK: Duration = Duration::from_millis(500);

/// How long another port mapper may take to prove that it is one.
const PROOF: Duration = Duration::from_secs(2);

/// The port mapper; it serves until this is dropped.
#[derive(Debug)]
pub(super) struct PortMapper(JoinHandle<()>);

impl Drop for PortMapper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why there is no port mapper.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PortMapperError {
    /// Something else listens where VMs will register.
    #[error(
        "port {port} on 127.0.0.1 is taken by something that is no port mapper ({reason}): stop it, or set \
         ERL_EPMD_PORT"
    )]
    Taken {
        /// The port.
        port: u16,
        /// What it did when asked.
        reason: client::ClientError,
    },
    /// The operating system does not let us listen.
    #[error("cannot listen on 127.0.0.1:{port}: {error}")]
    Listen {
        /// The port.
        port: u16,
        /// What it says.
        error: io::Error,
    },
}

impl PortMapper {
    /// Serves on `port`, relaying to `agent`.
    pub(super) async fn start(
        port: NonZeroU16,
        agent: Option<SocketAddr>,
        about: About,
    ) -> Result<Self, PortMapperError> {
        let port = port.get();
        let listeners = match listen_everywhere(port) {
            Ok(listeners) => Some(listeners),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                let there = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
                client::names(there, Instant::now() + PROOF)
                    .await
                    .map_err(|reason| PortMapperError::Taken { port, reason })?;
                tracing::info!(port, "another port mapper runs here and is used");
                None
            }
            Err(error) => return Err(PortMapperError::Listen { port, error }),
        };
        Ok(Self(tokio::spawn(async move {
            let listeners = match listeners {
                Some(listeners) => listeners,
                None => succeed(port).await,
            };
            let config = Config {
                port,
                ..Config::default()
            };
            let server = Server::new(config, Arc::new(RelayDirectory::new(agent, about)));
            if let Err(error) = server.serve(listeners, std::future::pending()).await {
                tracing::error!(%error, port, "the port mapper has failed");
            }
        })))
    }
}

/// Waits until the other port mapper ends.
async fn succeed(port: u16) -> Vec<TcpListener> {
    loop {
        sleep(TAKE_OVER_CHECK).await;
        if let Ok(listeners) = listen_everywhere(port) {
            tracing::info!(port, "the other port mapper has ended; its place is taken");
            return listeners;
        }
    }
}

/// Listens on 127.0.0.1, without which there is no point, and wherever else it can.
fn listen_everywhere(port: u16) -> io::Result<Vec<TcpListener>> {
    let mut listeners = vec![listen(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port))?];
    let others = [IpAddr::V6(Ipv6Addr::LOCALHOST)]
        .into_iter()
        .chain(network::addresses());
    for address in others {
        match listen(SocketAddr::new(address, port)) {
            Ok(listener) => listeners.push(listener),
            // Containers without IPv6 are the rule.
            Err(error) => tracing::debug!(%address, port, %error, "not listening here"),
        }
    }
    Ok(listeners)
}
