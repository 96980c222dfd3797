//! Listening sockets as a port mapper needs them.

use std::io;
use std::net::{SocketAddr, TcpListener};

use nix::sys::socket::setsockopt;
use nix::{libc, setsockopt_impl, sockopt_impl};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, ipproto, socket_with, sockopt};

/// The longest queue of connections that are not yet accepted; the kernel's own limit (`somaxconn`) may be less.
const BACKLOG: i32 = 4096;

/// For how many seconds the kernel keeps a connection to itself that has not brought its request. It mostly comes with
/// the client's next packet: then it is there when the connection is accepted, and nobody is woken twice.
const DEFERRED: i32 = 1;

sockopt_impl!(
    DeferAccept,
    SetOnly,
    libc::IPPROTO_TCP,
    libc::TCP_DEFER_ACCEPT,
    i32
);

/// Listens on `address`, an IPv6 one without its IPv4 namesakes, so that both can be listened on side by side.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    // Connections of a previous run that are still dying do not keep the port.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    bind(&socket, &address)?;
    setsockopt(&socket, DeferAccept, &DEFERRED)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket.into())
}
