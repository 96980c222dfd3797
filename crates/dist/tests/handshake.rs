//! Handshakes without sockets: both roles against each other, and against bytes written by hand.
//!
//! The scenarios of OTP's `erl_distribution_wb_SUITE`, and what hostile peers may try.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics says what failed"
)]

use beamport_dist::handshake::accept::{self, Challenged, Greeting, Progress};
use beamport_dist::handshake::dial::{self, Answer, AwaitingStatus};
use beamport_dist::handshake::{
    Capabilities, Established, HandshakeError, Identity, Incarnation, Misbehavior, Refusal, Step,
};
use beamport_dist::{Cookie, Flags};

const CAPABILITIES: Capabilities = Capabilities {
    offered: Flags::MANDATORY_26,
    required: Flags::MANDATORY_25,
};

fn cookie() -> Cookie {
    "secret".parse().unwrap()
}

fn node(name: &str) -> Incarnation {
    Incarnation {
        name: name.parse().unwrap(),
        creation: 7,
    }
}

/// The messages that were written.
fn sent(out: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    let mut rest = out.as_slice();
    while let Some((length, after)) = rest.split_first_chunk() {
        let (message, after) = after.split_at(u16::from_be_bytes(*length).into());
        messages.push(message.to_vec());
        rest = after;
    }
    out.clear();
    messages
}

fn only(out: &mut Vec<u8>) -> Vec<u8> {
    let [message] = sent(out).try_into().unwrap();
    message
}

/// The node `a@h` has said its name to `peer`.
fn dialling(peer: &str, out: &mut Vec<u8>) -> AwaitingStatus {
    let identity = Identity::Named(node("a@h"));
    dial::start(identity, CAPABILITIES, peer.parse().unwrap(), out)
}

/// The node `name` has been told this one.
fn greeted(name: &str, message: &[u8]) -> accept::Caller {
    let greeting = accept::greet(node(name), CAPABILITIES, message, &mut Vec::new());
    let Greeting::Named(caller) = greeting.unwrap() else {
        panic!("a nameless caller");
    };
    caller
}

fn established(state: Challenged, reply: &[u8], out: &mut Vec<u8>) -> Established {
    match state.receive(reply, &cookie(), out).unwrap() {
        Progress::Established(established) => established,
        Progress::Unproved(_) => panic!("not proved"),
    }
}

#[test]
fn two_nodes_agree_on_who_they_are_and_what_they_can() {
    let mut out = Vec::new();
    let a = dialling("b@h", &mut out);
    let caller = greeted("b@h", &only(&mut out));
    assert_eq!(caller.name().as_str(), "a@h");
    let b = caller.welcome(0, &mut out);
    let [status, challenge] = sent(&mut out).try_into().unwrap();
    assert_eq!(status, b"sok");
    let Answer::Welcome(a) = a.receive(&status).unwrap() else {
        panic!("no welcome");
    };
    let a = a
        .receive(&challenge, &cookie(), u32::MAX, &mut out)
        .unwrap();
    let at_b = established(b, &only(&mut out), &mut out);
    let at_a = a.receive(&only(&mut out)).unwrap();

    assert_eq!((&at_a.local, &at_a.peer), (&node("a@h"), &node("b@h")));
    assert_eq!((&at_b.local, &at_b.peer), (&node("b@h"), &node("a@h")));
    assert_eq!(at_a.flags, Flags::MANDATORY_26);
    assert_eq!(at_b.flags, at_a.flags);
    assert!(!at_b.replaces);
}

/// As in `dflag_mandatory_25` and `missing_compulsory_dflags`.
#[test]
fn a_peer_needs_all_mandatory_flags_or_the_one_that_stands_for_them() {
    let name = |flags: u64| [b"N", &flags.to_be_bytes()[..], b"\0\0\0\x07\0\x03a@h"].concat();
    let digest = Flags::MANDATORY_25_DIGEST;
    assert_eq!(greeted("b@h", &name(digest.bits())).name().as_str(), "a@h");

    let mut out = Vec::new();
    let lacking = Flags::MANDATORY_25.without(Flags::BIG_CREATION).bits();
    let error = accept::greet(node("b@h"), CAPABILITIES, &name(lacking), &mut out).unwrap_err();
    assert_eq!(
        error,
        HandshakeError::Incompatible {
            step: Step::Name,
            missing: Flags::BIG_CREATION
        }
    );
    assert_eq!(only(&mut out), b"snot_allowed");
}

