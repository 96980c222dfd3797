//! What the clients in stock nodes stumble over, though no specification says so.

use std::io::Read as _;
use std::process::Command;
use std::time::Duration;

use crate::conversation::{Alive2, Registered, framed};
use crate::ports::free_port;
use crate::program::Program;

/// Stock nodes take their first read for the whole reply.
pub(crate) fn the_reply_to_alive2_comes_in_one_read(program: &Program) {
    let mapper = program.start(&[]);
    let mut all = Vec::new();
    for number in 0..200 {
        let name = format!("node{number}");
        let mut node = mapper.connect();
        node.request(&Alive2::new(name.as_bytes()).payload());
        let mut buffer = [0; 64];
        assert_eq!(node.0.read(&mut buffer).unwrap(), 6);
        all.push(node);
    }
}

/// Stock nodes wait for the end, and give up after seven seconds.
pub(crate) fn the_connection_ends_after_a_lookup(program: &Program) {
    let mapper = program.start(&[]);
    let _held = mapper.register(&Alive2::new(b"foo")).unwrap();
    let found = mapper.connect().request(b"zfoo").everything();
    assert_eq!(found, b"w\0\x12\x67\x4d\0\0\x06\0\x05\0\x03foo\0\0");
    assert_eq!(mapper.connect().request(b"zbar").everything(), b"w\x01");
    // C nodes end the name with a NUL.
    assert_eq!(mapper.connect().request(b"zfoo\0").everything(), found);
}

/// Stock nodes drop a listing that says another port than the one they dialled.
pub(crate) fn the_listing_says_the_port_that_was_asked(program: &Program) {
    let mapper = program.start(&[]);
    let port = u32::from(mapper.port).to_be_bytes();
    assert_eq!(mapper.connect().request(b"n").everything(), port);
    assert_eq!(mapper.connect().request(b"d").everything(), port);
}

/// A node that registers version 6 must be said to have it, or OTP 23 and 24 greet it in the old way, which 25
/// does not understand; and one that registers 5 gets the old reply.
pub(crate) fn versions_are_answered_as_registered(program: &Program) {
    let mapper = program.start(&[]);
    let _new = mapper.register(&Alive2::new(b"new")).unwrap();
    assert_eq!(mapper.lookup(b"new")[6..10], [0, 6, 0, 5]);
    let old = Alive2 {
        highest: 5,
        ..Alive2::new(b"old")
    };
    let mut held = mapper.connect();
    let reply = held.request(&old.payload()).receive(4);
    assert_eq!(reply[..3], [b'y', 0, 0]);
    assert!((1..=3).contains(&reply[3]));
    assert_eq!(mapper.lookup(b"old")[6..10], [0, 5, 0, 5]);
}

/// The end of its old connection may reach the port mapper after its new registration (erlang/otp#11083).
///
/// Stock epmd may refuse the node then; we do not.
pub(crate) fn a_node_that_restarts_at_once_gets_its_name(program: &Program) {
    let mapper = program.start(&[]);
    let request = framed(&Alive2::new(b"foo").payload());
    let mut old = mapper.register(&Alive2::new(b"foo")).unwrap();
    for round in 0..100 {
        let mut new = mapper.connect();
        if mapper.is_stock() {
            drop(old);
            mapper.wait_names(&[]);
            new.send(&request);
        } else if round % 2 == 0 {
            drop(old);
            new.send(&request);
        } else {
            new.send(&request);
            drop(old);
        }
        assert_eq!(new.receive(6)[..2], [b'v', 0], "round {round}");
        old = new;
    }
}

pub(crate) fn anything_said_on_a_registered_connection_ends_it(program: &Program) {
    let mapper = program.start(&[]);
    let mut held = mapper.register(&Alive2::new(b"foo")).unwrap();
    assert_eq!(held.send(b"?").everything(), b"");
    mapper.wait_names(&[]);
}

pub(crate) fn bytes_beyond_the_request_end_the_connection(program: &Program) {
    let mapper = program.start(&[]);
    let two_requests = [framed(b"n"), framed(b"n")].concat();
    assert_eq!(mapper.connect().send(&two_requests).everything(), b"");
}

pub(crate) fn a_refused_node_may_close_in_its_own_time(program: &Program) {
    let mapper = program.start(&[]);
    let _held = mapper.register(&Alive2::new(b"foo")).unwrap();
    let Registered::Refused(mut refused) = mapper.register(&Alive2::new(b"foo")) else {
        panic!("it should have been refused in words");
    };
    refused.is_quiet_for(Duration::from_millis(300));
}

/// Loopback is added to the addresses asked for, as far as there is any: releases of OTP from erts 15.2.7.11 on end
/// on hosts without `::1` (erlang/otp#11402), those before and we go on.
pub(crate) fn hosts_without_ipv6(program: &Program) {
    let port = free_port();
    let command = program.command();
    let path = command.get_program();
    // A network of its own, with IPv4 loopback only.
    let script = format!(
        "set -e
         echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
         ip link set lo up
         (exec -a epmd \"$0\" -port {port} -address 127.0.0.1) &
         mapper=$!
         until (exec -a epmd \"$0\" -port {port} -started); do
             kill -0 $mapper 2>/dev/null || exit 9
         done
         kill $mapper"
    );
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "bash", "-c", &script])
        .arg(path)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert!(
        errors.contains("failed to bind on ipaddr ::1: Cannot assign requested address"),
        "{errors}"
    );
}
