//! Faults that Cloister, which held boots before, was seen to have: none of them is ours.
//!
//! Those that are not here are where such things are tested:
//! - it waited for ever where it was not to name the node, and raised where an interface had no address:
//!   `a_container_without_a_network_or_a_cluster_starts_all_the_same`, in the lab;
//! - its application ended when its monitor crashed: `a_watcher_that_was_killed_is_followed_by_another`;
//! - a callback that raised undid what had happened: `who_listens_is_told_of_every_change_in_order`;
//! - it waited for ever for consensus: `who_waits_in_vain_ends_and_says_whom_it_missed`.

use beamport_term::{Term, atom};
use nix::sys::signal::Signal;

use crate::assemble::{Nodes, ends_with};
use crate::support::wait_until;

const ALL: &str = "['a@127.0.0.1','b@127.0.0.1','c@127.0.0.1']";
const TWO: &str = "['b@127.0.0.1','c@127.0.0.1']";

/// There, whoever was elected in its place was ready with one node less than consensus asks for.
#[test]
fn a_leader_that_dies_leaves_nobody_ready_with_too_few() {
    let nodes = Nodes::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| nodes.start_listed(name, "3"));
    for name in ["a", "b", "c"] {
        nodes.wait_for(name, "members", ALL);
        nodes.wait_for(name, "leader", "'a@127.0.0.1'");
    }
    let halt = [Term::from(137)];
    nodes.call("a", atom!("erlang"), atom!("halt"), &halt);
    for name in ["b", "c"] {
        nodes.wait_for(name, "members", TWO);
        nodes.wait_for(name, "leader", "'b@127.0.0.1'");
        nodes.wait_for(name, "phase", "degraded");
    }
    drop((a, b, c));
}

/// There, nodes were dialled while the cluster assembled, and never again.
#[test]
fn nodes_that_were_disconnected_are_connected_again() {
    let nodes = Nodes::new();
    let [a, b] = ["a", "b"].map(|name| nodes.start_listed(name, "2"));
    nodes.wait_for("a", "phase", "ready");
    nodes.wait_for("b", "phase", "ready");
    let peer = [Term::from(atom!("b@127.0.0.1"))];
    // It says true to who asks while the two are connected.
    let disconnect = || nodes.call("a", atom!("erlang"), atom!("disconnect_node"), &peer);
    for round in 0..3 {
        wait_until(&format!("disconnection {round}"), || {
            disconnect().is_some_and(|done| done.is_atom("true"))
        });
        nodes.wait_for("a", "members", "['a@127.0.0.1','b@127.0.0.1']");
        nodes.wait_for("b", "phase", "ready");
    }
    drop((a, b));
}

/// There, a callback for the end raised whenever a node ended, and the others were not told.
#[test]
fn a_node_that_is_told_to_end_says_so_first_and_ends_in_order() {
    let nodes = Nodes::new();
    let [a, b] = ["a", "b"].map(|name| nodes.start_listed(name, "2"));
    nodes.wait_for("b", "phase", "ready");
    nodes.members_at_start("a");
    a.signal(Signal::SIGTERM);
    let told = ends_with(a, 0);
    let (leaving, gone) = (
        told.find("the node is leaving"),
        told.find("the node is gone"),
    );
    assert!(leaving.is_some() && leaving < gone, "{told}");
    drop(b);
}