/// As in `pending_up_md5`: the second connection of a name takes the first one's place, if the cookie is right.
#[test]
fn a_node_that_is_connected_already_may_take_over() {
    let mut out = Vec::new();
    let a = dialling("b@h", &mut out);
    let b = greeted("b@h", &only(&mut out)).ask_to_take_over(&mut out);
    let Answer::Alive(alive) = a.receive(&only(&mut out)).unwrap() else {
        panic!("not told that it is alive");
    };
    let a = alive.take_over(&mut out);
    let b = b.receive(&only(&mut out), 1, &mut out).unwrap();
    let a = a.receive(&only(&mut out), &cookie(), 2, &mut out).unwrap();
    let at_b = established(b, &only(&mut out), &mut out);
    assert!(at_b.replaces);
    assert!(a.receive(&only(&mut out)).is_ok());
}

#[test]
fn a_node_that_gives_way_leaves_the_older_connection_alone() {
    let mut out = Vec::new();
    let a = dialling("b@h", &mut out);
    let b = greeted("b@h", &only(&mut out)).ask_to_take_over(&mut out);
    let Answer::Alive(alive) = a.receive(&only(&mut out)).unwrap() else {
        panic!("not told that it is alive");
    };
    assert_eq!(alive.give_way(&mut out), Refusal::Alive.into());
    let answer = only(&mut out);
    assert_eq!(answer, b"sfalse");
    assert_eq!(
        b.receive(&answer, 1, &mut out).unwrap_err(),
        Refusal::Alive.into()
    );
}

/// As in `simultaneous_md5`: of two nodes that dial each other, the connection of the greater name stays.
#[test]
fn of_two_connections_the_one_dialled_by_the_greater_name_stays() {
    let mut out = Vec::new();
    let a = dialling("b@h", &mut out);
    let name = only(&mut out);
    assert!(greeted("b@h", &name).resolve(1, &mut out).is_none());
    let nok = only(&mut out);
    assert_eq!(nok, b"snok");
    assert_eq!(a.receive(&nok).unwrap_err(), Refusal::Simultaneous.into());

    let a = dialling("A@h", &mut out);
    let name = only(&mut out);
    assert!(greeted("A@h", &name).resolve(1, &mut out).is_some());
    let [status, challenge] = sent(&mut out).try_into().unwrap();
    assert_eq!(status, b"sok_simultaneous");
    let Answer::Welcome(a) = a.receive(&status).unwrap() else {
        panic!("no welcome");
    };
    assert!(a.receive(&challenge, &cookie(), 2, &mut out).is_ok());
}

#[test]
fn a_node_without_a_name_is_given_one() {
    let mut out = Vec::new();
    let identity = Identity::Nameless("h".parse().unwrap());
    let a = dial::start(identity, CAPABILITIES, "b@h".parse().unwrap(), &mut out);
    let name = only(&mut out);
    let Greeting::Nameless(caller) =
        accept::greet(node("b@h"), CAPABILITIES, &name, &mut out).unwrap()
    else {
        panic!("a named caller");
    };
    assert_eq!(caller.host().as_str(), "h");
    let b = caller.name(node("XYZ@h"), 1, &mut out);
    let [status, challenge] = sent(&mut out).try_into().unwrap();
    assert_eq!(status, b"snamed:\0\x05XYZ@h\0\0\0\x07");
    let Answer::Welcome(a) = a.receive(&status).unwrap() else {
        panic!("no welcome");
    };
    let a = a.receive(&challenge, &cookie(), 2, &mut out).unwrap();
    let at_b = established(b, &only(&mut out), &mut out);
    let at_a = a.receive(&only(&mut out)).unwrap();
    assert_eq!((at_a.local, at_b.peer), (node("XYZ@h"), node("XYZ@h")));
    // The VM takes the name only if this flag comes back.
    assert!(at_a.peer_flags.contains(Flags::NAME_ME));

    let identity = Identity::Nameless("elsewhere".parse().unwrap());
    let a = dial::start(identity, CAPABILITIES, "b@h".parse().unwrap(), &mut out);
    let what = Misbehavior::Status;
    let step = Step::Status;
    assert_eq!(
        a.receive(&status).unwrap_err(),
        HandshakeError::Misbehaved { step, what }
    );
}

