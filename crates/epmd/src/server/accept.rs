//! Accepts connections, and serves at once those that can be, on a thread for each listener.
//!
//! A thread, since one that blocks in `accept` asks the kernel for nothing else: neither whether there is a connection
//! before it, nor whether there is none after it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{SocketFlags, acceptfrom_with};
use tokio::sync::mpsc;

use super::Shared;
use super::connection::Unserved;
use super::desk::Desk;
use super::ending::Ending;
use crate::directory::Directory;

/// For how long a thread that was just busy does nothing but accept. It is the longest that ending may take, and
/// after it a thread is not woken any more but by a connection or the end.
const BUSY: Duration = Duration::from_millis(10);

/// How long accepting pauses when it fails for want of something that only time brings.
const PAUSE: Duration = Duration::from_millis(20);

/// How many connections may be on their way from a thread to the server.
const MOST_UNDER_WAY: usize = 64;

/// The threads that accept, which end when this is dropped.
#[derive(Debug)]
pub(super) struct Acceptors {
    threads: Vec<JoinHandle<()>>,
    unserved: mpsc::Receiver<Unserved>,
    ending: Arc<Ending>,
}

impl Acceptors {
    pub(super) fn start<D: Directory>(
        listeners: Vec<TcpListener>,
        shared: &Arc<Shared<D>>,
    ) -> io::Result<Self> {
        let (sender, unserved) = mpsc::channel(MOST_UNDER_WAY);
        let ending = Arc::new(Ending::new()?);
        let mut acceptors = Self {
            threads: Vec::with_capacity(listeners.len()),
            unserved,
            ending: Arc::clone(&ending),
        };
        for listener in listeners {
            listener.set_nonblocking(false)?;
            sockopt::set_socket_timeout(&listener, Timeout::Recv, Some(BUSY))?;
            let acceptor = Acceptor {
                listener,
                shared: Arc::clone(shared),
                unserved: sender.clone(),
                ending: Arc::clone(&ending),
                desk: Desk::default(),
            };
            let thread = thread::Builder::new().name("accept".to_owned());
            acceptors
                .threads
                .push(thread.spawn(move || acceptor.run())?);
        }
        Ok(acceptors)
    }

    /// The next connection that could not be served at once. Cancel safe.
    pub(super) async fn unserved(&mut self) -> Option<Unserved> {
        self.unserved.recv().await
    }
}

impl Drop for Acceptors {
    fn drop(&mut self) {
        self.ending.begin();
        // Lets a thread go that waits for us to take a connection.
        self.unserved.close();
        for thread in self.threads.drain(..) {
            // It has said so itself if it failed.
            let _ = thread.join();
        }
    }
}

/// What one of the threads works with.
struct Acceptor<D> {
    listener: TcpListener,
    shared: Arc<Shared<D>>,
    unserved: mpsc::Sender<Unserved>,
    ending: Arc<Ending>,
    desk: Desk,
}

impl<D: Directory> Acceptor<D> {
    fn run(mut self) {
        while !self.ending.has_begun() {
            if let Some(delay) = self.shared.config.delay_accept {
                self.ending.wait(delay);
            }
            match self.accept() {
                Ok((socket, remote)) => {
                    self.serve(socket, remote);
                    self.shared.reserve.restore();
                }
                Err(Errno::AGAIN) => {
                    self.ending.wait_beside(&self.listener);
                    // There may be descriptors again since.
                    self.shared.reserve.restore();
                }
                Err(Errno::MFILE | Errno::NFILE) => self.make_room(),
                Err(error) if concerns_one_connection(error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    self.ending.wait(PAUSE);
                }
            }
        }
    }

    fn accept(&self) -> Result<(OwnedFd, SocketAddr), Errno> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (socket, remote) = acceptfrom_with(&self.listener, flags)?;
        let remote = SocketAddr::try_from(remote.ok_or(Errno::CONNABORTED)?)?;
        Ok((socket, remote))
    }

    fn serve(&mut self, socket: OwnedFd, remote: SocketAddr) {
        let serving = AssertUnwindSafe(|| self.desk.serve(&self.shared, socket, remote));
        match catch_unwind(serving) {
            Ok(None) => {}
            Ok(Some(unserved)) => {
                // Where nobody takes it, it is the end.
                let _ = self.unserved.blocking_send(unserved);
            }
            // What a directory does wrong with one connection is to end that one only.
            Err(_) => tracing::error!("a connection failed: this is a bug"),
        }
    }

    /// Frees a descriptor for the next connection. The kernel says that it has none before there is a connection.
    fn make_room(&self) {
        self.ending.wait_beside(&self.listener);
        if !self.ending.has_begun() && !self.shared.reserve.lend() {
            self.shared.waiting.make_room();
            self.ending.wait(PAUSE);
        }
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
