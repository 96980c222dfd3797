//! Cookies: where they are found, and that they are never shown.

use crate::host::{COOKIE, Host};

const NODE: &str = "vm@127.0.0.1";

#[test]
fn a_cookie_comes_from_a_file_or_a_variable_and_is_in_no_log() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    std::fs::remove_file(host.home.path().join(".erlang.cookie")).unwrap();
    let said = host.run(&["rpc", NODE, "erlang:node()"]).failed(2);
    assert!(said.contains("--cookie-file FILE"), "{said}");

    let mut command = host.beamport(&["ping", NODE, "--log", "trace"]);
    let output = command.env("BEAMPORT_COOKIE", COOKIE).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{said:?}");
    assert!(said[0].contains("the one of BEAMPORT_COOKIE"), "{said:?}");
    assert!(said[1].contains("connected"), "nothing is logged: {said:?}");
    assert!(!said.concat().contains(COOKIE), "{said:?}");
}

#[test]
fn a_cookie_on_the_command_line_is_refused() {
    let host = Host::new();
    for words in [
        &["ping", NODE, "--cookie", "OTHER"][..],
        &["rpc", "--cookie=OTHER", NODE, "erlang:node()"],
    ] {
        let said = host.run(words).failed(2);
        assert!(
            said.contains("there is no flag --cookie: everybody"),
            "{said}"
        );
        assert!(!said.contains("OTHER"), "{said}");
    }
}
