//! A connection that was not served at once: it waits, for its request, its answer or its name, or it holds a name.

use std::future::{Future, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::os::fd::{AsFd as _, OwnedFd};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt as _;
use rustix::net::sockopt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::answer::{Verdict, answer};
use super::waiting::Place;
use crate::directory::{Client, Directory, Lease, Refusal};
use crate::node::{NodeName, Registration};
use crate::wire::{AliveReply, MAX_REQUEST, Request};

/// What a connection that waits is about.
#[derive(Debug)]
pub(super) enum Stage {
    /// To read the rest of the request, after what has come so far.
    Read(Vec<u8>),
    /// To send this and close.
    Answer(Vec<u8>),
    /// To send this and end the server.
    Kill(Vec<u8>),
    /// To register a node.
    Register(Box<Registration>),
}

/// A connection that was accepted and could not be served at once.
#[derive(Debug)]
pub(super) struct Unserved {
    pub(super) socket: OwnedFd,
    pub(super) remote: SocketAddr,
    pub(super) stage: Stage,
}

/// Serves one connection to its end.
pub(super) fn serve<D: Directory>(
    shared: Arc<Shared<D>>,
    connection: Unserved,
) -> impl Future<Output = ()> + Send {
    // In a box of its own, so that what waiting takes is not kept while a name is held, for days.
    let waiting = Box::pin(wait(shared, connection));
    let serving = async move {
        let Some(mut held) = waiting.await else {
            return;
        };
        held.until_gone().await;
        tracing::info!(node = %held.name, "unregistered");
    };
    // What a directory does wrong with one connection is to end that one only.
    AssertUnwindSafe(serving).catch_unwind().map(|ended| {
        if ended.is_err() {
            tracing::error!("a connection failed: this is a bug");
        }
    })
}

/// Sees a connection through until it is done or holds a name, unless its place is needed for another.
async fn wait<D: Directory>(
    shared: Arc<Shared<D>>,
    connection: Unserved,
) -> Option<Held<D::Lease>> {
    let Unserved {
        socket,
        remote,
        stage,
    } = connection;
    let stream = match TcpStream::from_std(StdStream::from(socket)) {
        Ok(stream) => stream,
        Err(error) => {
            tracing::error!(peer = %remote, %error, "cannot serve a connection");
            return None;
        }
    };
    let place = shared.waiting.enter();
    let visit = Visit {
        shared: &shared,
        stream: &stream,
        client: Client::over(stream.as_fd(), remote),
        place: &place,
    };
    let outcome = tokio::select! {
        outcome = visit.attend(stage) => outcome,
        () = place.evicted() => {
            tracing::debug!(peer = %remote, "connection closed: its place is needed");
            return None;
        }
    };
    match outcome {
        Ok(registered) => registered.map(|(name, lease)| Held {
            name,
            stream,
            lease,
        }),
        Err(error) => {
            tracing::debug!(peer = %remote, %error, "connection closed");
            None
        }
    }
}

struct Visit<'a, D> {
    shared: &'a Shared<D>,
    stream: &'a TcpStream,
    client: Client<'a>,
    place: &'a Place,
}

