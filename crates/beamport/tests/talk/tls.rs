//! Nodes that speak TLS.

use crate::certificates::Files;
use crate::host::{Host, Vm};

const NODE: &str = "vm@localhost";

fn vm(host: &Host, files: &Files) -> Vm {
    host.vm(NODE, &files.vm_flags(), "")
}

#[test]
fn nodes_are_reached_over_tls() {
    let host = Host::new();
    let files = Files::write(host.home.path(), "ours", "localhost");
    let _vm = vm(&host, &files);
    let words = |node| [&[node], files.flags().as_slice()].concat();
    let report = host.ping(&words(NODE));
    assert_eq!(report["pong"], true, "{report:#}");
    assert_eq!(report["parts"][4]["stage"], "tls", "{report:#}");
    let call = [&["rpc", NODE, "erlang:node()"], files.flags().as_slice()].concat();
    assert_eq!(host.run(&call).ok(), "vm@localhost\n");

    let (verdict, _) = host.ping_fails(&[NODE]);
    assert!(
        ["handshake/tls_expected/caller", "handshake/closed/host"].contains(&verdict.as_str()),
        "{verdict}"
    );

    // The certificate is for another host than the one dialled.
    let (verdict, what) = host.ping_fails(&words("vm@127.0.0.1"));
    assert_eq!(verdict, "tls/tls_other_host/node");
    assert!(what.contains("localhost"), "{what}");
    let mut whatever = words("vm@127.0.0.1");
    whatever.extend(["--tls-trust", "authorities"]);
    // Then the certificate will do; the node's name is another one all the same.
    let (verdict, _) = host.ping_fails(&whatever);
    assert!(verdict.starts_with("handshake/"), "{verdict}");

    let strangers = Files::write(host.home.path(), "theirs", "localhost");
    let stranger = [&[NODE], strangers.flags().as_slice()].concat();
    assert_eq!(host.ping_fails(&stranger).0, "tls/tls_untrusted/either");
    let mut unknown = Files::write(host.home.path(), "unknown", "localhost");
    unknown.authority = files.authority.clone();
    let unknown = [&[NODE], unknown.flags().as_slice()].concat();
    assert_eq!(host.ping_fails(&unknown).0, "tls/tls_refused/either");
}

#[test]
fn a_node_that_speaks_no_tls() {
    let host = Host::new();
    let files = Files::write(host.home.path(), "ours", "localhost");
    let _vm = host.vm(NODE, &[], "");
    let words = [&[NODE], files.flags().as_slice()].concat();
    assert_eq!(host.ping_fails(&words).0, "tls/tls_not_expected/caller");
}

#[test]
fn certificates_that_cannot_be_read_are_wrong_usage() {
    let host = Host::new();
    let files = Files::write(host.home.path(), "ours", "localhost");
    std::fs::write(&files.key, "nonsense").unwrap();
    let words = [&["rpc", NODE, "erlang:node()"], files.flags().as_slice()].concat();
    let said = host.run(&words).failed(2);
    assert!(said.contains("cannot read the key"), "{said}");
    std::fs::remove_file(&files.key).unwrap();
    let said = host.run(&words).failed(2);
    assert!(said.contains("--tls-key"), "{said}");
    assert_eq!(said.matches("No such file").count(), 1, "{said}");
    let said = host.run(&["ping", NODE, "--tls-cert", "x"]);
    assert_eq!(said.code, 2, "{said:?}");
}
