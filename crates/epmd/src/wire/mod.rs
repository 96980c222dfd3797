//! The bytes of the protocol, without sockets: requests and replies, both directions.
//!
//! A connection carries one request, `Length:16, Payload` with the length of the payload, and one reply, which
//! has no length of its own: the connection's end, or what its fields say, ends it. All integers are big-endian.
//! The limits are those of stock epmd (`epmd_int.h`), so that what one takes the other takes; where we are
//! stricter on purpose it is in what a [`NodeName`](crate::NodeName) or a port can be.

mod facts;
mod reader;
mod reply;
mod request;

pub use reply::{
    AliveReply, Listing, ReplyError, decode_alive, decode_kill, decode_listing, decode_port,
    decode_stop, encode_dump, encode_kill, encode_listing, encode_port, encode_stop,
};
pub use request::{RegistrationError, Request, RequestError};

/// The longest payload of a request, in bytes: stock epmd's buffer less the length field.
pub const MAX_REQUEST: usize = 3057;

/// The longest NAMES or DUMP reply a client takes, in bytes: a hundred thousand long names and to spare.
pub const MAX_LISTING: usize = 16 << 20;

/// The longest PORT2 reply, in bytes: every field at its limit.
pub const MAX_PORT_REPLY: usize = 14 + crate::NodeName::MAX_BYTES + crate::Extra::MAX_BYTES;

/// The highest distribution protocol version that OTP 23 and later speak. A node that registers at least this
/// is told its creation in 32 bits.
pub const WIDE_CREATION_VERSION: u16 = 6;

mod tag {
    pub(super) const ALIVE2: u8 = b'x';
    pub(super) const PORT_PLEASE2: u8 = b'z';
    pub(super) const NAMES: u8 = b'n';
    pub(super) const DUMP: u8 = b'd';
    pub(super) const KILL: u8 = b'k';
    pub(super) const STOP: u8 = b's';
    pub(super) const ALIVE2_REPLY: u8 = b'y';
    pub(super) const ALIVE2_WIDE_REPLY: u8 = b'v';
    pub(super) const PORT2_REPLY: u8 = b'w';
}