/// As with `OurVersion = 5` or an untrusted EPMD in OTP's suite: the upper flags and the creation come later.
#[test]
fn a_name_in_the_old_form_is_complemented() {
    let both = Flags::MANDATORY_26;
    let [high @ .., a, b, c, d] = both.bits().to_be_bytes();
    let demanding = Capabilities {
        offered: both,
        required: both,
    };
    let name = [b"n\0\x05", &[a, b, c, d][..], b"a@h"].concat();
    let start = || {
        let mut out = Vec::new();
        let greeting = accept::greet(node("b@h"), demanding, &name, &mut out).unwrap();
        let Greeting::Named(caller) = greeting else {
            panic!("a nameless caller");
        };
        caller.welcome(1, &mut out)
    };

    let state = start();
    assert_eq!(state.step(), Step::Complement);
    let complement = [b"c", &high[..], b"\0\0\0\x09"].concat();
    let Progress::Unproved(state) = state
        .receive(&complement, &cookie(), &mut Vec::new())
        .unwrap()
    else {
        panic!("proved by a complement");
    };
    assert_eq!(state.step(), Step::Reply);
    // erlang:md5("secret1")
    let digest = *b"\xe5\x2d\x98\xc4\x59\x81\x9a\x11\x77\x59\x36\xd8\xdf\xbb\x79\x29";
    let reply = [b"r\0\0\0\x02", &digest[..]].concat();
    let established = established(state, &reply, &mut Vec::new());
    assert_eq!(established.flags, both);
    assert_eq!(established.peer.creation, 9);

    let lacking = b"c\0\0\0\0\0\0\0\x09";
    assert_eq!(
        start()
            .receive(lacking, &cookie(), &mut Vec::new())
            .unwrap_err(),
        HandshakeError::Incompatible {
            step: Step::Complement,
            missing: Flags::V4_NC
        }
    );
}

#[test]
fn a_node_of_before_otp_23_is_told_apart_from_no_node() {
    let mut out = Vec::new();
    let before = |flags: Flags| {
        let low = (flags.bits() as u32).to_be_bytes();
        [b"n\0\x05", &low[..], b"\0\0\0\x01b@h"].concat()
    };
    let receive = |message: Vec<u8>| {
        let Ok(Answer::Welcome(a)) = dialling("b@h", &mut Vec::new()).receive(b"sok") else {
            panic!("no welcome");
        };
        a.receive(&message, &cookie(), 1, &mut Vec::new())
    };
    let missing = Flags::HANDSHAKE_23;
    let step = Step::Challenge;
    assert_eq!(
        receive(before(Flags::MANDATORY_25.without(missing))).unwrap_err(),
        HandshakeError::Incompatible { step, missing }
    );
    let what = Misbehavior::Malformed;
    assert_eq!(
        receive(before(Flags::MANDATORY_25)).unwrap_err(),
        HandshakeError::Misbehaved { step, what }
    );
    assert_eq!(sent(&mut out).len(), 0);
}

#[test]
fn another_cookie_is_found_out_on_both_sides() {
    let other: Cookie = "other".parse().unwrap();
    let mut out = Vec::new();
    let a = dialling("b@h", &mut out);
    let b = greeted("b@h", &only(&mut out)).welcome(1, &mut out);
    let [status, challenge] = sent(&mut out).try_into().unwrap();
    let Answer::Welcome(a) = a.receive(&status).unwrap() else {
        panic!("no welcome");
    };
    let a = a.receive(&challenge, &other, 2, &mut out).unwrap();
    let reply = only(&mut out);
    assert_eq!(
        b.receive(&reply, &cookie(), &mut out).unwrap_err(),
        Refusal::Cookie.into()
    );
    assert!(
        out.is_empty(),
        "who does not know the cookie learns nothing"
    );
    let forged = [b"a", &[0; 16][..]].concat();
    assert_eq!(a.receive(&forged).unwrap_err(), Refusal::Cookie.into());
}

