//! The scenarios of OTP's `epmd_SUITE`, under its names.
//!
//! Two of them, `no_nonlocal_…`, need a second host there; here a client is nonlocal when it asks for loopback
//! from another address of the machine.

use std::net::{Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};

use std::os::fd::AsRawFd as _;

use crate::conversation::{Alive2, Conversation, Registered, framed, line};
use crate::program::{DEADLINE, Mapper, Program, outer_address, wait_until};

/// The suite's flags.
const IMPATIENT: &[&str] = &["-packet_timeout", "1"];
const RELAXED: &[&str] = &["-relaxed_command_check"];

pub(crate) fn register_name(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let held = mapper.register(&Alive2::new(b"foobar")).unwrap();
    assert_eq!(mapper.names(), [line("foobar", 4711)]);
    drop(held);
    mapper.wait_names(&[]);
}

pub(crate) fn register_name_ipv6(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let address = SocketAddr::from((Ipv6Addr::LOCALHOST, mapper.port));
    let mut held = Conversation::open(address);
    let reply = held.request(&Alive2::new(b"foobar6").payload()).receive(6);
    assert_eq!(reply[..2], [b'v', 0]);
    assert_eq!(mapper.names(), [line("foobar6", 4711)]);
}

pub(crate) fn register_names_1(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let first = mapper.register(&Alive2::new(b"foobar")).unwrap();
    let second = mapper.register(&Alive2::new(b"foozap")).unwrap();
    drop(first);
    mapper.wait_names(&[line("foozap", 4711)]);
    drop(second);
    mapper.wait_names(&[]);
}

pub(crate) fn register_names_2(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let first = mapper.register(&Alive2::new(b"foobar")).unwrap();
    let second = mapper.register(&Alive2::new(b"foozap")).unwrap();
    drop(second);
    mapper.wait_names(&[line("foobar", 4711)]);
    drop(first);
    mapper.wait_names(&[]);
}

pub(crate) fn register_duplicate_name(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let _held = mapper.register(&Alive2::new(b"foobar")).unwrap();
    let second = mapper.register(&Alive2::new(b"foobar"));
    assert!(matches!(second, Registered::Refused(_)), "{second:?}");
    assert_eq!(mapper.names(), [line("foobar", 4711)]);
}

pub(crate) fn unicode_name(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let name = "\u{1F608}";
    let _held = mapper.register(&Alive2::new(name.as_bytes())).unwrap();
    assert_eq!(mapper.port_of(name.as_bytes()), Some(4711));
    assert_eq!(mapper.names(), [line(name, 4711)]);
}

pub(crate) fn long_unicode_name(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let name = "\u{1F608}".repeat(201);
    assert_eq!(name.len(), 804);
    let _held = mapper.register(&Alive2::new(name.as_bytes())).unwrap();
    assert_eq!(mapper.port_of(name.as_bytes()), Some(4711));
    assert_eq!(mapper.names(), [line(&name, 4711)]);
}

pub(crate) fn get_port_nr(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let _held = mapper.register(&Alive2::new(b"foo")).unwrap();
    assert_eq!(mapper.port_of(b"foo"), Some(4711));
    assert_eq!(mapper.port_of(b"bar"), None);
}

pub(crate) fn slow_get_port_nr(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let _held = mapper.register(&Alive2::new(b"foo")).unwrap();
    let mut slow = mapper.connect();
    for byte in framed(b"zfoo") {
        slow.is_quiet_for(Duration::from_millis(600));
        slow.send(&[byte]);
    }
    assert_eq!(slow.everything()[..4], [b'w', 0, 0x12, 0x67]);
}

pub(crate) fn unregister_others_name_1(program: &Program) {
    let mapper = program.start(RELAXED);
    let mut held = mapper.register(&Alive2::new(b"foo")).unwrap();
    assert_eq!(mapper.connect().request(b"sfoo").everything(), b"STOPPED");
    assert_eq!(held.everything(), b"");
    assert_eq!(mapper.port_of(b"foo"), None);
}

