//! What listens where a node is registered, and is none, or none that behaves.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use beamport_epmd::wire::Request;
use beamport_epmd::{NodeName, Registration};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, getsockname, listen, socket,
};

use crate::host::{DEADLINE, Host};

/// The flags of a VM of OTP 25, with what all need and what OTP 26 needs.
pub(crate) const FLAGS_25: u64 = 0xD_07DF_7FBD;

/// Without what all need.
pub(crate) const FLAGS_OLD: u64 = 0x0007_7FBD;

/// Registers a name for a port; it is held as long as the connection is.
pub(crate) fn register(host: &Host, name: &str, port: u16) -> TcpStream {
    let name: NodeName = name.parse().unwrap();
    let node = Registration::new(name, port.try_into().unwrap());
    let mut request = Vec::new();
    Request::Register(node).encode(&mut request);
    let mut mapper = TcpStream::connect(("127.0.0.1", host.epmd_port)).unwrap();
    mapper.write_all(&request).unwrap();
    let mut reply = [0; 6];
    mapper.read_exact(&mut reply).unwrap();
    assert_eq!(reply[1], 0, "the name is taken");
    mapper
}

/// What is registered as `name` and does this with the first that connects. It ends with that connection.
#[derive(Debug)]
pub(crate) struct Peer {
    _name: TcpStream,
}

impl Peer {
    pub(crate) fn new(
        host: &Host,
        name: &str,
        behave: impl FnOnce(TcpStream) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            if let Ok((stream, _)) = listener.accept() {
                stream.set_read_timeout(Some(DEADLINE)).unwrap();
                behave(stream);
            }
        });
        Self {
            _name: register(host, name, port),
        }
    }

    /// One that says this at once and then waits for the end.
    pub(crate) fn that_says(host: &Host, name: &str, words: &'static [u8]) -> Self {
        Self::new(host, name, move |mut stream| {
            stream.write_all(words).unwrap();
            wait_for_end(&mut stream);
        })
    }

    /// One that gives this status, and after `ok` goes on as a node with this name and these flags, up to its challenge.
    pub(crate) fn that_shakes_hands(
        host: &Host,
        name: &str,
        status: &'static str,
        full_name: &'static str,
        flags: u64,
    ) -> Self {
        Self::new(host, name, move |mut stream| {
            read_message(&mut stream);
            send_message(&mut stream, &[b"s", status.as_bytes()].concat());
            if status == "ok" {
                let flags = flags.to_be_bytes();
                let challenge = [
                    b"N".as_slice(),
                    &flags,
                    &[0, 0, 0, 1, 0, 0, 0, 7],
                    &u16::try_from(full_name.len()).unwrap().to_be_bytes(),
                    full_name.as_bytes(),
                ];
                send_message(&mut stream, &challenge.concat());
            }
            wait_for_end(&mut stream);
        })
    }
}

fn read_message(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut message = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut message).unwrap();
    message
}

fn send_message(stream: &mut TcpStream, message: &[u8]) {
    let length = u16::try_from(message.len()).unwrap();
    // Who has heard enough may be gone.
    let _ = stream.write_all(&[&length.to_be_bytes(), message].concat());
}

/// Waits until the other side closes.
pub(crate) fn wait_for_end(stream: &mut TcpStream) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

/// A port that answers no connection any more, not even by refusing it: as behind a firewall that drops packets.
#[derive(Debug)]
pub(crate) struct BlackHole {
    pub(crate) port: u16,
    _listener: OwnedFd,
    _waiting: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) fn new() -> Self {
        let listener = socket(
            AddressFamily::Inet,
            SockType::Stream,
            SockFlag::SOCK_CLOEXEC,
            None,
        )
        .unwrap();
        use std::os::fd::AsRawFd as _;
        bind(listener.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
        let address: SockaddrIn = getsockname(listener.as_raw_fd()).unwrap();
        listen(&listener, Backlog::new(0).unwrap()).unwrap();
        // The kernel takes so many connections and then drops whatever comes.
        let mut waiting = Vec::new();
        let at = std::net::SocketAddr::from(([127, 0, 0, 1], address.port()));
        while let Ok(stream) = TcpStream::connect_timeout(&at, Duration::from_millis(300)) {
            waiting.push(stream);
            assert!(waiting.len() < 64, "the kernel goes on taking connections");
        }
        Self {
            port: address.port(),
            _listener: listener,
            _waiting: waiting,
        }
    }
}
