//! What a connection that the peer has closed looks like from here.

use std::io;

/// Whether an error means that the peer closed the connection, rather than that the network broke it.
///
/// One that closes while bytes are on their way to it resets the connection.
pub(crate) fn is_closed_by_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}
