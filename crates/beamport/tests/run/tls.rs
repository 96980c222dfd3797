//! Clusters whose nodes speak TLS with one another, and with the command that keeps them together.

use beamport_dist::tls::{self, Tls, Trust};

use crate::assemble::{LIST, Nodes, ends_with};
use crate::certificates::Files;
use crate::support::Surroundings;

#[test]
fn nodes_that_speak_tls_are_held_and_kept_like_others() {
    let surroundings = Surroundings::new();
    let files = Files::write(surroundings.folder.path(), "ours", "127.0.0.1");
    let paths = tls::Files {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        authorities: files.authority.clone(),
    };
    let tls = Tls::from_files(&paths, Trust::Hosts).unwrap();
    let nodes = Nodes::in_surroundings(surroundings, Some(tls));
    let flags = [
        &["--sentry", LIST, "--consensus", "2"],
        files.flags().as_slice(),
    ]
    .concat();
    let vm_flags = files.vm_flags();
    let _a = nodes.start_with("a", &flags, &vm_flags);
    nodes.wait_for("a", "members", "['a@127.0.0.1']");
    nodes.wait_for("a", "phase", "assembling");
    assert!(!nodes.mark("a").exists(), "started alone");
    let b = nodes.start_with("b", &flags, &vm_flags);
    for name in ["a", "b"] {
        assert_eq!(
            nodes.members_at_start(name),
            "['a@127.0.0.1','b@127.0.0.1']"
        );
    }
    drop(b);
    nodes.wait_for("a", "phase", "degraded");
}

#[test]
fn a_vm_that_speaks_tls_lets_nobody_in_who_does_not_and_that_is_told() {
    let surroundings = Surroundings::new();
    let files = Files::write(surroundings.folder.path(), "ours", "127.0.0.1");
    let nodes = Nodes::in_surroundings(surroundings, None);
    let flags = [
        "--sentry",
        LIST,
        "--consensus",
        "2",
        "--consensus-timeout",
        "10",
    ];
    let told = ends_with(nodes.start_with("a", &flags, &files.vm_flags()), 75);
    assert!(
        told.contains("the VM does not let this command in"),
        "{told}"
    );
}
