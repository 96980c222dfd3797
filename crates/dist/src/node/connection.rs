//! A connection that stands: what is read, what is written, and signs of life.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use beamport_term::{Pid, Term};
use bytes::BufMut as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Notify, OnceCell};
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, timeout, timeout_at};

use super::outgoing::{Gone, Outgoing};
use super::stream::Stream;
use super::{AutoConnect, Config, DownReason, NodeEvent, NodeKind, Shared, Signal};
use crate::closed::is_closed_by_peer;
use crate::control::{Control, ControlError};
use crate::frame::{Chain, Frame, FrameError, Frames, Message, Receiver};
use crate::handshake::Established;
use crate::{Flags, FullName};

/// How long TLS may take to say that it ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// A tick: an empty frame.
const TICK: &[u8] = &[0; 4];

/// A connection with a peer.
#[derive(Debug)]
pub(super) struct Connection {
    peer: FullName,
    flags: Flags,
    peer_flags: Flags,
    kind: NodeKind,
    /// The process `user` there, if there is one.
    user: OnceCell<Option<Pid>>,
    outgoing: Outgoing,
    closing: Notify,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Ending {
    #[error("this node closed it")]
    Local,
    #[error("the peer closed it")]
    Peer,
    #[error("the peer was silent for too long")]
    Silence,
    #[error("it broke: {0}")]
    Broken(#[from] io::Error),
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("the peer sent an operation with a payload it has none of, or without one")]
    Payload,
}

impl From<Ending> for DownReason {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Local => Self::Disconnected,
            Ending::Peer => Self::Closed,
            Ending::Silence => Self::Silent,
            Ending::Broken(error) if is_closed_by_peer(&error) => Self::Closed,
            Ending::Broken(error) => Self::Broken(error.kind()),
            ending @ (Ending::Frame(_) | Ending::Control(_) | Ending::Payload) => {
                Self::Misbehaved(ending.to_string())
            }
        }
    }
}

impl Connection {
    /// Starts what reads and writes.
    pub(super) fn start(
        shared: &Arc<Shared>,
        stream: Stream,
        established: Established,
    ) -> Arc<Self> {
        let connection = Arc::new(Self {
            peer: established.peer.name,
            flags: established.flags,
            peer_flags: established.peer_flags,
            kind: NodeKind::of(established.peer_flags),
            user: OnceCell::new(),
            outgoing: Outgoing::new(established.flags, shared.config.outbox.max(1)),
            closing: Notify::new(),
        });
        tracing::debug!(peer = %connection.peer, flags = %connection.flags, "connected");
        let (shared, running) = (Arc::clone(shared), Arc::clone(&connection));
        let tasks = Arc::clone(&shared);
        tasks.spawn(async move {
            let ending = running.run(&shared, stream).await;
            running.outgoing.close();
            tracing::debug!(peer = %running.peer, reason = %ending, "disconnected");
            let peer = running.peer.to_atom();
            let once = shared.config.auto_connect == AutoConnect::Once;
            if shared.connections.remove(&peer, &running, once) {
                let signals = shared.processes.node_down(&peer);
                shared.announce(running.is_down(ending.into()));
                shared.tell(signals).await;
            }
        });
        connection
    }

    pub(super) fn peer(&self) -> &FullName {
        &self.peer
    }

    /// That it is there.
    pub(super) fn is_up(&self) -> NodeEvent {
        NodeEvent::Up {
            node: self.peer.clone(),
            kind: self.kind,
        }
    }

    /// That it is gone.
    pub(super) fn is_down(&self, reason: DownReason) -> NodeEvent {
        NodeEvent::Down {
            node: self.peer.clone(),
            kind: self.kind,
            reason,
        }
    }

    /// Whether the peer starts processes for others. That this node does not is no matter.
    pub(super) fn spawns(&self) -> bool {
        self.peer_flags.contains(Flags::SPAWN)
    }

    /// The process `user` there, if there is one; to be found out.
    pub(super) fn user(&self) -> &OnceCell<Option<Pid>> {
        &self.user
    }

    /// Has something sent; waits while the connection is busy.
    pub(super) async fn send(&self, signal: Signal) -> Result<(), Gone> {
        let message = self.message(signal.control, signal.payload);
        self.outgoing.send(signal.sender, message).await
    }

