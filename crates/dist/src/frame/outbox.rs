//! What waits to be sent, in an order that is fair.

use std::collections::{HashMap, VecDeque};

use super::{Fragments, Message, SendError, Sender};

/// The messages that a connection is to carry, and the rule by which they take turns.
///
/// Senders take turns, a frame each: a small message, or a fragment of a large one. So a large message holds up
/// none but those of the same sender, and what one sender sends arrives in the order in which it was sent.
///
/// It holds whatever it is given; who gives sees to it that it is not too much ([`len`](Self::len)).
pub struct Outbox {
    sender: Sender,
    queues: HashMap<u64, Queue>,
    /// Whose turn comes: the numbers of all that have a queue.
    turns: VecDeque<u64>,
    /// How many messages there are, unfinished ones too.
    len: usize,
}

/// What one sender has to send; never empty.
#[derive(Default)]
struct Queue {
    unfinished: Option<Fragments>,
    messages: VecDeque<Message>,
}

impl Outbox {
    /// Nothing to be sent yet.
    pub fn new(sender: Sender) -> Self {
        Self {
            sender,
            queues: HashMap::new(),
            turns: VecDeque::new(),
            len: 0,
        }
    }

    /// Puts a message behind those of the sender with this number.
    pub fn push(&mut self, sender: u64, message: Message) {
        let queue = self.queues.entry(sender).or_insert_with(|| {
            self.turns.push_back(sender);
            Queue::default()
        });
        queue.messages.push_back(message);
        self.len += 1;
    }

    /// How many messages are not sent yet, or not to their end.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing to be sent.
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Appends frames to `out` until it has `enough` bytes or nothing is left.
    ///
    /// A message that cannot be sent is dropped, and the error given; what `out` has by then is good.
    pub fn fill(&mut self, enough: usize, out: &mut Vec<u8>) -> Result<(), SendError> {
        while out.len() < enough {
            let Some(sender) = self.turns.pop_front() else {
                break;
            };
            let Some(queue) = self.queues.get_mut(&sender) else {
                continue;
            };
            let sent = queue.send(sender, &mut self.sender, out);
            if queue.unfinished.is_none() {
                self.len -= 1;
            }
            if queue.is_empty() {
                self.queues.remove(&sender);
            } else {
                self.turns.push_back(sender);
            }
            sent?;
        }
        Ok(())
    }
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.unfinished.is_none() && self.messages.is_empty()
    }

    /// Sends a frame.
    fn send(
        &mut self,
        number: u64,
        sender: &mut Sender,
        out: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        if let Some(mut fragments) = self.unfinished.take() {
            self.unfinished = fragments.send_next(out).then_some(fragments);
            return Ok(());
        }
        if let Some(Message { control, payload }) = self.messages.pop_front() {
            self.unfinished = sender.send(number, &control, payload.as_ref(), out)?;
        }
        Ok(())
    }
}
