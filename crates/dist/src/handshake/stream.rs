//! A handshake over a byte stream.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use super::accept::{self, AwaitingTakeOver, Challenged, Greeting, Progress};
use super::dial::{self, Answer, AwaitingAck, AwaitingChallenge};
use super::{
    Capabilities, Established, HandshakeError, Identity, Incarnation, MAX_MESSAGE, Misbehavior,
    Step,
};
use crate::closed::is_closed_by_peer;
use crate::tls::TlsError;
use crate::{Cookie, FullName};

/// A byte stream to a peer while hands are shaken. Not one byte beyond the handshake is read from it.
///
/// Everything has to be done by one deadline; nodes allow 7 seconds (`net_setuptime`). What is dropped before its
/// end leaves the stream in the middle of a handshake, fit only to be closed.
#[derive(Debug)]
pub struct Wire<'a, S> {
    stream: &'a mut S,
    prefix: Prefix,
    deadline: Instant,
    out: Vec<u8>,
}

/// How long the length is that each message follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prefix {
    /// 16 bits: over TCP.
    #[default]
    Short,
    /// 32 bits: within TLS, where nodes do not tell a handshake from what comes after.
    Long,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Wire<'a, S> {
    /// A handshake over `stream`, to be done by `deadline`.
    pub fn new(stream: &'a mut S, deadline: Instant) -> Self {
        Self {
            stream,
            prefix: Prefix::Short,
            deadline,
            out: Vec::new(),
        }
    }

    /// The same, with messages behind another length.
    #[must_use]
    pub fn prefixed(self, prefix: Prefix) -> Self {
        Self { prefix, ..self }
    }

    /// Where to write what is to be sent before the next message is waited for.
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// The whole handshake of the node that dials. A connection that the peer still has with a node of this name
    /// is taken over; who knows of a better connection drops this.
    pub async fn dial(
        &mut self,
        identity: Identity,
        capabilities: Capabilities,
        peer: FullName,
        cookie: &Cookie,
        challenge: u32,
    ) -> Result<Established, HandshakeError> {
        let state = match self.introduce(identity, capabilities, peer).await? {
            Answer::Welcome(state) => state,
            Answer::Alive(alive) => alive.take_over(&mut self.out),
        };
        let state = self.hear_challenge(state, cookie, challenge).await?;
        self.hear_proof(state).await
    }

    /// The beginning of the handshake of the node that dials: who dials, and what the peer makes of it.
    pub async fn introduce(
        &mut self,
        identity: Identity,
        capabilities: Capabilities,
        peer: FullName,
    ) -> Result<Answer, HandshakeError> {
        let state = dial::start(identity, capabilities, peer, &mut self.out);
        let status = self.receive(Step::Status).await?;
        state.receive(&status)
    }

    /// Hears who the peer is, and proves to know the cookie.
    pub async fn hear_challenge(
        &mut self,
        state: AwaitingChallenge,
        cookie: &Cookie,
        challenge: u32,
    ) -> Result<AwaitingAck, HandshakeError> {
        let message = self.receive(Step::Challenge).await?;
        state.receive(&message, cookie, challenge, &mut self.out)
    }

    /// The end of the handshake of the node that dials: the peer's proof.
    pub async fn hear_proof(&mut self, state: AwaitingAck) -> Result<Established, HandshakeError> {
        let message = self.receive(Step::Ack).await?;
        state.receive(&message)
    }

    /// The beginning of the handshake of the node that is dialled: who dials.
    pub async fn greet(
        &mut self,
        node: Incarnation,
        capabilities: Capabilities,
    ) -> Result<Greeting, HandshakeError> {
        let name = self.receive(Step::Name).await?;
        match accept::greet(node, capabilities, &name, &mut self.out) {
            Ok(greeting) => Ok(greeting),
            Err(error) => {
                // Why the peer cannot connect is worth more than why it could not be told.
                let _ = self.flush(Step::Name).await;
                Err(error)
            }
        }
    }

    /// Hears whether the peer wants to take its older connection's place.
    pub async fn hear_take_over(
        &mut self,
        state: AwaitingTakeOver,
        challenge: u32,
    ) -> Result<Challenged, HandshakeError> {
        let answer = self.receive(Step::TakeOver).await?;
        state.receive(&answer, challenge, &mut self.out)
    }

    /// The end of the handshake of the node that is dialled: the proofs.
    pub async fn establish(
        &mut self,
        mut state: Challenged,
        cookie: &Cookie,
    ) -> Result<Established, HandshakeError> {
        loop {
            let step = state.step();
            let message = self.receive(step).await?;
            match state.receive(&message, cookie, &mut self.out)? {
                Progress::Unproved(next) => state = next,
                Progress::Established(established) => {
                    self.flush(step).await?;
                    return Ok(established);
                }
            }
        }
    }

    /// Sends what there is to send.
    pub async fn flush(&mut self, step: Step) -> Result<(), HandshakeError> {
        if self.prefix == Prefix::Long {
            lengthen_prefixes(&mut self.out);
        }
        timeout_at(self.deadline, async {
            self.stream.write_all(&self.out).await?;
            self.stream.flush().await
        })
        .await
        .map_err(|_| HandshakeError::TimedOut { step })?
        .map_err(|error| broken(step, &error))?;
        self.out.clear();
        Ok(())
    }

    /// Sends what there is to send and waits for a message.
    async fn receive(&mut self, step: Step) -> Result<Vec<u8>, HandshakeError> {
        self.flush(step).await?;
        timeout_at(self.deadline, read_message(self.stream, self.prefix, step))
            .await
            .map_err(|_| HandshakeError::TimedOut { step })?
    }
}

async fn read_message<S: AsyncRead + Unpin>(
    stream: &mut S,
    prefix: Prefix,
    step: Step,
) -> Result<Vec<u8>, HandshakeError> {
    let failed = |error| broken(step, &error);
    let length = match prefix {
        Prefix::Short => match stream.read_u16().await.map_err(failed)? {
            length if length > MAX_MESSAGE => return Err(Misbehavior::of_length(length).at(step)),
            length => length.into(),
        },
        Prefix::Long => stream.read_u32().await.map_err(failed)?,
    };
    if length > MAX_MESSAGE.into() {
        return Err(Misbehavior::TooLong(length).at(step));
    }
    let mut message = vec![0; length as usize];
    stream.read_exact(&mut message).await.map_err(failed)?;
    Ok(message)
}

/// Writes the lengths before messages in 32 bits instead of 16.
fn lengthen_prefixes(messages: &mut Vec<u8>) {
    let mut long = Vec::with_capacity(2 * messages.len());
    let mut rest = messages.as_slice();
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u16::from_be_bytes(*length);
        let (message, after) = after
            .split_at_checked(length.into())
            .unwrap_or((after, &[]));
        long.extend_from_slice(&u32::from(length).to_be_bytes());
        long.extend_from_slice(message);
        rest = after;
    }
    *messages = long;
}

fn broken(step: Step, error: &io::Error) -> HandshakeError {
    if let Some(error) = TlsError::within(error) {
        return error.into();
    }
    match is_closed_by_peer(error) {
        true => HandshakeError::Closed { step },
        false => HandshakeError::Broken {
            step,
            kind: error.kind(),
        },
    }
}
