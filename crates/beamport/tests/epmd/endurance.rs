//! Too many names, too few descriptors, idle, slow and hostile clients: lookups are answered all the same.
//!
//! Stock epmd answers nobody in most of these; that is asserted too, so that it is known when it changes.

use std::net::TcpStream;
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, connect, setsockopt, socket, sockopt,
};

use crate::conversation::{Alive2, Conversation, Registered};
use crate::program::{Mapper, Program};

/// Lets this test, too, open as many files as it may.
fn raise_file_limit() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
}

/// Registers `foo0`, `foo1` and so on, until that many are held or one is not given.
fn register_many(mapper: &Mapper, most: usize) -> Vec<Conversation> {
    let mut all = Vec::new();
    while all.len() < most {
        match mapper.register(&Alive2::new(format!("foo{}", all.len()).as_bytes())) {
            Registered::Yes(held) => all.push(held),
            _ => break,
        }
    }
    all
}

/// Stock epmd waits with `select`, which cannot watch more than 1024 descriptors: from then on it drops all others.
pub(crate) fn more_names_than_select_can_watch(program: &Program) {
    raise_file_limit();
    let mapper = program.start(&[]);
    let held = register_many(&mapper, 2000);
    if mapper.is_stock() {
        assert!((900..1024).contains(&held.len()), "{}", held.len());
        assert_eq!(mapper.lookup(b"foo0"), b"");
    } else {
        assert_eq!(held.len(), 2000);
        assert_eq!(mapper.port_of(b"foo1999"), Some(4711));
        assert_eq!(mapper.names().len(), 2000);
    }
}

/// Stock epmd ends when it cannot accept. We refuse further names, and say once what is the matter.
pub(crate) fn no_file_descriptors_left(program: &Program) {
    let mut mapper = program.start_limited(&[], Some(64));
    let held = register_many(&mapper, 100);
    assert!((20..64).contains(&held.len()), "{}", held.len());
    if mapper.is_stock() {
        assert_eq!(mapper.wait_end(), Some(1));
        return;
    }
    let answers = |mapper: &Mapper| (0..100).all(|_| mapper.port_of(b"foo0") == Some(4711));
    assert!(answers(&mapper));
    let idle: Vec<_> = (0..100).map(|_| mapper.connect()).collect();
    assert!(answers(&mapper));
    let errors = mapper.errors();
    assert_eq!(
        errors.matches("error: no file descriptors left").count(),
        1,
        "{errors}"
    );
    drop((held, idle));
    mapper.wait_names(&[]);
    mapper.register(&Alive2::new(b"foo")).unwrap();
}

/// Stock epmd can watch only so many connections, whoever made them.
pub(crate) fn idle_clients_do_not_starve_lookups(program: &Program) {
    raise_file_limit();
    let mapper = program.start(&[]);
    let mut held = mapper.register(&Alive2::new(b"foo")).unwrap();
    let _idle: Vec<_> = (0..1500).map(|_| mapper.connect()).collect();
    if mapper.is_stock() {
        assert_eq!(mapper.lookup(b"foo"), b"");
    } else {
        for _ in 0..100 {
            assert_eq!(mapper.port_of(b"foo"), Some(4711));
        }
        let _more = mapper.register(&Alive2::new(b"bar")).unwrap();
        held.is_quiet_for(Duration::from_millis(10));
    }
}

pub(crate) fn garbage_does_not_starve_lookups(program: &Program) {
    let mapper = program.start(&[]);
    let _held = mapper.register(&Alive2::new(b"foo")).unwrap();
    let mut state = 1u64;
    let mut open = Vec::new();
    for _ in 0..500 {
        // Some noise, always the same.
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 56) as u8
        })
        .take(64)
        .collect();
        let mut client = mapper.connect();
        client.send(&noise);
        open.push(client);
        assert_eq!(mapper.port_of(b"foo"), Some(4711));
    }
}

/// Stock epmd writes a listing while all others wait; what it can list at most fits into the buffers, though.
pub(crate) fn slow_readers_do_not_stall_others(program: &Program) {
    raise_file_limit();
    let mapper = program.start(&[]);
    let long = "\u{1F608}".repeat(240);
    let count = if mapper.is_stock() { 900 } else { 6000 };
    let _held: Vec<_> = (0..count)
        .map(|number| {
            let name = format!("{long}{number}");
            mapper.register(&Alive2::new(name.as_bytes())).unwrap()
        })
        .collect();
    let _slow: Vec<_> = (0..8).map(|_| ask_without_reading(&mapper)).collect();
    let name = format!("{long}0");
    for _ in 0..100 {
        assert_eq!(mapper.port_of(name.as_bytes()), Some(4711));
    }
}

/// Asks for a listing and does not read it; the smallest of receive buffers does not take it either.
fn ask_without_reading(mapper: &Mapper) -> Conversation {
    let std::net::SocketAddr::V4(address) = mapper.address() else {
        panic!("loopback is IPv4 here");
    };
    let flags = SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Inet, SockType::Stream, flags, None).unwrap();
    setsockopt(&socket, sockopt::RcvBuf, &1024).unwrap();
    connect(socket.as_raw_fd(), &SockaddrIn::from(address)).unwrap();
    let mut client = Conversation(TcpStream::from(socket));
    client.request(b"n");
    client
}
