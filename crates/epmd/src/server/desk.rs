//! Serves at once the connections that bring their request.

use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::Shared;
use super::answer::{Verdict, answer};
use super::connection::{Stage, Unserved};
use crate::directory::{Client, Directory};
use crate::wire::{MAX_REQUEST, Request};

/// Where connections are served at once, in buffers that are used again and again.
#[derive(Debug)]
pub(super) struct Desk {
    received: Box<[u8]>,
    reply: Vec<u8>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            // One more than a request can have, to see whether there is more.
            received: vec![0; 2 + MAX_REQUEST + 1].into(),
            reply: Vec::new(),
        }
    }
}

impl Desk {
    /// Serves a connection whose socket does not block; what could not be done at once.
    pub(super) fn serve<D: Directory>(
        &mut self,
        shared: &Shared<D>,
        socket: OwnedFd,
        remote: SocketAddr,
    ) -> Option<Unserved> {
        let stage = match recv(&socket, &mut *self.received, RecvFlags::empty()) {
            // Closed without a request, as someone does who looks whether we are there.
            Ok((0, _)) => None,
            Ok((length, _)) => self.receive(shared, &socket, remote, length),
            Err(Errno::AGAIN | Errno::INTR) => Some(Stage::Read(Vec::new())),
            Err(error) => {
                tracing::debug!(peer = %remote, %error, "connection lost");
                None
            }
        }?;
        Some(Unserved {
            socket,
            remote,
            stage,
        })
    }

    fn receive<D: Directory>(
        &mut self,
        shared: &Shared<D>,
        socket: &OwnedFd,
        remote: SocketAddr,
        length: usize,
    ) -> Option<Stage> {
        let received = self.received.get(..length).unwrap_or_default();
        let Some(request) = Request::decode(received).transpose() else {
            return Some(Stage::Read(received.to_vec()));
        };
        self.reply.clear();
        let client = Client::over(socket.as_fd(), remote);
        match answer(shared, &client, request, &mut self.reply) {
            Verdict::Answer if shared.config.delay_write.is_none() => self.send(socket),
            Verdict::Answer => Some(Stage::Answer(std::mem::take(&mut self.reply))),
            Verdict::Kill => Some(Stage::Kill(std::mem::take(&mut self.reply))),
            Verdict::Register(node) => Some(Stage::Register(Box::new(node))),
            Verdict::Close => None,
        }
    }

    /// Sends the answer, in one write where the kernel takes it.
    fn send(&mut self, socket: &OwnedFd) -> Option<Stage> {
        let sent = match send(socket, &self.reply, SendFlags::NOSIGNAL) {
            Ok(sent) => sent,
            Err(Errno::AGAIN) => 0,
            // The client has gone.
            Err(_) => return None,
        };
        let rest = self.reply.split_off(sent.min(self.reply.len()));
        (!rest.is_empty()).then_some(Stage::Answer(rest))
    }
}
