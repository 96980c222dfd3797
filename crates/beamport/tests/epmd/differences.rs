//! Where we differ from stock epmd on purpose. Each scenario asserts both behaviours.

use std::time::Duration;

use crate::conversation::{Alive2, Registered, line};
use crate::program::Program;

/// Stock epmd takes names with blanks and line feeds, which then read as further nodes in its listing.
pub(crate) fn names_that_would_forge_lines(program: &Program) {
    let mapper = program.start(&[]);
    for name in [&b"foo\nname bar at port 1"[..], b"foo bar"] {
        let registered = mapper.register(&Alive2::new(name));
        if mapper.is_stock() {
            let _held = registered.unwrap();
            assert!(mapper.port_of(name).is_some());
        } else {
            assert!(matches!(registered, Registered::Refused(_)));
            assert_eq!(mapper.port_of(name), None);
            assert_eq!(mapper.names(), [""; 0]);
        }
    }
}

/// Stock epmd registers nodes on port 0, where nothing can listen.
pub(crate) fn port_zero(program: &Program) {
    let mapper = program.start(&[]);
    let node = Alive2 {
        port: 0,
        ..Alive2::new(b"foo")
    };
    match mapper.register(&node) {
        Registered::Yes(_held) if mapper.is_stock() => {
            assert_eq!(mapper.names(), [line("foo", 0)]);
        }
        Registered::Refused(_) if !mapper.is_stock() => {}
        other => panic!("{other:?}"),
    }
}

/// Stock epmd registers names of 255 characters and cannot look them up: it counts one too many.
pub(crate) fn the_longest_name(program: &Program) {
    let mapper = program.start(&[]);
    let longest = [b'a'; 255];
    let _held = mapper.register(&Alive2::new(&longest)).unwrap();
    if mapper.is_stock() {
        assert_eq!(mapper.lookup(&longest), b"");
    } else {
        assert_eq!(mapper.port_of(&longest), Some(4711));
    }
    let over = mapper.register(&Alive2::new(&[b'a'; 256]));
    assert!(matches!(over, Registered::Refused(_)));
}

/// Stock epmd says twice how stopping went where there was nobody to stop.
pub(crate) fn stopping_an_unknown_name(program: &Program) {
    let mapper = program.start(&["-relaxed_command_check"]);
    let reply = mapper.connect().request(b"sfoo").everything();
    if mapper.is_stock() {
        assert_eq!(reply, b"NOEXISTSTOPPED");
    } else {
        assert_eq!(reply, b"NOEXIST");
    }
}

/// Stock epmd keeps the connection of a node that it has refused for as long as the node likes.
pub(crate) fn refused_connections_are_not_kept(program: &Program) {
    let mapper = program.start(&["-packet_timeout", "1"]);
    let _held = mapper.register(&Alive2::new(b"foo")).unwrap();
    let Registered::Refused(mut refused) = mapper.register(&Alive2::new(b"foo")) else {
        panic!("it should have been refused in words");
    };
    if mapper.is_stock() {
        refused.is_quiet_for(Duration::from_secs(4));
    } else {
        assert_eq!(refused.everything(), b"");
    }
}
