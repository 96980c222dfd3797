//! Being known to the port mapper, and taking connections.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use beamport_epmd::client::{self, Holding};
use beamport_epmd::{NodeType, Registration};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::{Config, Shared, StartError};
use crate::FullName;

/// How long a port mapper may take, as in the VM.
const MAPPER_TIME: Duration = Duration::from_secs(10);

/// How often a name that was lost is registered again, as in the VM.
const RETRY: Duration = Duration::from_secs(2);

/// A node's name and port, before the node.
#[derive(Debug)]
pub(super) struct Listening {
    listener: TcpListener,
    mapper: SocketAddr,
    registration: Registration,
    holding: Holding,
}

/// Listens, and registers.
pub(super) async fn open(
    name: &FullName,
    address: SocketAddr,
    config: &Config,
) -> Result<Listening, StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let port = NonZeroU16::new(port).ok_or_else(|| failed(std::io::ErrorKind::Other.into()))?;
    let local = match address.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    let mapper = SocketAddr::new(local, config.mapper_port);
    let registration = Registration {
        node_type: NodeType::HIDDEN,
        ..Registration::new(name.name().parse()?, port)
    };
    let deadline = Instant::now() + MAPPER_TIME;
    let holding = client::register(mapper, &registration, deadline).await?;
    Ok(Listening {
        listener,
        mapper,
        registration,
        holding,
    })
}

impl Listening {
    /// The creation that the port mapper gave.
    pub(super) fn creation(&self) -> u32 {
        self.holding.creation().value()
    }

    /// Keeps the name and takes connections until the node ends.
    pub(super) fn serve(self, shared: &Arc<Shared>) {
        let accepting = Arc::clone(shared);
        let Self {
            listener,
            mapper,
            registration,
            holding,
        } = self;
        shared.spawn_until_stopped(async move {
            tokio::select! {
                () = keep(mapper, &registration, holding) => {}
                () = accept(&accepting, &listener) => {}
            }
        });
    }
}

/// Registers again whenever the port mapper has gone. The creation of the node stays as it is.
async fn keep(mapper: SocketAddr, registration: &Registration, mut holding: Holding) {
    loop {
        holding.lost().await;
        tracing::warn!(%mapper, "the port mapper is gone");
        holding = loop {
            sleep(RETRY).await;
            match client::register(mapper, registration, Instant::now() + MAPPER_TIME).await {
                Ok(holding) => break holding,
                Err(error) => tracing::debug!(%error, "cannot register again"),
            }
        };
    }
}

async fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    let handshakes = Arc::new(Semaphore::new(shared.config.handshakes.max(1)));
    loop {
        let Ok(permit) = Arc::clone(&handshakes).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, address)) => {
                let accepting = Arc::clone(shared);
                shared.spawn_until_stopped(async move {
                    if let Err(error) = accepting.accept(stream).await {
                        tracing::info!(%address, %error, "a connection is refused");
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                // Out of file descriptors, as a rule: trying at once does not help.
                sleep(RETRY).await;
            }
        }
    }
}
