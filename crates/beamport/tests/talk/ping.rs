//! `beamport ping`: the way to a node, and every way in which it can end early.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Stdio;

use crate::host::Host;
use crate::peer::{BlackHole, FLAGS_25, FLAGS_OLD, Peer, register, wait_for_end};
use crate::ports::free_port;

const NODE: &str = "vm@127.0.0.1";

#[test]
fn the_whole_way_is_shown() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    let shown = host.run(&["ping", NODE]).ok();
    let stages: Vec<_> = shown
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .map(|line| line.get(..11).unwrap_or(line).trim_end())
        .collect();
    assert_eq!(
        stages,
        [
            "name",
            "host",
            "port mapper",
            "tcp",
            "handshake",
            "cookie",
            "answer"
        ],
        "{shown}"
    );
    assert!(shown.contains("OTP 24 to 27, creation "), "{shown}");
    assert!(shown.contains("pong from vm@127.0.0.1 in "), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");

    let report = host.ping(&[NODE]);
    assert_eq!(report["parts"].as_array().map(Vec::len), Some(7));
    assert!(report["parts"][2]["ms"].is_f64(), "{report:#}");
}

/// The host of a node that is named without one is what the node says.
#[test]
fn a_name_alone_is_a_node_of_this_host() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    let shown = host.run(&["ping", "vm"]).ok();
    assert!(shown.contains("pong from vm@127.0.0.1 in "), "{shown}");
}

/// For people: what happened, whose fault it is and what to do, in so many words.
#[test]
fn a_failure_is_told_in_words() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    let said = host.run(&["ping", "vn@127.0.0.1"]);
    assert_eq!(said.code, 1);
    let end: Vec<_> = said.out.lines().skip(3).collect();
    assert_eq!(
        (end[0], end[2], end[3]),
        (
            format!(
                "  port mapper     failed  the port mapper 127.0.0.1:{} does not know vn; similar: vm",
                host.epmd_port
            )
            .as_str(),
            "  whose fault: the node's",
            "  what to do:  start the node, with that name and distribution on, or correct the name; registered there: vm"
        ),
        "{said:?}"
    );
    assert!(end[1].starts_with("no connection, after "));
}

#[test]
fn a_name_that_is_none() {
    let host = Host::new();
    for text in ["a@b@c", "@b", "a@", "a b@c", ""] {
        let said = host.run(&["ping", text]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.out.contains("names no node"), "{said:?}");
    }
    assert_eq!(host.ping_fails(&["a@b@c"]).0, "name/bad_name/caller");
}

#[test]
fn a_host_that_is_not_known() {
    let host = Host::new();
    let (verdict, what) = host.ping_fails(&["a@nowhere.invalid"]);
    // Which of them depends on the name servers of this machine, if it has any.
    let all = ["unknown_host", "dns_timeout", "dns_failed"];
    assert!(
        all.iter()
            .any(|code| verdict == format!("host/{code}/here")),
        "{verdict}"
    );
    assert!(what.contains("nowhere.invalid"), "{what}");
}

#[test]
fn no_port_mapper() {
    let host = Host::new();
    let unused = free_port().to_string();
    let (verdict, what) = host.ping_fails(&[NODE, "--epmd-port", &unused]);
    assert_eq!(verdict, "port mapper/no_mapper/host");
    assert!(what.contains(&format!("127.0.0.1:{unused}")), "{what}");
}

#[test]
fn a_port_mapper_that_does_not_answer() {
    let host = Host::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let verdict = host
        .ping_fails(&[NODE, "--epmd-port", &port, "--timeout", "1s"])
        .0;
    assert_eq!(verdict, "port mapper/mapper_silent/host");

    let black_hole = BlackHole::new();
    let port = black_hole.port.to_string();
    let verdict = host
        .ping_fails(&[NODE, "--epmd-port", &port, "--timeout", "1s"])
        .0;
    assert_eq!(verdict, "port mapper/mapper_unreachable/network");
}

#[test]
fn something_else_in_the_port_mappers_place() {
    let host = Host::new();
    for (words, verdict) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            "port mapper/no_port_mapper/host",
        ),
        (b"", "port mapper/mapper_closed/host"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(words).unwrap();
        });
        assert_eq!(host.ping_fails(&[NODE, "--epmd-port", &port]).0, verdict);
        serving.join().unwrap();
    }
}

#[test]
fn a_name_that_is_not_registered() {
    let host = Host::new();
    let (verdict, what) = host.ping_fails(&[NODE]);
    assert_eq!(verdict, "port mapper/not_registered/node");
    assert!(!what.contains("similar"), "{what}");
    let _names = ["vn", "vm2", "database"].map(|name| register(&host, name, 1));
    let (_, what) = host.ping_fails(&[NODE]);
    assert!(
        what.ends_with("does not know vm; similar: vm2, vn"),
        "{what}"
    );
}

#[test]
fn a_port_that_nobody_listens_on() {
    let host = Host::new();
    let _name = register(&host, "vm", free_port());
    assert_eq!(host.ping_fails(&[NODE]).0, "tcp/port_refused/host");
}