#[test]
fn a_node_is_dialled_by_its_own_name_only() {
    let mut out = Vec::new();
    let a = dialling("b@other", &mut out);
    greeted("b@h", &only(&mut out)).welcome(1, &mut out);
    let [status, challenge] = sent(&mut out).try_into().unwrap();
    let Answer::Welcome(a) = a.receive(&status).unwrap() else {
        panic!("no welcome");
    };
    let found = "b@h".parse().unwrap();
    assert_eq!(
        a.receive(&challenge, &cookie(), 1, &mut out).unwrap_err(),
        Refusal::OtherNode { found }.into()
    );
    assert!(out.is_empty(), "another node gets no digest of the cookie");
}

#[test]
fn a_node_does_not_connect_to_itself() {
    let mut out = Vec::new();
    dialling("b@h", &mut out);
    let name = only(&mut out);
    let error = accept::greet(node("a@h"), CAPABILITIES, &name, &mut out).unwrap_err();
    assert_eq!(error, Refusal::OwnName.into());
    assert_eq!(only(&mut out), b"snok");
}

#[test]
fn a_refused_node_is_told() {
    let mut out = Vec::new();
    let a = dialling("b@h", &mut out);
    let caller = greeted("b@h", &only(&mut out));
    assert_eq!(caller.refuse(&mut out), Refusal::Unwanted.into());
    assert_eq!(
        a.receive(&only(&mut out)).unwrap_err(),
        Refusal::NotAllowed.into()
    );
}

#[test]
fn what_follows_a_name_is_for_nodes_of_the_future() {
    let mut out = Vec::new();
    dialling("b@h", &mut out);
    let mut name = only(&mut out);
    name.extend_from_slice(b"more");
    assert_eq!(greeted("b@h", &name).name().as_str(), "a@h");
}

/// Every message cut short or changed in any byte is an error or another handshake, and never a panic.
#[test]
fn damaged_messages_do_no_harm() {
    let mut out = Vec::new();
    let start = || dialling("b@h", &mut Vec::new());
    let welcome = || match start().receive(b"sok").unwrap() {
        Answer::Welcome(a) => a,
        Answer::Alive(_) => panic!("alive"),
    };
    dialling("b@h", &mut out);
    let name = only(&mut out);
    greeted("b@h", &name).welcome(1, &mut out);
    let [status, challenge] = sent(&mut out).try_into().unwrap();
    for (cut, damage) in (0..64).flat_map(|cut| (0..=255).map(move |damage| (cut, damage))) {
        let damaged = |message: &[u8]| {
            let mut message = message.to_vec();
            message.truncate(cut + 1);
            if let Some(last) = message.last_mut() {
                *last ^= damage;
            }
            message
        };
        let _ = accept::greet(node("b@h"), CAPABILITIES, &damaged(&name), &mut out);
        let _ = start().receive(&damaged(&status));
        let _ = welcome().receive(&damaged(&challenge), &cookie(), 1, &mut out);
        let reply = damaged(&[b'r'; 21]);
        let state = greeted("b@h", &name).welcome(1, &mut out);
        assert!(state.receive(&reply, &cookie(), &mut out).is_err());
    }
}

#[test]
fn hostile_names_and_lengths_are_errors() {
    let greet = |rest: &[u8]| {
        let flags = Flags::MANDATORY_25.bits().to_be_bytes();
        let message = [b"N", &flags[..], b"\0\0\0\x07", rest].concat();
        accept::greet(node("b@h"), CAPABILITIES, &message, &mut Vec::new()).map(|_| ())
    };
    let step = Step::Name;
    for (rest, what) in [
        (&b"\xff\xffa@h"[..], Misbehavior::Malformed),
        (b"\0", Misbehavior::Malformed),
    ] {
        assert_eq!(greet(rest), Err(HandshakeError::Misbehaved { step, what }));
    }
    for name in [&b"\0\x01a"[..], b"\0\x02a@", b"\0\x05a@b@c", b"\0\x04a@\nb"] {
        let error = greet(name).unwrap_err();
        assert!(
            matches!(
                error,
                HandshakeError::Misbehaved {
                    what: Misbehavior::Name(_),
                    ..
                }
            ),
            "{error}"
        );
    }
    let long = [b"\x01\x01a@", [b'h'; 255].as_slice()].concat();
    assert!(greet(&long).is_err());
}