impl<D: Directory> Visit<'_, D> {
    async fn attend(&self, stage: Stage) -> io::Result<Option<(NodeName, D::Lease)>> {
        match stage {
            Stage::Read(received) => {
                let mut reply = Vec::new();
                let request = self.read(received).await?;
                match answer(self.shared, &self.client, request, &mut reply) {
                    Verdict::Answer => self.write(&reply).await.map(|()| None),
                    Verdict::Register(node) => self.register(node).await,
                    Verdict::Kill => self.kill(&reply).await.map(|()| None),
                    Verdict::Close => Ok(None),
                }
            }
            Stage::Answer(reply) => self.write(&reply).await.map(|()| None),
            Stage::Kill(reply) => self.kill(&reply).await.map(|()| None),
            Stage::Register(node) => self.register(*node).await,
        }
    }

    async fn read(
        &self,
        mut received: Vec<u8>,
    ) -> io::Result<Result<Request, crate::wire::RequestError>> {
        // Not in the future itself: most that wait do not read.
        let mut buffer = vec![0; 2 + MAX_REQUEST + 1];
        loop {
            match self.read_some(&mut buffer).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                length => received.extend_from_slice(buffer.get(..length).unwrap_or_default()),
            }
            if let Some(request) = Request::decode(&received).transpose() {
                return Ok(request);
            }
        }
    }

    /// Reads what comes next, within the time a connection may be idle.
    async fn read_some(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = async {
            loop {
                self.stream.readable().await?;
                match self.stream.try_read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    other => return other,
                }
            }
        };
        timeout(self.shared.config.idle_timeout, read).await?
    }

    async fn write(&self, mut reply: &[u8]) -> io::Result<()> {
        self.place.carry(reply.len());
        if let Some(delay) = self.shared.config.delay_write {
            sleep(delay).await;
        }
        while !reply.is_empty() {
            timeout(self.shared.config.idle_timeout, self.stream.writable()).await??;
            match self.stream.try_write(reply) {
                Ok(written) => reply = reply.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn kill(&self, reply: &[u8]) -> io::Result<()> {
        let written = self.write(reply).await;
        // Whether or not it could be told.
        self.shared.killed.notify_one();
        written
    }

    async fn register(&self, node: Registration) -> io::Result<Option<(NodeName, D::Lease)>> {
        let peer = self.client.remote;
        let (name, port, highest) = (node.name.clone(), node.port, node.highest);
        let registered = if self.shared.reserve.is_exhausted() {
            Err(Refusal::NotAllowed {
                reason: "there are no file descriptors left to hold it".to_owned(),
            })
        } else {
            let patience = self.shared.config.register_timeout;
            let registering = self.shared.directory.register(&self.client, node);
            timeout(patience, registering).await.unwrap_or_else(|_| {
                Err(Refusal::NotAllowed {
                    reason: format!("the directory has not answered within {patience:?}"),
                })
            })
        };
        let mut reply = Vec::with_capacity(6);
        match registered {
            Ok(registered) => {
                AliveReply::registered(registered.creation, highest).encode(&mut reply);
                self.write(&reply).await?;
                let creation = registered.creation.value();
                tracing::info!(node = %name, port, %peer, creation, "registered");
                Ok(Some((name, registered.lease)))
            }
            Err(refusal) => {
                tracing::warn!(node = %name, port, %peer, error = %refusal, "a name is refused");
                AliveReply::Refused {
                    wide: highest >= crate::wire::WIDE_CREATION_VERSION,
                }
                .encode(&mut reply);
                self.write(&reply).await?;
                // The node closes, as with stock epmd, which would keep the connection for ever.
                self.read_some(&mut [0]).await?;
                Ok(None)
            }
        }
    }
}

/// A connection that holds a name. There may be tens of thousands, so it is small.
struct Held<L> {
    name: NodeName,
    stream: TcpStream,
    lease: L,
}

impl<L: Lease> Held<L> {
    /// Completes when the node is gone or says anything, which is the same, or the directory revokes its lease.
    async fn until_gone(&mut self) {
        watch_for_death(&self.stream);
        let stream = &self.stream;
        let gone = poll_fn(|context| {
            // Polled, since a future of `readable` takes as much memory as all the rest.
            while stream.poll_read_ready(context).is_ready() {
                match stream.try_read(&mut [0]) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    _ => return Poll::Ready(()),
                }
            }
            Poll::Pending
        });
        tokio::select! {
            () = gone => {}
            () = self.lease.revoked() => {}
        }
    }
}

/// Has the kernel ask a silent peer whether it is alive: a container may go without a FIN.
fn watch_for_death(stream: &TcpStream) {
    const SILENT: Duration = Duration::from_secs(30);
    const INTERVAL: Duration = Duration::from_secs(10);
    let watched = sockopt::set_tcp_keepidle(stream, SILENT)
        .and_then(|()| sockopt::set_tcp_keepintvl(stream, INTERVAL))
        .and_then(|()| sockopt::set_tcp_keepcnt(stream, 3))
        .and_then(|()| sockopt::set_socket_keepalive(stream, true));
    if let Err(error) = watched {
        tracing::debug!(%error, "cannot have the kernel watch a connection");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::LocalDirectory;

    fn size_of_future<A, B, F>(_: impl FnOnce(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_held_name_takes_little_memory() {
        let size = size_of_future(serve::<LocalDirectory>);
        assert!(size <= 256, "{size}");
    }
}
