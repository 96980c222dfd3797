//! What the VM's own code sees: `persistent_term:get(beamport)`.
//!
//! ```erlang
//! #{version => 1,
//!   node => 'app@10.0.0.1', cluster => <<"shop">>, phase => ready, consensus => 3,
//!   members => ['app@10.0.0.1', 'app@10.0.0.2', 'app@10.0.0.3'],
//!   places => #{'app@10.0.0.1' => <<"app-1">>, …},
//!   leader => 'app@10.0.0.1',          % undefined, if there is none
//!   ring => {…},                       % gb_trees of points, from their places to nodes
//!   whois => fun((Key) -> Node)}       % undefined, if there is no member
//! ```
//!
//! Reading it copies nothing and takes nanoseconds, in any process; `whois` asks nobody and takes microseconds. The watcher
//! adds `ring` and `whois`, see `whois.erl`. Keys may be added within a version.

use beamport_cluster::membership::Snapshot;
use beamport_dist::FullName;
use beamport_term::{Term, atom};

use super::vm::phase_atom;

/// Grows when a key changes its meaning or goes.
const VERSION: i32 = 1;

pub(super) fn term(snapshot: &Snapshot) -> Term {
    let members = snapshot.members.iter().map(|member| member.name.to_atom());
    let places = snapshot
        .members
        .iter()
        .map(|member| (member.name.to_atom(), member.place.as_str()));
    let leader = snapshot.leader.as_ref().map(FullName::to_atom);
    Term::map([
        (atom!("version"), Term::from(VERSION)),
        (atom!("node"), snapshot.me.to_atom().into()),
        (atom!("cluster"), snapshot.cluster.as_str().into()),
        (atom!("phase"), phase_atom(snapshot.phase).into()),
        (atom!("consensus"), Term::from(snapshot.consensus as u64)),
        (atom!("members"), Term::list(members)),
        (atom!("places"), Term::map(places)),
        (atom!("leader"), leader.unwrap_or(atom!("undefined")).into()),
    ])
}
