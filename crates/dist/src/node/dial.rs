//! Connections that this node makes.

use std::net::SocketAddr;

use beamport_epmd::client;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::{CAPABILITIES, ConnectError, Shared, random};
use crate::FullName;
use crate::handshake::stream::Wire;
use crate::handshake::{Established, HandshakeError, Identity, Refusal, Step};

impl Shared {
    /// Dials a node, at each address of its host until one answers.
    pub(super) async fn dial(
        &self,
        peer: &FullName,
    ) -> Result<(TcpStream, Established), ConnectError> {
        if *peer == self.node.name {
            return Err(ConnectError::Itself);
        }
        let deadline = Instant::now() + self.config.setup_time;
        let mut stream = self.reach(peer, deadline).await?;
        let identity = Identity::Named(self.node.clone());
        let cookie = self.config.cookie_for(peer);
        let established = Wire::new(&mut stream, deadline)
            .dial(identity, CAPABILITIES, peer.clone(), cookie, random()?)
            .await;
        match established {
            Ok(established) => Ok((stream, established)),
            Err(HandshakeError::Refused(Refusal::Simultaneous)) => {
                // Its connection to here ends this wait, or none comes.
                tokio::time::sleep_until(deadline).await;
                Err(HandshakeError::TimedOut { step: Step::Name }.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn reach(&self, peer: &FullName, deadline: Instant) -> Result<TcpStream, ConnectError> {
        let name = peer.name().parse().map_err(|_| ConnectError::Name {
            name: peer.to_string(),
            source: crate::name::NameError::TooLong,
        })?;
        let mut failure = None;
        for address in self.resolver.addresses(peer.host(), deadline).await? {
            let mapper = SocketAddr::new(address, self.config.mapper_port);
            let attempt = async {
                let registered = client::lookup(mapper, &name, deadline)
                    .await
                    .map_err(ConnectError::Mapper)?;
                let port = registered.ok_or_else(|| ConnectError::NotRegistered {
                    node: peer.clone(),
                    mapper,
                })?;
                let address = SocketAddr::new(address, port.port.get());
                connect(peer, address, deadline).await
            };
            match attempt.await {
                Ok(stream) => return Ok(stream),
                // The first address is the one that a VM would have tried.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or_else(|| ConnectError::HostTimeout {
            host: peer.host().to_owned(),
        }))
    }
}

async fn connect(
    peer: &FullName,
    address: SocketAddr,
    deadline: Instant,
) -> Result<TcpStream, ConnectError> {
    let connecting = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    timeout_at(deadline, connecting)
        .await
        .unwrap_or_else(|elapsed| Err(elapsed.into()))
        .map_err(|source| ConnectError::Unreachable {
            node: peer.clone(),
            address,
            source,
        })
}