pub(crate) fn unregister_others_name_2(program: &Program) {
    let mapper = program.start(RELAXED);
    let _held = mapper.register(&Alive2::new(b"foo")).unwrap();
    let reply = mapper.connect().request(b"sxxx42").receive(7);
    assert_eq!(reply, b"NOEXIST");
    assert_eq!(mapper.port_of(b"foo"), Some(4711));
}

/// Registers as many names as there may be, at most a thousand.
fn fill(mapper: &Mapper) -> Vec<Conversation> {
    let mut all = Vec::new();
    for number in 0..1000 {
        match mapper.register(&Alive2::new(format!("foo{number}").as_bytes())) {
            Registered::Yes(held) => all.push(held),
            _ => break,
        }
    }
    all
}

pub(crate) fn register_overflow(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let mut counts = Vec::new();
    for _ in 0..10 {
        let all = fill(&mapper);
        counts.push(all.len());
        drop(all);
        mapper.wait_names(&[]);
    }
    assert!(
        counts[0] > 0 && counts.iter().all(|c| *c == counts[0]),
        "{counts:?}"
    );
}

pub(crate) fn name_with_null_inside(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let refused = mapper.register(&Alive2::new(b"foo\0bar"));
    assert!(matches!(refused, Registered::Closed), "{refused:?}");
    assert_eq!(mapper.names(), [""; 0]);
}

pub(crate) fn name_null_terminated(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let refused = mapper.register(&Alive2::new(b"foobar\0"));
    assert!(matches!(refused, Registered::Closed), "{refused:?}");
    assert_eq!(mapper.names(), [""; 0]);
}

pub(crate) fn stupid_names_req(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let mut all = fill(&mapper);
    let count = all.len();
    // One has to go so that stock epmd, when full, can take the question.
    drop(all.pop());
    let expected: Vec<String> = (0..count - 1)
        .map(|number| line(&format!("foo{number}"), 4711))
        .collect();
    mapper.wait_names(&expected);
}

/// Sends something that is no request and asserts that the connection is closed without an answer.
fn is_closed(program: &Program, bytes: &[u8]) {
    let mapper = program.start(IMPATIENT);
    assert_eq!(mapper.connect().send(bytes).everything(), b"");
}

pub(crate) fn no_data(program: &Program) {
    is_closed(program, b"");
}

pub(crate) fn one_byte(program: &Program) {
    is_closed(program, &[0]);
}

pub(crate) fn two_bytes(program: &Program) {
    is_closed(program, &[0, 3]);
}

pub(crate) fn partial_packet(program: &Program) {
    is_closed(program, b"\x00\x64xyzzy");
}

pub(crate) fn zero_length(program: &Program) {
    is_closed(program, &[[0, 0].as_slice(), &[b'a'; 1000]].concat());
}

pub(crate) fn too_large(program: &Program) {
    is_closed(program, &framed(&[b'z'; 63000]));
}

pub(crate) fn alive_req_too_small_1(program: &Program) {
    let payload = Alive2 {
        name_length: Some(1000),
        ..Alive2::new(b"foobar")
    };
    is_closed(program, &framed(&payload.payload()));
}

pub(crate) fn alive_req_too_small_2(program: &Program) {
    let whole = Alive2::new(b"foobar").payload();
    // Cut inside the length of the extra field.
    is_closed(program, &framed(&whole[..whole.len() - 1]));
}

pub(crate) fn alive_req_too_large(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let node = Alive2 {
        highest: 5,
        ..Alive2::new(&[b'a'; 600])
    };
    let reply = mapper.connect().request(&node.payload()).receive(4);
    assert_eq!(reply[..2], [b'y', 1]);
}

/// Registers a node with this extra field and asserts that a lookup gives it back.
fn gives_back_extra(program: &Program, extra: &[u8]) {
    let mapper = program.start(IMPATIENT);
    let node = Alive2 {
        extra,
        ..Alive2::new(b"foo")
    };
    let _held = mapper.register(&node).unwrap();
    let mut expected = b"w\0\x12\x67\x4d\0\0\x06\0\x05\0\x03foo".to_vec();
    expected.extend_from_slice(&(extra.len() as u16).to_be_bytes());
    expected.extend_from_slice(extra);
    assert_eq!(mapper.lookup(b"foo"), expected);
}

