//! Connections that hold no name and are not done: there are only so many, and they hold only so much memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The most that answers not yet taken may amount to, in bytes: a thousand short listings, or some of the longest.
const MOST_BYTES: usize = 64 << 20;

/// Who waits, in order of arrival.
#[derive(Debug)]
pub(super) struct WaitingRoom {
    most: usize,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// The sum of theirs.
    bytes: usize,
}

#[derive(Debug)]
struct Waiting {
    evicted: Arc<Notify>,
    /// How long the answer is that it does not take.
    bytes: usize,
}

/// A place in the waiting room, given back on drop.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    evicted: Arc<Notify>,
    queue: Arc<Mutex<Queue>>,
}

impl WaitingRoom {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            queue: Arc::default(),
        }
    }

    /// Takes a place; where there is none left, whoever waits longest has to go.
    pub(super) fn enter(&self) -> Place {
        let mut queue = lock(&self.queue);
        if queue.waiting.len() >= self.most {
            queue.evict_first();
        }
        let number = queue.next;
        queue.next += 1;
        let evicted = Arc::new(Notify::new());
        let waiting = Waiting {
            evicted: Arc::clone(&evicted),
            bytes: 0,
        };
        queue.waiting.insert(number, waiting);
        Place {
            number,
            evicted,
            queue: Arc::clone(&self.queue),
        }
    }

    /// Sends away whoever waits longest; false when nobody does.
    pub(super) fn make_room(&self) -> bool {
        lock(&self.queue).evict_first()
    }
}

impl Queue {
    fn evict_first(&mut self) -> bool {
        match self.waiting.pop_first() {
            Some((_, first)) => {
                self.bytes -= first.bytes;
                first.evicted.notify_one();
                true
            }
            None => false,
        }
    }
}

impl Place {
    /// Says how long the answer is that waits to be taken; where it is too much with all others, those who wait
    /// longest have to go.
    pub(super) fn carry(&self, bytes: usize) {
        let mut queue = lock(&self.queue);
        // Where it is gone, it has to go itself.
        let Some(waiting) = queue.waiting.get_mut(&self.number) else {
            return;
        };
        let before = std::mem::replace(&mut waiting.bytes, bytes);
        queue.bytes = queue.bytes - before + bytes;
        while queue.bytes > MOST_BYTES && queue.waiting.len() > 1 {
            queue.evict_first();
        }
    }

    /// Completes when the place is needed for another. Cancel safe.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queue = lock(&self.queue);
        if let Some(waiting) = queue.waiting.remove(&self.number) {
            queue.bytes -= waiting.bytes;
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn is_evicted(place: &Place) -> bool {
        tokio::time::timeout(Duration::ZERO, place.evicted())
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn the_longest_waiting_goes_first() {
        let room = WaitingRoom::new(2);
        let (first, second) = (room.enter(), room.enter());
        let third = room.enter();
        assert!(is_evicted(&first).await);
        assert!(!is_evicted(&second).await);
        assert!(room.make_room());
        assert!(is_evicted(&second).await);
        assert!(!is_evicted(&third).await);
    }

    #[tokio::test]
    async fn long_answers_make_those_go_who_wait_longest() {
        let room = WaitingRoom::new(10);
        let (first, second) = (room.enter(), room.enter());
        first.carry(MOST_BYTES);
        assert!(!is_evicted(&first).await);
        second.carry(1);
        assert!(is_evicted(&first).await);
        second.carry(MOST_BYTES);
        assert!(!is_evicted(&second).await);
        drop((first, second));
        assert_eq!(lock(&room.queue).bytes, 0);
    }

    #[test]
    fn a_place_given_back_is_free() {
        let room = WaitingRoom::new(1);
        drop(room.enter());
        assert!(!room.make_room());
    }
}