    /// Has an answer sent that the protocol asks for; waits only while the connection is very busy.
    pub(super) async fn answer(&self, signal: Signal) -> Result<(), Gone> {
        let message = self.message(signal.control, signal.payload);
        self.outgoing.answer(signal.sender, message).await
    }

    fn message(&self, control: Control, payload: Option<Term>) -> Message {
        let (control, payload) = control.for_peer(payload, self.flags);
        Message {
            control: control.into(),
            payload,
        }
    }

    /// Completes when the node is to end and what was sent is on its way, or does not get away.
    async fn taken_leave(&self, shared: &Shared) {
        shared.stopped().await;
        let _ = timeout(shared.config.stop_time, self.outgoing.drained()).await;
    }

    /// Ends the connection.
    pub(super) fn close(&self) {
        self.closing.notify_one();
    }

    async fn run(&self, shared: &Shared, stream: Stream) -> Ending {
        match stream {
            Stream::Plain(stream) => {
                let (read, mut write) = stream.into_split();
                self.carry(shared, read, &mut write).await
            }
            Stream::Tls(stream) => {
                let (read, mut write) = tokio::io::split(stream);
                let ending = self.carry(shared, read, &mut write).await;
                // The peer sees that nothing was cut off; who does not read is not waited for.
                let _ = timeout(FAREWELL, write.shutdown()).await;
                ending
            }
        }
    }

    async fn carry(
        &self,
        shared: &Shared,
        read: impl AsyncRead + Unpin,
        write: &mut (impl AsyncWrite + Unpin),
    ) -> Ending {
        let config = &shared.config;
        tokio::select! {
            result = receive(shared, read) => result.err().unwrap_or(Ending::Peer),
            ending = send(write, &self.outgoing, config) => ending,
            () = self.closing.notified() => Ending::Local,
            () = self.taken_leave(shared) => Ending::Local,
        }
    }
}

/// Reads what comes and has it done, until the peer closes the connection.
async fn receive(shared: &Shared, mut stream: impl AsyncRead + Unpin) -> Result<(), Ending> {
    let limits = shared.config.limits;
    let mut frames = Frames::new(limits.frame);
    let mut receiver = Receiver::new(limits);
    let patience = shared.config.patience();
    loop {
        let wanted = frames.wanted();
        frames.buffer().reserve(wanted);
        let mut room = frames.buffer().limit(wanted);
        let read = timeout(patience, stream.read_buf(&mut room))
            .await
            .map_err(|_| Ending::Silence)?
            .or_else(closed)?;
        if read == 0 {
            return Ok(());
        }
        while let Some(frame) = frames.next()? {
            let Frame::Data(data) = frame else { continue };
            let Some(Message { control, payload }) = receiver.receive(&data)? else {
                continue;
            };
            let control = Control::try_from(&control)?;
            if control.has_payload() != payload.is_some() {
                return Err(Ending::Payload);
            }
            shared.obey(control, payload, receiver.bytes()).await;
            // Who has a mailbox gets to read it before it is full.
            consume_budget().await;
        }
    }
}

/// Peers close TCP without ending TLS, which is no accident worth telling apart.
fn closed(error: io::Error) -> io::Result<usize> {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Ok(0),
        _ => Err(error),
    }
}

/// Writes what is to be sent, and a tick whenever that was nothing for too long.
async fn send(
    stream: &mut (impl AsyncWrite + Unpin),
    outgoing: &Outgoing,
    config: &Config,
) -> Ending {
    let mut bytes = Chain::default();
    let patience = config.patience();
    let mut next_tick = Instant::now() + config.tick_interval();
    loop {
        if timeout_at(next_tick, outgoing.next(&mut bytes))
            .await
            .is_err()
        {
            bytes.extend_from_slice(TICK);
        }
        let write = async {
            stream.write_all_buf(&mut bytes).await?;
            stream.flush().await
        };
        match timeout(patience, write).await {
            Ok(Ok(())) => next_tick = Instant::now() + config.tick_interval(),
            Ok(Err(error)) => return error.into(),
            Err(_) => return Ending::Silence,
        }
    }
}
