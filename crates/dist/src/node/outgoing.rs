//! What a connection is to carry, between those who send and the one who writes.
//!
//! Who sends encodes, into memory that all senders of a connection share, and goes on; one task writes what has come
//! together by the time it gets to it. So a message wakes nobody while that task is at work, and the system is called
//! for many at once. Senders who find the memory full wait in a row until some of it is written.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Buf as _;
use tokio::sync::Notify;

use crate::Flags;
use crate::frame::{Chain, Message, Outbox, Sender};

/// How much is written at once, at most, of large messages that take turns.
const WRITE_BYTES: usize = 256 << 10;

/// How much more answers may take than what else is sent.
const ANSWERS: usize = 4 << 20;

/// How many large messages may take turns, and others wait for them, before all who send have to wait. A single large
/// one keeps nobody from sending, however large it is.
const TURNS: usize = 64;

/// The connection is gone.
#[derive(Debug)]
pub(super) struct Gone;

/// Messages on their way out.
#[derive(Debug)]
pub(super) struct Outgoing {
    queue: Mutex<Queue>,
    /// How many bytes may wait.
    limit: usize,
    /// Something has come for a writer who had nothing to do.
    work: Notify,
    /// Something has been written, and who waits may look again.
    room: Notify,
    /// Held by the sender whose turn it is; others wait behind in the order in which they came.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Queue {
    outbox: Outbox,
    /// How many bytes are being written.
    writing: usize,
    /// Whether the writer waits for work.
    idle: bool,
    /// Whether somebody waits for room.
    waiting: bool,
    closed: bool,
}

impl Outgoing {
    /// To a peer with which `flags` are in force.
    pub(super) fn new(flags: Flags, limit: usize) -> Self {
        Self {
            queue: Mutex::new(Queue {
                outbox: Outbox::new(Sender::new(flags)),
                writing: 0,
                idle: false,
                waiting: false,
                closed: false,
            }),
            limit,
            work: Notify::new(),
            room: Notify::new(),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Has a message sent; waits while there is no room. Dropped before its end, it has sent nothing.
    pub(super) async fn send(&self, sender: u64, message: Message) -> Result<(), Gone> {
        let _turn = self.turn.lock().await;
        self.push(sender, message, self.limit).await
    }

    /// Has something sent that answers the peer, before all that waits for room. It has room of its own: who reads from
    /// a peer must not wait for that peer to read, or both may wait for each other.
    pub(super) async fn answer(&self, sender: u64, message: Message) -> Result<(), Gone> {
        self.push(sender, message, self.limit + ANSWERS).await
    }

    async fn push(&self, sender: u64, message: Message, limit: usize) -> Result<(), Gone> {
        loop {
            // It completes by whatever is written from here on.
            let room = self.room.notified();
            {
                let mut queue = self.queue();
                if queue.closed {
                    return Err(Gone);
                }
                if queue.has_room(limit) {
                    if let Err(error) = queue.outbox.push(sender, message) {
                        tracing::warn!(%error, "a message is not sent");
                    }
                    if std::mem::take(&mut queue.idle) {
                        self.work.notify_one();
                    }
                    return Ok(());
                }
                queue.waiting = true;
            }
            room.await;
        }
    }

    /// Waits for something to write, and moves it to `bytes`, which by now are written. Cancel safe.
    pub(super) async fn next(&self, bytes: &mut Chain) {
        loop {
            if self.take(bytes) {
                return;
            }
            self.work.notified().await;
        }
    }

    fn take(&self, bytes: &mut Chain) -> bool {
        let mut queue = self.queue();
        if let Err(error) = queue.outbox.fill(WRITE_BYTES, bytes) {
            tracing::warn!(%error, "a message is not sent");
        }
        queue.writing = bytes.remaining();
        queue.idle = !bytes.has_remaining();
        if queue.has_room(self.limit) && std::mem::take(&mut queue.waiting) {
            self.room.notify_waiters();
        }
        !queue.idle
    }

    /// Completes when all that was sent has been written.
    pub(super) async fn drained(&self) {
        loop {
            // It completes by whatever is written from here on.
            let room = self.room.notified();
            {
                let mut queue = self.queue();
                if queue.idle || queue.closed {
                    return;
                }
                queue.waiting = true;
            }
            room.await;
        }
    }

    /// Tells all who want to send that the connection is gone.
    pub(super) fn close(&self) {
        self.queue().closed = true;
        self.room.notify_waiters();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn has_room(&self, limit: usize) -> bool {
        self.writing + self.outbox.bytes() < limit && self.outbox.waiting() < TURNS
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use beamport_term::Term;

    use super::*;

    fn message(size: usize) -> Message {
        Message {
            control: Term::from((22, 1, 2)),
            payload: Some(Term::binary(vec![7; size])),
        }
    }

    /// Whether something is still to be done when it has been looked at once.
    async fn waits(future: &mut (impl Future<Output = Result<(), Gone>> + Unpin)) -> bool {
        tokio::select! {
            biased;
            _ = future => false,
            () = std::future::ready(()) => true,
        }
    }

    #[tokio::test]
    async fn who_sends_waits_for_room_and_in_order() {
        let outgoing = Outgoing::new(Flags::NONE, 1000);
        outgoing.send(1, message(2000)).await.unwrap();
        let mut second = Box::pin(outgoing.send(2, message(2)));
        let mut third = Box::pin(outgoing.send(3, message(3)));
        assert!(waits(&mut second).await);
        assert!(waits(&mut third).await);
        let mut bytes = Chain::default();
        outgoing.next(&mut bytes).await;
        assert!(waits(&mut third).await);
        assert!(waits(&mut second).await, "it is not written yet");
        bytes.advance(bytes.remaining());
        assert!(!outgoing.take(&mut bytes));
        assert!(waits(&mut third).await, "another was first");
        assert!(!waits(&mut second).await);
        drop(second);
        assert!(!waits(&mut third).await);
    }

    #[tokio::test]
    async fn who_waits_for_room_hears_that_the_connection_is_gone() {
        let outgoing = Arc::new(Outgoing::new(Flags::NONE, 1));
        outgoing.send(1, message(2000)).await.unwrap();
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let outgoing = Arc::clone(&outgoing);
                tokio::spawn(async move { outgoing.send(1, message(1)).await })
            })
            .collect();
        tokio::task::yield_now().await;
        outgoing.close();
        for waiting in waiting {
            assert!(waiting.await.unwrap().is_err());
        }
    }

    #[tokio::test]
    async fn a_sender_that_gives_up_lets_the_next_have_its_turn() {
        let outgoing = Outgoing::new(Flags::NONE, 1);
        outgoing.send(1, message(10)).await.unwrap();
        let mut second = Box::pin(outgoing.send(2, message(2)));
        let mut third = Box::pin(outgoing.send(3, message(3)));
        assert!(waits(&mut second).await);
        assert!(waits(&mut third).await);
        let mut bytes = Chain::default();
        assert!(outgoing.take(&mut bytes));
        bytes.advance(bytes.remaining());
        assert!(!outgoing.take(&mut bytes));
        drop(second);
        assert!(!waits(&mut third).await);
    }
}
