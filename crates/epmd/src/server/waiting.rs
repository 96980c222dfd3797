//! Connections that hold no name and are not done: there are only so many.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Who waits, in order of arrival.
#[derive(Debug)]
pub(super) struct WaitingRoom {
    most: usize,
    queue: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    next: u64,
    waiting: BTreeMap<u64, Arc<Notify>>,
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
        queue.waiting.insert(number, Arc::clone(&evicted));
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
            Some((_, evicted)) => {
                evicted.notify_one();
                true
            }
            None => false,
        }
    }
}

impl Place {
    /// Completes when the place is needed for another. Cancel safe.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.queue).waiting.remove(&self.number);
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

    #[test]
    fn a_place_given_back_is_free() {
        let room = WaitingRoom::new(1);
        drop(room.enter());
        assert!(!room.make_room());
    }
}
