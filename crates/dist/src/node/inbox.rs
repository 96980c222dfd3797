//! What a mailbox has not read yet, bounded by messages and by bytes.
//!
//! Bytes are those that arrived. Who puts a message in needs some room, not room for all of it: so one that is larger
//! than the bound is taken too, and no more than one is ever beyond it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::mpsc;

use super::Received;

/// Where messages are put.
#[derive(Debug, Clone)]
pub(super) struct Inbox {
    sender: mpsc::Sender<Item>,
    held: Arc<Held>,
}

/// Where they are read.
#[derive(Debug)]
pub(super) struct Unread {
    receiver: mpsc::Receiver<Item>,
    /// What came while something else was waited for.
    kept: VecDeque<Item>,
    held: Arc<Held>,
}

/// Something that came, and how many bytes it holds until it is [released](Unread::release).
#[derive(Debug)]
pub(super) struct Item {
    pub(super) received: Received,
    pub(super) bytes: usize,
}

/// There is no room.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// How many bytes are not read.
#[derive(Debug)]
struct Held {
    bytes: AtomicUsize,
    limit: usize,
    /// There are fewer than the limit again.
    room: Notify,
}

/// An inbox for so many messages and bytes, at least one of each.
pub(super) fn open(messages: usize, bytes: usize) -> (Inbox, Unread) {
    let (sender, receiver) = mpsc::channel(messages.max(1));
    let held = Arc::new(Held {
        bytes: AtomicUsize::new(0),
        limit: bytes.max(1),
        room: Notify::new(),
    });
    let inbox = Inbox {
        sender,
        held: Arc::clone(&held),
    };
    let unread = Unread {
        receiver,
        kept: VecDeque::new(),
        held,
    };
    (inbox, unread)
}

impl Inbox {
    /// Puts something in; without room it is given back. What nobody will read is dropped.
    pub(super) fn try_put(&self, item: Item) -> Result<(), Item> {
        let slot = match self.sender.try_reserve() {
            Ok(slot) => slot,
            Err(mpsc::error::TrySendError::Full(())) => return Err(item),
            Err(mpsc::error::TrySendError::Closed(())) => return Ok(()),
        };
        if !self.held.take(item.bytes) {
            return Err(item);
        }
        slot.send(item);
        Ok(())
    }

    /// Puts something in as soon as there is room. Dropped before its end, it has put nothing in.
    pub(super) async fn put(&self, item: Item) {
        let Ok(slot) = self.sender.reserve().await else {
            return;
        };
        loop {
            // It completes by whatever is released from here on.
            let room = self.held.room.notified();
            if self.held.take(item.bytes) {
                return slot.send(item);
            }
            room.await;
        }
    }
}

impl Unread {
    /// What comes next; none once nothing can come any more. Cancel safe.
    pub(super) async fn receive(&mut self) -> Option<Received> {
        let item = match self.kept.pop_front() {
            Some(kept) => kept,
            None => self.receiver.recv().await?,
        };
        self.release(item.bytes);
        Some(item.received)
    }

    /// What comes after all that is kept; it has to be released or kept. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Item> {
        self.receiver.recv().await
    }

    /// The same of what has come already.
    pub(super) fn try_next(&mut self) -> Option<Item> {
        self.receiver.try_recv().ok()
    }

    /// Keeps something for later, as many as an inbox may have beside it.
    pub(super) fn keep(&mut self, item: Item) -> Result<(), Full> {
        if self.kept.len() >= self.receiver.max_capacity() {
            return Err(Full);
        }
        self.kept.push_back(item);
        Ok(())
    }

    /// Makes room for as many bytes as something had that was read.
    pub(super) fn release(&self, bytes: usize) {
        let held = self.held.bytes.fetch_sub(bytes, Ordering::AcqRel);
        if held >= self.held.limit {
            self.held.room.notify_waiters();
        }
    }
}

/// Who waits for room waits no longer: what it puts in is dropped.
impl Drop for Unread {
    fn drop(&mut self) {
        self.receiver.close();
        while let Some(item) = self.try_next() {
            self.release(item.bytes);
        }
        for item in std::mem::take(&mut self.kept) {
            self.release(item.bytes);
        }
    }
}

impl Held {
    /// Counts bytes, if there is room for any.
    fn take(&self, bytes: usize) -> bool {
        let count = |held| (held < self.limit).then_some(held + bytes);
        let counted = self
            .bytes
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, count);
        counted.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use beamport_term::Term;

    use super::*;

    fn item(number: u64, bytes: usize) -> Item {
        let received = Received::Message(Term::from(number));
        Item { received, bytes }
    }

    fn message(number: u64) -> Option<Received> {
        Some(Received::Message(Term::from(number)))
    }

    /// Whether something is still to be done when it has been looked at once.
    async fn waits(future: &mut (impl Future<Output = ()> + Unpin)) -> bool {
        tokio::select! {
            biased;
            () = future => false,
            () = std::future::ready(()) => true,
        }
    }

    #[tokio::test]
    async fn there_is_room_until_either_bound_is_reached() {
        let (inbox, mut unread) = open(3, 10);
        inbox.try_put(item(1, 9)).unwrap();
        inbox.try_put(item(2, 100)).unwrap();
        assert!(inbox.try_put(item(3, 0)).is_err(), "109 bytes of 10");
        assert_eq!(unread.receive().await, message(1));
        assert!(inbox.try_put(item(3, 0)).is_err(), "100 bytes of 10");
        assert_eq!(unread.receive().await, message(2));
        for number in 3..6 {
            inbox.try_put(item(number, 0)).unwrap();
        }
        assert!(inbox.try_put(item(6, 0)).is_err(), "3 messages of 3");
    }

    #[tokio::test]
    async fn who_waits_goes_on_when_bytes_have_been_read() {
        let (inbox, mut unread) = open(10, 10);
        inbox.try_put(item(1, 10)).unwrap();
        let mut put = Box::pin(inbox.put(item(2, 10)));
        assert!(waits(&mut put).await);
        assert_eq!(unread.receive().await, message(1));
        assert!(!waits(&mut put).await);
        assert_eq!(unread.receive().await, message(2));
    }

    #[tokio::test]
    async fn what_is_kept_still_counts() {
        let (inbox, mut unread) = open(10, 10);
        inbox.try_put(item(1, 10)).unwrap();
        let first = unread.next().await.unwrap();
        unread.keep(first).unwrap();
        assert!(inbox.try_put(item(2, 1)).is_err());
        assert_eq!(unread.receive().await, message(1));
        inbox.try_put(item(2, 1)).unwrap();
    }

    #[tokio::test]
    async fn nobody_waits_for_a_reader_that_is_gone() {
        let (inbox, mut unread) = open(10, 10);
        for number in [1, 2] {
            inbox.try_put(item(number, 9)).unwrap();
        }
        let kept = unread.next().await.unwrap();
        unread.keep(kept).unwrap();
        let mut put = Box::pin(inbox.put(item(3, 1)));
        assert!(waits(&mut put).await);
        drop(unread);
        assert!(!waits(&mut put).await);
        assert!(inbox.try_put(item(4, 1)).is_ok());
    }
}
