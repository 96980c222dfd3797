//! Accepts connections, and serves at once those that can be.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd as _, OwnedFd};
use std::task::Poll;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags, acceptfrom_with, recv, send};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep, sleep_until};

use super::answer::{Verdict, answer};
use super::connection::{Stage, Unserved};
use super::reserve::Reserve;
use super::{Config, Shared};
use crate::directory::{Client, Directory};
use crate::wire::{MAX_REQUEST, Request};

/// How many connections are accepted before other tasks get their turn.
const BATCH: usize = 64;

/// How long accepting pauses when it fails for want of something that only time brings.
const PAUSE: Duration = Duration::from_millis(20);

/// The listening sockets.
#[derive(Debug)]
pub(super) struct Gates {
    gates: Vec<Gate>,
    /// Where to look first, so that a busy listener does not outshout the others.
    first: usize,
    paused_until: Option<Instant>,
    reserve: Reserve,
    desk: Desk,
}

#[derive(Debug)]
struct Gate {
    listener: AsyncFd<TcpListener>,
}

impl Gates {
    pub(super) fn open(listeners: Vec<TcpListener>) -> io::Result<Self> {
        let gates: io::Result<Vec<Gate>> = listeners
            .into_iter()
            .map(|listener| {
                listener.set_nonblocking(true)?;
                #[expect(
                    deprecated,
                    reason = "for types that change their descriptor, which a TcpListener does not; the successor \
                              is unsafe"
                )]
                let listener = AsyncFd::with_interest(listener, Interest::READABLE)?;
                Ok(Gate { listener })
            })
            .collect();
        Ok(Self {
            gates: gates?,
            first: 0,
            paused_until: None,
            reserve: Reserve::new(),
            desk: Desk::default(),
        })
    }

    /// Waits for a listener that has connections, and tells which. Cancel safe.
    pub(super) async fn ready(&mut self, config: &Config) -> usize {
        if let Some(until) = self.paused_until {
            sleep_until(until).await;
            self.paused_until = None;
        }
        let index = poll_fn(|context| {
            let from_first = self.gates.iter().enumerate().cycle().skip(self.first);
            for (index, gate) in from_first.take(self.gates.len()) {
                // It fails only while the runtime ends.
                if let Poll::Ready(Ok(_)) = gate.listener.poll_read_ready(context) {
                    return Poll::Ready(index);
                }
            }
            Poll::Pending
        })
        .await;
        if let Some(delay) = config.delay_accept {
            sleep(delay).await;
        }
        index
    }

    /// Accepts and serves a batch of connections from the listener that is ready. True when the batch was full, so
    /// that there may be more.
    pub(super) fn accept<D: Directory>(&mut self, index: usize, shared: &Shared<D>) -> bool {
        self.reserve.restore(&shared.short_of_files);
        let is_full = self.accept_batch(index, shared);
        self.first = (index + 1) % self.gates.len().max(1);
        self.desk.serve_late(shared);
        is_full
    }

    /// Takes the connections that could not be served at once.
    pub(super) fn unserved(&mut self) -> impl Iterator<Item = Unserved> {
        self.desk.unserved.drain(..)
    }

    fn accept_batch<D: Directory>(&mut self, index: usize, shared: &Shared<D>) -> bool {
        let Some(gate) = self.gates.get(index) else {
            return false;
        };
        for _ in 0..BATCH {
            match gate.accept() {
                Ok((socket, remote)) => self.desk.serve(shared, socket, remote),
                Err(Errno::AGAIN) => return false,
                Err(Errno::MFILE | Errno::NFILE) => {
                    if !self.reserve.lend(&shared.short_of_files) {
                        shared.waiting.make_room();
                        self.paused_until = Some(Instant::now() + PAUSE);
                        return false;
                    }
                }
                Err(error) if concerns_one_connection(error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    self.paused_until = Some(Instant::now() + PAUSE);
                    return false;
                }
            }
        }
        true
    }
}

