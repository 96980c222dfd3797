//! Connections that peers make.

use std::sync::Arc;

use beamport_epmd::Creation;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::connections::{Attempt, Standing};
use super::stream::Stream;
use super::{CAPABILITIES, ConnectError, Shared, random};
use crate::handshake::accept::{Challenged, Greeting};
use crate::handshake::stream::Wire;
use crate::handshake::{HandshakeError, Incarnation, Refusal, Step};
use crate::{FullName, Host};

/// What a connection will be when its handshake is done.
enum Place {
    /// That of an attempt.
    Attempt(Attempt),
    /// That of an older connection.
    Older,
}

impl Shared {
    /// Shakes hands with a peer that has connected.
    pub(super) async fn accept(self: &Arc<Self>, stream: TcpStream) -> Result<(), ConnectError> {
        let deadline = Instant::now() + self.config.setup_time;
        // It only costs time if that fails.
        let _ = stream.set_nodelay(true);
        let mut stream = match &self.config.tls {
            Some(tls) => Stream::Tls(tls.accept(stream, deadline).await?.into()),
            None => Stream::Plain(stream),
        };
        let prefix = stream.prefix();
        let mut wire = Wire::new(&mut stream, deadline).prefixed(prefix);
        let greeting = wire.greet(self.node.clone(), CAPABILITIES).await?;
        let (peer, place, state) = self.place(&mut wire, greeting).await?;
        let outcome = wire.establish(state, &self.cookies.of(&peer)).await;
        match (outcome, place) {
            (Ok(established), Place::Attempt(attempt)) => {
                self.establish(attempt, stream, established);
                Ok(())
            }
            (Ok(established), Place::Older) => {
                self.replace(stream, established);
                Ok(())
            }
            (Err(error), Place::Attempt(attempt)) => {
                self.connections.withdraw(&peer.to_atom(), attempt);
                Err(error.into())
            }
            (Err(error), Place::Older) => Err(error.into()),
        }
    }

    /// Finds out what the connection is to be, and goes on accordingly.
    async fn place(
        &self,
        wire: &mut Wire<'_, Stream>,
        greeting: Greeting,
    ) -> Result<(FullName, Place, Challenged), ConnectError> {
        let challenge = random()?;
        let caller = match greeting {
            Greeting::Named(caller) => caller,
            Greeting::Nameless(caller) if self.config.allowed.is_some() || self.is_full() => {
                let refusal = caller.refuse(wire.out());
                wire.flush(Step::Name).await?;
                return Err(refusal.into());
            }
            Greeting::Nameless(caller) => {
                let peer = new_name(caller.host())?;
                let name = peer.name.clone();
                let Standing::New(attempt) = self.connections.dialled_by(&name.to_atom()) else {
                    return Err(HandshakeError::from(Refusal::Unwanted).into());
                };
                let state = caller.name(peer, challenge, wire.out());
                return Ok((name, Place::Attempt(attempt), state));
            }
        };
        let name = caller.name().clone();
        let peer = name.to_atom();
        let new_to_us = !self.connections.knows(&peer);
        if !self.config.allows(&name) || (new_to_us && self.is_full()) {
            let refusal = caller.refuse(wire.out());
            wire.flush(Step::Name).await?;
            return Err(refusal.into());
        }
        match self.connections.dialled_by(&peer) {
            Standing::New(attempt) => {
                let state = caller.welcome(challenge, wire.out());
                Ok((name, Place::Attempt(attempt), state))
            }
            Standing::Pending => match caller.resolve(challenge, wire.out()) {
                Some(state) => {
                    let attempt = self.connections.give_way(&peer);
                    Ok((name, Place::Attempt(attempt), state))
                }
                None => {
                    wire.flush(Step::Name).await?;
                    Err(HandshakeError::from(Refusal::Simultaneous).into())
                }
            },
            Standing::Up => {
                let state = caller.ask_to_take_over(wire.out());
                let state = wire.hear_take_over(state, challenge).await?;
                Ok((name, Place::Older, state))
            }
        }
    }
}

impl Shared {
    /// Whether there are as many connections as there may be.
    fn is_full(&self) -> bool {
        self.connections.len() >= self.config.connections
    }
}

/// A name for a node without one, that nobody has: as in the VM, a random number in base 36.
fn new_name(host: &Host) -> Result<Incarnation, ConnectError> {
    let mut number = u64::from(random()?) << 32 | u64::from(random()?);
    let mut name = String::new();
    while number > 0 {
        let digit = (number % 36) as u8;
        name.push(char::from(match digit {
            0..10 => b'0' + digit,
            _ => b'A' + digit - 10,
        }));
        number /= 36;
    }
    let text = format!("{name}@{host}");
    let name = text
        .parse()
        .map_err(|source| ConnectError::Name { name: text, source })?;
    let creation = Creation::new(random()?).value();
    Ok(Incarnation { name, creation })
}
