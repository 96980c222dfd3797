//! What goes over a connection once hands are shaken.
//!
//! A connection is a row of frames, each behind its length in 32 bits ([`Frames`]). An empty frame is a tick: a
//! sign of life. Any other is a [`Message`], a control term and perhaps a payload, or a fragment of one:
//!
//! | begins with | is | if both nodes have |
//! |---|---|---|
//! | `112` | a message, its terms complete with version | neither of the flags below |
//! | `131 68` | a message behind a header that numbers its atoms | [`DIST_HDR_ATOM_CACHE`] or [`FRAGMENTS`] |
//! | `131 69` | the first fragment of a message, with its header | [`FRAGMENTS`] |
//! | `131 70` | another fragment | [`FRAGMENTS`] |
//!
//! [`Sender`] and [`Receiver`] are the two ends of one direction. Each keeps a cache of atoms, and both change
//! together, frame by frame: what a sender wrote has to arrive in the order in which it was written. Only further
//! fragments are free to let other messages pass ([`Outbox`]), which keeps a large message from holding up small
//! ones.
//!
//! All of it is bounded by [`FrameLimits`], and a peer that does not keep to the protocol is an error, never a
//! panic.
//!
//! [`DIST_HDR_ATOM_CACHE`]: crate::Flags::DIST_HDR_ATOM_CACHE
//! [`FRAGMENTS`]: crate::Flags::FRAGMENTS

mod cache;
mod chain;
mod fragments;
mod header;
mod length;
mod outbox;
mod receive;
mod send;

use beamport_term::{DecodeError, EncodeError, Limits, Term};

pub use chain::Chain;
pub use length::{Frame, Frames};
pub use outbox::Outbox;
pub use receive::Receiver;
pub use send::{Fragments, Sender};

/// Begins a message without header.
const PASS_THROUGH: u8 = b'p';
/// Begins a header, and every term that is complete in itself.
const VERSION: u8 = 131;
/// A message behind a header.
const DIST_HEADER: u8 = 68;
/// The first fragment of a message.
const FIRST_FRAGMENT: u8 = 69;
/// A further fragment of a message.
const FRAGMENT: u8 = 70;

/// What a node says to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What is to be done: a tuple that begins with a number.
    pub control: Term,
    /// What is to be delivered, for the controls that have it.
    pub payload: Option<Term>,
}

/// What a peer may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLimits {
    /// The longest frame, in bytes: 128 MiB. VMs with fragments send none that is much longer than 64 KiB.
    pub frame: usize,
    /// The most bytes of unfinished messages at a time, all fragments together: 256 MiB. Each fragment counts as 64
    /// more than it has.
    pub unfinished_bytes: usize,
    /// The most unfinished messages at a time: 4096. Each process that sends something large has one.
    pub unfinished: usize,
    /// What each term may be made of.
    pub terms: Limits,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self {
            frame: 128 << 20,
            unfinished_bytes: 256 << 20,
            unfinished: 4096,
            terms: Limits::default(),
        }
    }
}

/// How a peer did not keep to the protocol, or to the limits. The connection cannot go on: its caches may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A frame says it is longer than [`FrameLimits::frame`].
    #[error("the peer sends a frame of {0} bytes, which is more than this node takes")]
    TooLong(u32),
    /// A frame begins with what begins no frame.
    #[error("the peer sent a frame that is none")]
    Unknown,
    /// A header is cut short, or has names that are no atoms.
    #[error("the peer sent a broken distribution header")]
    Header,
    /// A header counts on an atom that was never sent.
    #[error("the peer counts on an atom that it did not send")]
    UncachedAtom,
    /// A fragment of no message, out of order, or a message begun twice.
    #[error("the peer sent a fragment out of order")]
    Fragment,
    /// More than [`FrameLimits::unfinished_bytes`] or [`FrameLimits::unfinished`].
    #[error("the peer sends more unfinished messages than this node takes")]
    TooMuchUnfinished,
    /// A term is none.
    #[error("the peer sent a term that is none: {0}")]
    Term(#[from] DecodeError),
    /// Something follows the terms of a message.
    #[error("the peer sent more than a message in a frame")]
    Trailing,
}

/// Why a message cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// A term cannot be encoded.
    #[error("the message cannot be encoded: {0}")]
    Encode(#[from] EncodeError),
    /// Longer than 4 GiB, to a peer that takes no fragments.
    #[error("the message is longer than 4 GiB, and the peer takes no fragments")]
    TooLong,
}