impl Gate {
    fn accept(&self) -> Result<(OwnedFd, SocketAddr), Errno> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let accepted = self.listener.try_io(Interest::READABLE, |listener| {
            Ok(acceptfrom_with(listener, flags)?)
        });
        let (socket, remote) =
            accepted.map_err(|e| Errno::from_io_error(&e).unwrap_or(Errno::AGAIN))?;
        let remote = SocketAddr::try_from(remote.ok_or(Errno::CONNABORTED)?)?;
        Ok((socket, remote))
    }
}

/// Whether accepting failed for the connection that was to be accepted only: see accept(2).
fn concerns_one_connection(error: Errno) -> bool {
    matches!(
        error,
        Errno::INTR
            | Errno::CONNABORTED
            | Errno::PERM
            | Errno::PROTO
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::HOSTDOWN
            | Errno::HOSTUNREACH
            | Errno::NONET
            | Errno::NOPROTOOPT
            | Errno::OPNOTSUPP
    )
}

/// Where connections are served at once, in buffers that are used again and again.
#[derive(Debug)]
struct Desk {
    received: Box<[u8]>,
    reply: Vec<u8>,
    /// Connections that had not brought their request when they were accepted. Mostly it is there by the time the
    /// batch is through.
    late: Vec<(OwnedFd, SocketAddr)>,
    unserved: Vec<Unserved>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            // One more than a request can have, to see whether there is more.
            received: vec![0; 2 + MAX_REQUEST + 1].into(),
            reply: Vec::new(),
            late: Vec::with_capacity(BATCH),
            unserved: Vec::new(),
        }
    }
}

impl Desk {
    fn serve<D: Directory>(&mut self, shared: &Shared<D>, socket: OwnedFd, remote: SocketAddr) {
        match recv(&socket, &mut *self.received, RecvFlags::empty()) {
            Ok((length, _)) => self.receive(shared, socket, remote, length),
            Err(Errno::AGAIN | Errno::INTR) => self.late.push((socket, remote)),
            Err(error) => tracing::debug!(peer = %remote, %error, "connection lost"),
        }
    }

    /// Serves those whose request had not come, if it has by now; otherwise it is waited for.
    fn serve_late<D: Directory>(&mut self, shared: &Shared<D>) {
        while let Some((socket, remote)) = self.late.pop() {
            match recv(&socket, &mut *self.received, RecvFlags::empty()) {
                Ok((length, _)) => self.receive(shared, socket, remote, length),
                Err(Errno::AGAIN | Errno::INTR) => {
                    self.leave(socket, remote, Stage::Read(Vec::new()));
                }
                Err(error) => tracing::debug!(peer = %remote, %error, "connection lost"),
            }
        }
    }

    fn receive<D: Directory>(
        &mut self,
        shared: &Shared<D>,
        socket: OwnedFd,
        remote: SocketAddr,
        length: usize,
    ) {
        let received = self.received.get(..length).unwrap_or_default();
        let stage = match Request::decode(received).transpose() {
            // Closed without a request, as someone does who looks whether we are there.
            _ if received.is_empty() => return,
            None => Stage::Read(received.to_vec()),
            Some(request) => {
                self.reply.clear();
                let client = Client::over(socket.as_fd(), remote);
                let verdict = answer(shared, &client, request, &mut self.reply);
                match verdict {
                    Verdict::Answer if shared.config.delay_write.is_none() => {
                        match send(&socket, &self.reply, SendFlags::NOSIGNAL) {
                            Ok(sent) if sent == self.reply.len() => return,
                            Ok(sent) => {
                                Stage::Answer(self.reply.split_off(sent.min(self.reply.len())))
                            }
                            Err(Errno::AGAIN) => Stage::Answer(std::mem::take(&mut self.reply)),
                            Err(_) => return,
                        }
                    }
                    Verdict::Close => return,
                    Verdict::Answer => Stage::Answer(std::mem::take(&mut self.reply)),
                    Verdict::Kill => Stage::Kill(std::mem::take(&mut self.reply)),
                    Verdict::Register(node) => Stage::Register(Box::new(node)),
                }
            }
        };
        self.leave(socket, remote, stage);
    }

    fn leave(&mut self, socket: OwnedFd, remote: SocketAddr, stage: Stage) {
        self.unserved.push(Unserved {
            socket,
            remote,
            stage,
        });
    }
}