pub(crate) fn returns_valid_empty_extra(program: &Program) {
    gives_back_extra(program, b"");
}

pub(crate) fn returns_valid_populated_extra_with_nulls(program: &Program) {
    gives_back_extra(program, b"ABC\0\0");
}

pub(crate) fn names_stdout(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let _held = mapper.register(&Alive2::new(b"foobar")).unwrap();
    let output = mapper.ask(&["-names"]);
    let expected = format!(
        "epmd: up and running on port {} with data:\nname foobar at port 4711\n",
        mapper.port
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

pub(crate) fn buffer_overrun_1(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let payload = Alive2 {
        extra_length: Some(u16::MAX),
        ..Alive2::new(b"foo")
    }
    .payload();
    for _ in 0..10_000 {
        assert_eq!(mapper.connect().request(&payload).everything(), b"");
    }
    assert_eq!(mapper.names(), [""; 0]);
}

pub(crate) fn buffer_overrun_2(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let with_extra = |length: usize| {
        let extra = vec![b'x'; length];
        mapper.register(&Alive2 {
            extra: &extra,
            ..Alive2::new(b"foo")
        })
    };
    drop(with_extra(1020).unwrap());
    mapper.wait_names(&[]);
    assert!(matches!(with_extra(1021), Registered::Refused(_)));
    // More than a request can have.
    assert!(matches!(with_extra(5000), Registered::Closed));
    assert_eq!(mapper.names(), [""; 0]);
}

/// A connection that the port mapper does not take for one of its own host.
fn connect_from_outside(mapper: &Mapper) -> Conversation {
    let SocketAddr::V4(target) = mapper.address() else {
        panic!("loopback is IPv4 here");
    };
    let std::net::IpAddr::V4(source) = outer_address() else {
        panic!("IPv4 was asked for");
    };
    let source = std::net::SocketAddrV4::new(source, 0);
    let socket = socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .unwrap();
    bind(socket.as_raw_fd(), &SockaddrIn::from(source)).unwrap();
    connect(socket.as_raw_fd(), &SockaddrIn::from(target)).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    Conversation(stream)
}

pub(crate) fn no_nonlocal_register(program: &Program) {
    let mapper = program.start(IMPATIENT);
    let payload = Alive2::new(b"foobar").payload();
    let mut outsider = connect_from_outside(&mapper);
    assert_eq!(outsider.request(&payload).everything(), b"");
    assert_eq!(mapper.names(), [""; 0]);
    // It may ask, though.
    let _held = mapper.register(&Alive2::new(b"foo")).unwrap();
    let mut outsider = connect_from_outside(&mapper);
    assert_eq!(outsider.request(b"zfoo").everything()[..2], [b'w', 0]);
}

pub(crate) fn no_nonlocal_kill(program: &Program) {
    let mapper = program.start(&["-packet_timeout", "1", "-relaxed_command_check"]);
    let _held = mapper.register(&Alive2::new(b"foo")).unwrap();
    for request in [&b"k"[..], b"d", b"sfoo"] {
        let mut outsider = connect_from_outside(&mapper);
        assert_eq!(outsider.request(request).everything(), b"");
    }
    assert_eq!(mapper.port_of(b"foo"), Some(4711));
}

pub(crate) fn no_live_killing(program: &Program) {
    let mut mapper = program.start(IMPATIENT);
    let held = mapper.register(&Alive2::new(b"foo")).unwrap();
    assert_eq!(mapper.connect().request(b"k").everything(), b"NO");
    assert_eq!(mapper.connect().request(b"sfoo").everything(), b"");
    drop(held);
    mapper.wait_names(&[]);
    assert_eq!(mapper.connect().request(b"k").everything(), b"OK");
    assert_eq!(mapper.wait_end(), Some(0));
}

pub(crate) fn socket_reset_before_alive2_reply_is_written(program: &Program) {
    let mapper = program.start(&["-delay_write", "1"]);
    let mut node = mapper.connect();
    node.request(&Alive2::new(b"foobar").payload());
    // While the reply is delayed.
    node.is_quiet_for(Duration::from_millis(200));
    node.reset();
    wait_until("the name is free", || mapper.names().is_empty());
}