#[test]
fn a_port_that_does_not_answer() {
    let host = Host::new();
    let black_hole = BlackHole::new();
    let _name = register(&host, "vm", black_hole.port);
    let (verdict, what) = host.ping_fails(&[NODE, "--timeout", "1s"]);
    assert_eq!(verdict, "tcp/port_unreachable/network");
    assert!(what.contains("packets to it are lost"), "{what}");
}

#[test]
fn what_is_no_node() {
    let host = Host::new();
    for (name, words, says) in [
        (
            "http",
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            "it speaks HTTP",
        ),
        ("ssh", b"SSH-2.0-OpenSSH_9.2\r\n", "bytes came"),
        ("short", b"\0\x04nope", "another message came"),
        ("word", b"\0\x05smaybe", "another message came"),
    ] {
        let _peer = Peer::that_says(&host, name, words);
        let (verdict, what) = host.ping_fails(&[&format!("{name}@127.0.0.1")]);
        assert_eq!(verdict, "handshake/no_node/host", "{name}");
        if name != "word" {
            assert!(what.contains(says), "{what}");
        }
    }
    let _peer = Peer::new(&host, "closes", drop);
    let verdict = host.ping_fails(&["closes@127.0.0.1"]).0;
    assert_eq!(verdict, "handshake/closed/host");

    let _peer = Peer::new(&host, "silent", |mut stream| wait_for_end(&mut stream));
    let verdict = host.ping_fails(&["silent@127.0.0.1", "--timeout", "1s"]).0;
    assert_eq!(verdict, "handshake/silent/host");
}

#[test]
fn a_node_that_is_stuck() {
    let host = Host::new();
    let _peer = Peer::that_shakes_hands(&host, "vm", "ok", NODE, FLAGS_25);
    let (verdict, what) = host.ping_fails(&[NODE, "--timeout", "1s"]);
    assert_eq!(verdict, "handshake/stuck/node");
    assert!(
        what.contains("did not send the final digest in time"),
        "{what}"
    );
}

#[test]
fn a_node_with_another_name() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    let (verdict, what) = host.ping_fails(&["vm@localhost"]);
    assert_eq!(verdict, "handshake/other_name/caller");
    assert_eq!(
        what,
        "the node that answers for vm@localhost is named vm@127.0.0.1"
    );
}

#[test]
fn a_node_that_allows_only_some() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "net_kernel:allow(['friend@127.0.0.1']),");
    let (verdict, what) = host.ping_fails(&[NODE]);
    assert_eq!(verdict, "handshake/not_allowed/node");
    assert!(what.contains("does not allow beamport-"), "{what}");
    host.run(&["ping", NODE, "--as", "friend@127.0.0.1"]).ok();
}

/// Who has the name already is not thrown out.
#[test]
fn a_name_that_is_connected_already() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    let _other = host.vm(
        "other@127.0.0.1",
        &[],
        &format!("pong = net_adm:ping('{NODE}'),"),
    );
    let (verdict, _) = host.ping_fails(&[NODE, "--as", "other@127.0.0.1"]);
    assert_eq!(verdict, "handshake/alive/caller");
    let nodes = host.run(&["nodes", NODE]).ok();
    assert!(nodes.contains("other@127.0.0.1  visible"), "{nodes}");
    let verdict = host.ping_fails(&[NODE, "--as", NODE]).0;
    assert_eq!(verdict, "name/own_name/caller");
}

#[test]
fn a_node_that_is_too_old_and_one_that_finds_us_too_old() {
    let host = Host::new();
    let _peer = Peer::that_shakes_hands(&host, "vm", "ok", NODE, FLAGS_OLD);
    let (verdict, what) = host.ping_fails(&[NODE]);
    assert_eq!(verdict, "handshake/incompatible/node");
    assert!(what.ends_with("since OTP 23: HANDSHAKE_23"), "{what}");

    let _peer = Peer::that_shakes_hands(&host, "new", "not_allowed", NODE, 0);
    let verdict = host.ping_fails(&["new@127.0.0.1"]).0;
    assert_eq!(verdict, "handshake/not_allowed/node");
}

/// When another command has made up the same name, another is made up, and the second attempt finds what it finds.
#[test]
fn a_made_up_name_that_is_taken_is_changed() {
    let host = Host::new();
    let _peer = Peer::that_shakes_hands(&host, "vm", "alive", NODE, 0);
    // The peer takes one connection only.
    assert_eq!(host.ping_fails(&[NODE]).0, "tcp/port_refused/host");
}

#[test]
fn another_cookie() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    let file = host.home.path().join("other");
    std::fs::write(&file, "OTHER").unwrap();
    let file = file.to_str().unwrap();
    let (verdict, what) = host.ping_fails(&[NODE, "--cookie-file", file]);
    assert_eq!(verdict, "cookie/cookie/either");
    assert!(what.contains(file) && !what.contains("OTHER"), "{what}");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    let port = host.epmd_port.to_string();
    let names = ["names", "127.0.0.1", "--port", &port, "--timeout", "60"];
    let names_as_json = [&names[..], &["--json"]].concat();
    for words in [&["ping", NODE], &names[..], &names_as_json] {
        // Closed before there is anything to print.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = host
            .beamport(words)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{words:?}");
        assert_eq!(output.status.code(), Some(0), "{words:?}");
    }
}
