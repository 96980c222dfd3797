//! Connections that this node makes.

use std::net::{IpAddr, SocketAddr};

use beamport_epmd::{NodeName, client};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::progress::{Progress, Reached};
use super::resolve::Resolver;
use super::stream::Stream;
use super::{CAPABILITIES, Config, ConnectError, Shared, random};
use crate::handshake::dial::Answer;
use crate::handshake::stream::Wire;
use crate::handshake::{Established, HandshakeError, Identity, Refusal, Step};
use crate::{Cookie, FullName};

impl Shared {
    /// Dials a node that this one may connect with.
    pub(super) async fn dial(
        &self,
        peer: &FullName,
        progress: Progress,
    ) -> Result<(Stream, Established), ConnectError> {
        if *peer == self.node.name {
            return Err(ConnectError::Itself);
        }
        if !self.config.allows(peer) {
            return Err(HandshakeError::from(Refusal::Unwanted).into());
        }
        let dialler = Dialler {
            config: &self.config,
            resolver: &self.resolver,
            identity: Identity::Named(self.node.clone()),
            cookie: self.cookies.of(peer),
        };
        dialler.dial(peer, progress).await
    }
}

/// Who dials, and by what means.
pub(super) struct Dialler<'a> {
    pub(super) config: &'a Config,
    pub(super) resolver: &'a Resolver,
    pub(super) identity: Identity,
    pub(super) cookie: Cookie,
}

impl Dialler<'_> {
    /// Dials a node, at each address of its host until one answers.
    pub(super) async fn dial(
        &self,
        peer: &FullName,
        mut progress: Progress,
    ) -> Result<(Stream, Established), ConnectError> {
        let deadline = Instant::now() + self.config.setup_time;
        let stream = self.reach(peer, deadline, &mut progress).await?;
        let mut stream = match &self.config.tls {
            Some(tls) => {
                let stream = tls.dial(stream, peer.host(), deadline).await?;
                progress.tell(Reached::Tls);
                Stream::Tls(stream.into())
            }
            None => Stream::Plain(stream),
        };
        let prefix = stream.prefix();
        let mut wire = Wire::new(&mut stream, deadline).prefixed(prefix);
        match self.shake_hands(peer, &mut wire, &mut progress).await {
            Err(ConnectError::Handshake(HandshakeError::Refused(Refusal::Simultaneous)))
                if self.config.listen.is_some() =>
            {
                // Its connection to here ends this wait, or none comes.
                tokio::time::sleep_until(deadline).await;
                Err(HandshakeError::TimedOut { step: Step::Name }.into())
            }
            outcome => Ok((stream, outcome?)),
        }
    }

    async fn reach(
        &self,
        peer: &FullName,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<TcpStream, ConnectError> {
        let name: NodeName = peer.name().parse().map_err(|_| ConnectError::Name {
            name: peer.to_string(),
            source: crate::name::NameError::TooLong,
        })?;
        let addresses = match self.config.hosts.get(peer.host()) {
            Some(address) => vec![*address],
            None => self.resolver.addresses(peer.host(), deadline).await?,
        };
        progress.tell(Reached::Host(&addresses));
        let mut first_failure = None;
        let mut addresses = addresses.into_iter().peekable();
        while let Some(address) = addresses.next() {
            let error = match self
                .reach_at(address, peer, &name, deadline, progress)
                .await
            {
                Ok(stream) => return Ok(stream),
                Err(error) => error,
            };
            if addresses.peek().is_some() {
                progress.tell(Reached::DeadEnd(address, &error));
            }
            // The first address is the one that a VM would have tried.
            first_failure = first_failure.or(Some(error));
        }
        Err(first_failure.unwrap_or_else(|| ConnectError::UnknownHost {
            host: peer.host().to_owned(),
        }))
    }

    async fn reach_at(
        &self,
        address: IpAddr,
        peer: &FullName,
        name: &NodeName,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<TcpStream, ConnectError> {
        let mapper = SocketAddr::new(address, self.config.mapper_port);
        let registered = client::lookup(mapper, name, deadline)
            .await
            .map_err(ConnectError::Mapper)?;
        let registered = registered.ok_or_else(|| ConnectError::NotRegistered {
            node: peer.clone(),
            mapper,
        })?;
        progress.tell(Reached::Mapper(mapper, &registered));
        let address = SocketAddr::new(address, registered.port.get());
        let stream = connect(peer, address, deadline).await?;
        progress.tell(Reached::Port(address));
        Ok(stream)
    }

    async fn shake_hands(
        &self,
        peer: &FullName,
        wire: &mut Wire<'_, Stream>,
        progress: &mut Progress,
    ) -> Result<Established, ConnectError> {
        let identity = self.identity.clone();
        let answer = wire.introduce(identity, CAPABILITIES, peer.clone()).await?;
        let state = match answer {
            Answer::Welcome(state) => state,
            Answer::Alive(alive) if self.config.take_over => alive.take_over(wire.out()),
            Answer::Alive(alive) => {
                let refusal = alive.give_way(wire.out());
                // The peer closes the connection whether it is told or not.
                let _ = wire.flush(Step::Status).await;
                return Err(refusal.into());
            }
        };
        progress.tell(Reached::Welcome);
        let state = wire.hear_challenge(state, &self.cookie, random()?).await?;
        progress.tell(Reached::Peer(state.peer(), state.peer_flags()));
        let established = wire.hear_proof(state).await?;
        progress.tell(Reached::Proof);
        Ok(established)
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
