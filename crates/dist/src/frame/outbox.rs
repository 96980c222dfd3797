//! What waits to be sent, in an order that is fair.

use std::collections::{HashMap, VecDeque};

use bytes::Buf as _;

use super::{Chain, Fragments, Message, SendError, Sender};

/// The messages that a connection is to carry, and the rule by which they take turns.
///
/// A message is encoded when it is pushed, and its frame, or the first fragment of a large one, is due at once. What
/// is left of large messages takes turns, a fragment of each sender at a time. So a large message holds up none but
/// those of the same sender, and what one sender sends arrives in the order in which it was sent.
///
/// It holds whatever it is given; who gives sees to it that it is not too much ([`bytes`](Self::bytes),
/// [`waiting`](Self::waiting)).
#[derive(Debug)]
pub struct Outbox {
    sender: Sender,
    /// What is due.
    due: Chain,
    /// The senders who are in the midst of a message, by their numbers.
    unfinished: HashMap<u64, Unfinished>,
    /// Whose turn comes: the same senders.
    turns: VecDeque<u64>,
    /// How many messages wait for an unfinished one of their sender.
    held_up: usize,
}

/// What a sender has to send after what is due.
#[derive(Debug)]
struct Unfinished {
    fragments: Fragments,
    /// They are encoded when their turn comes: the atoms that are new in them must be new to the peer then.
    messages: VecDeque<Message>,
}

impl Outbox {
    /// Nothing to be sent yet.
    pub fn new(sender: Sender) -> Self {
        Self {
            sender,
            due: Chain::default(),
            unfinished: HashMap::new(),
            turns: VecDeque::new(),
            held_up: 0,
        }
    }

    /// Puts a message behind those of the sender with this number. One that cannot be sent is dropped, and all else is
    /// as before.
    pub fn push(&mut self, sender: u64, message: Message) -> Result<(), SendError> {
        if !self.unfinished.is_empty()
            && let Some(unfinished) = self.unfinished.get_mut(&sender)
        {
            unfinished.messages.push_back(message);
            self.held_up += 1;
            return Ok(());
        }
        let Message { control, payload } = &message;
        let left = self
            .sender
            .send(sender, control, payload.as_ref(), &mut self.due)?;
        if let Some(fragments) = left {
            let messages = VecDeque::new();
            let unfinished = Unfinished {
                fragments,
                messages,
            };
            self.unfinished.insert(sender, unfinished);
            self.turns.push_back(sender);
        }
        Ok(())
    }

    /// How many bytes are due.
    pub fn bytes(&self) -> usize {
        self.due.remaining()
    }

    /// How many messages are not due to their end: large ones, and those that wait for one of their sender.
    pub fn waiting(&self) -> usize {
        self.unfinished.len() + self.held_up
    }

    /// Whether there is nothing to be sent.
    pub fn is_empty(&self) -> bool {
        !self.due.has_remaining() && self.turns.is_empty()
    }

    /// Moves frames to `out`, all that are due and then more until it has `enough` bytes or nothing is left.
    ///
    /// A message that cannot be sent is dropped, and the error given; what `out` has by then is good.
    pub fn fill(&mut self, enough: usize, out: &mut Chain) -> Result<(), SendError> {
        out.absorb(&mut self.due);
        while out.remaining() < enough
            && let Some(sender) = self.turns.pop_front()
        {
            self.take_turn(sender, out)?;
        }
        Ok(())
    }

    /// Sends a fragment. With the last one go the messages that waited for it, up to one that is large again.
    fn take_turn(&mut self, sender: u64, out: &mut Chain) -> Result<(), SendError> {
        let Some(unfinished) = self.unfinished.get_mut(&sender) else {
            return Ok(());
        };
        let mut more = unfinished.fragments.send_next(out);
        let mut result = Ok(());
        while !more && let Some(Message { control, payload }) = unfinished.messages.pop_front() {
            self.held_up -= 1;
            match self.sender.send(sender, &control, payload.as_ref(), out) {
                Ok(Some(fragments)) => {
                    unfinished.fragments = fragments;
                    more = true;
                }
                Ok(None) => {}
                Err(error) => result = Err(error),
            }
        }
        if more {
            self.turns.push_back(sender);
        } else {
            self.unfinished.remove(&sender);
        }
        result
    }
}
