//! `beamport whois`, as a user calls it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of tests may fail as a test may: its failure is the message"
)]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const NODES: &str = "--nodes=cloister@172.26.0.2,cloister@172.26.0.3,cloister@172.26.0.4,cloister@172.26.0.5,\
                     cloister@172.26.0.6";

fn whois(arguments: &[&str], input: &str) -> Output {
    let mut whois = Command::new(env!("CARGO_BIN_EXE_beamport"))
        .arg("whois")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Dropped at once, so that it reads to the end; it may have ended before.
    let _ = whois.stdin.take().unwrap().write_all(input.as_bytes());
    whois.wait_with_output().unwrap()
}

fn answer(arguments: &[&str], input: &str) -> String {
    let output = whois(arguments, input);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn refusal(arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let output = whois(arguments, input);
    let message = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), message)
}

fn owner(number: u8) -> String {
    format!("cloister@172.26.0.{number}\n")
}

/// From libring 1.7.0 in a VM.
#[test]
fn keys_have_the_owners_they_have_with_libring() {
    for (key, number) in [
        ("1", 3),
        ("42", 4),
        ("<<\"user:1\">>", 5),
        ("{myworker, 123}", 2),
    ] {
        assert_eq!(answer(&[NODES, key], ""), owner(number), "{key}");
    }
    let all = answer(&[NODES, "1", "42"], "");
    assert_eq!(all, owner(3) + &owner(4));
    let elixir = ["--syntax=elixir", NODES, "\"user:1\"", "{:myworker, 123}"];
    assert_eq!(answer(&elixir, ""), owner(5) + &owner(2));
}

#[test]
fn atoms_have_another_owner_from_otp_26_on() {
    let owners = |release| {
        let keys: String = ('a'..='z').map(|letter| format!("{letter}\n")).collect();
        answer(&[NODES, "--otp", release, "--stdin"], &keys)
    };
    assert_eq!(owners("26"), owners("29"));
    assert_eq!(owners("24"), owners("25"));
    assert_ne!(owners("25"), owners("26"));
}

#[test]
fn a_node_s_weight_counts() {
    let keys: String = (0..1000).map(|n| format!("{n}\n")).collect();
    let share = |weight: &str| {
        let arguments = ["--nodes=a@h,b@h", weight, "--stdin"];
        let owners = answer(&arguments, &keys);
        owners.lines().filter(|owner| *owner == "a@h").count()
    };
    assert!(share("--weight=a@h=1") < 100);
    assert!(share("--weight=b@h=1") > 900);
}

#[test]
fn lines_are_answered_until_one_is_no_key() {
    let output = whois(&[NODES, "--stdin", "--json"], "1\n42\n{ok\n1\n");
    assert_eq!(output.status.code(), Some(2));
    let answers = String::from_utf8(output.stdout).unwrap();
    let owners: Vec<serde_json::Value> = answers
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        owners,
        [
            serde_json::json!({ "key": "1", "owner": owner(3).trim() }),
            serde_json::json!({ "key": "42", "owner": owner(4).trim() }),
        ]
    );
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("line 3: ") && message.contains("{ok"),
        "{message}"
    );
}

#[test]
fn what_is_wrong_with_the_question_is_said() {
    for (arguments, said) in [
        (
            &["--state-dir=/nowhere", "1"][..],
            "--nodes a@host1,b@host2",
        ),
        (&["--nodes=a", "1"], "a node is NAME@HOST"),
        (
            &["--nodes=a@h", "--weight=b@h=3", "1"],
            "is not among --nodes",
        ),
        (&["--nodes=a@h", "--weight=a@h=0", "1"], "a weight is 1 to"),
        (&["--nodes=a@h", "{ok"], "{ok"),
        (&["--nodes=a@h"], "required"),
    ] {
        let (code, message) = refusal(arguments, "");
        assert_eq!(code, Some(2), "{message}");
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn where_nothing_serves_the_flag_that_says_where_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let (code, message) = refusal(&["--at", &address, "1"], "");
    assert_eq!(code, Some(69), "{message}");
    assert!(message.contains("--at"), "{message}");
    assert_eq!(
        message.matches("Connection refused").count(),
        1,
        "{message}"
    );
}
