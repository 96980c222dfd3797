//! Clusters of up to a thousand nodes under a virtual clock: `cargo test -p beamport-cluster --test simulation`.
//!
//! What chance decides follows from seeds that stand here: a failure repeats.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of tests may fail as a test may: its failure is the message"
)]

mod chance;
mod world;

use std::time::Duration;

use beamport_cluster::membership::Phase;
use world::{World, name};

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// So many nodes that start within two seconds.
fn cold_start(seed: u64, nodes: usize, consensus: usize, loss: f64, dns_faults: f64) -> World {
    let mut world = World::new(seed, consensus);
    world.loss = loss;
    world.dns_faults = dns_faults;
    for number in 0..nodes {
        world.start(number);
        world.pass(seconds(2) / nodes as u32);
    }
    world
}

fn converges(world: &mut World, most: Duration) -> Duration {
    let took = world.pass_until("every node knows the truth", most, World::is_converged);
    let snapshots: Vec<_> = world
        .running()
        .map(|(_, node)| node.membership.snapshot())
        .collect();
    if let [first, rest @ ..] = &snapshots[..] {
        for other in rest {
            assert_eq!(other.leader, first.leader);
            assert_eq!(other.members, first.members);
        }
    }
    took
}

#[test]
fn three_nodes_are_ready_when_the_third_is_there() {
    let mut world = World::new(1, 3);
    world.start(0);
    world.start(1);
    world.pass(seconds(30));
    assert!(world.running().all(|(_, node)| node.opened.is_none()));
    world.start(2);
    let took = world.pass_until("all are open", seconds(1), |world| {
        world.running().all(|(_, node)| node.opened.is_some())
    });
    assert!(took <= Duration::from_millis(100), "{took:?}");
}

#[test]
fn a_node_alone_is_ready_if_one_is_enough() {
    let mut world = World::new(1, 1);
    world.start(0);
    assert!(world.node(0).opened.is_some());
    assert_eq!(world.node(0).membership.phase(), Phase::Ready);
}

#[test]
fn a_killed_node_is_gone_and_comes_back() {
    let mut world = cold_start(2, 5, 3, 0.0, 0.0);
    converges(&mut world, seconds(5));
    world.kill(0);
    assert!(world.is_converged());
    let leader = world.node(1).membership.snapshot().leader;
    assert_eq!(leader, Some(name(1)));
    world.kill(1);
    world.kill(2);
    assert!(
        world
            .running()
            .all(|(_, node)| node.membership.phase() == Phase::Degraded)
    );
    world.start(0);
    converges(&mut world, seconds(5));
    assert!(
        world
            .running()
            .all(|(_, node)| node.membership.phase() == Phase::Ready)
    );
    assert_eq!(world.node(4).membership.snapshot().leader, Some(name(0)));
}

#[test]
fn who_leaves_is_no_member_before_it_stops() {
    let mut world = cold_start(3, 5, 1, 0.0, 0.0);
    converges(&mut world, seconds(5));
    world.leave(4);
    let before = world.now;
    world.pass_until("the node has stopped", seconds(1), |world| {
        world.numbers().len() == 4
    });
    assert!(
        world.now - before < seconds(1),
        "it waited for its deadline"
    );
    assert!(world.is_converged());
}

#[test]
fn halves_that_are_cut_off_are_each_whole_and_heal() {
    let mut world = cold_start(4, 5, 3, 0.0, 0.0);
    converges(&mut world, seconds(5));
    let halves = |world: &mut World, act: fn(&mut World, usize, usize)| {
        for a in 0..2 {
            for b in 2..5 {
                act(world, a, b);
            }
        }
    };
    halves(&mut world, World::cut);
    world.pass_until("both halves know", seconds(10), World::is_converged);
    let phases: Vec<_> = world
        .running()
        .map(|(_, node)| node.membership.phase())
        .collect();
    assert_eq!(
        phases,
        [
            Phase::Degraded,
            Phase::Degraded,
            Phase::Ready,
            Phase::Ready,
            Phase::Ready
        ]
    );
    assert_eq!(world.node(3).membership.snapshot().leader, Some(name(2)));
    halves(&mut world, World::mend);
    converges(&mut world, seconds(20));
}

#[test]
fn a_missing_side_of_a_triangle_is_named() {
    let mut world = cold_start(5, 3, 1, 0.0, 0.0);
    converges(&mut world, seconds(5));
    world.cut(1, 2);
    world.pass_until("the problem is known", seconds(15), |world| {
        let problems = world.node(0).membership.snapshot().problems;
        problems.iter().any(|p| {
            p.to_string()
                .contains("node0001@10.0.0.1 and node0002@10.0.0.1")
        })
    });
    world.mend(1, 2);
    converges(&mut world, seconds(20));
    world.pass_until("the problem is over", seconds(15), |world| {
        world.node(0).membership.snapshot().problems.is_empty()
    });
}

#[test]
fn loss_and_lying_name_servers_delay_and_do_no_more() {
    for seed in [11, 12, 13] {
        let mut world = cold_start(seed, 50, 26, 0.3, 0.3);
        converges(&mut world, seconds(120));
        world.pass(seconds(120));
        assert!(world.is_converged(), "seed {seed}");
    }
}

/// Kills, cuts, starts at random; then peace.
#[test]
fn after_every_fault_the_truth_is_found() {
    for seed in 100..120 {
        let mut world = cold_start(seed, 7, 4, 0.1, 0.2);
        for _ in 0..60 {
            let (a, b) = (world.chance.out_of(7), world.chance.out_of(7));
            match world.chance.out_of(5) {
                0 => world.kill(a),
                1 if a != b => world.cut(a, b),
                2 => world.mend(a, b),
                3 if world.numbers().contains(&a) => world.leave(a),
                _ if !world.numbers().contains(&a) => world.start(a),
                _ => {}
            }
            let pause = world.chance.out_of(4000) as u64;
            world.pass(Duration::from_millis(pause));
        }
        for a in 0..7 {
            for b in 0..a {
                world.mend(a, b);
            }
            if !world.numbers().contains(&a) {
                world.start(a);
            }
        }
        (world.loss, world.dns_faults) = (0.0, 0.0);
        converges(&mut world, seconds(60));
    }
}

/// What a node did, on average.
#[derive(Debug, Clone, Copy)]
struct Cost {
    messages: f64,
    lookups: f64,
}

/// What was done since the beginning, divided among so many nodes.
fn cost(world: &World, nodes: usize) -> Cost {
    Cost {
        messages: world.sent as f64 / nodes as f64,
        lookups: world.lookups as f64 / nodes as f64,
    }
}

/// Starts nodes, loses dials, has name servers lie, and restarts every node in turn.
fn a_life(seed: u64, nodes: usize) -> Cost {
    let mut world = cold_start(seed, nodes, nodes / 2 + 1, 0.3, 0.3);
    let opened = world.pass_until("all are open", seconds(60), |world| {
        world.running().all(|(_, node)| node.opened.is_some())
    });
    let whole = converges(&mut world, seconds(120));
    let cold = cost(&world, nodes);
    // As an orchestrator does it: so many at a time, the next when these are back.
    let batch = nodes / 20;
    for first in (0..nodes).step_by(batch) {
        let restarted = first..nodes.min(first + batch);
        restarted.clone().for_each(|number| world.leave(number));
        world.pass_until("they have left", seconds(10), |world| {
            restarted
                .clone()
                .all(|number| !world.numbers().contains(&number))
        });
        restarted.clone().for_each(|number| world.start(number));
        world.pass_until("they are ready", seconds(60), |world| {
            restarted
                .clone()
                .all(|number| world.node(number).membership.phase() == Phase::Ready)
        });
    }
    let again = converges(&mut world, seconds(120));
    let all = cost(&world, nodes);
    println!(
        "{nodes} nodes, seed {seed}: open {opened:?}, whole {whole:?} more after the last start, with {:.0} messages and \
         {:.1} look-ups a node; a rolling restart took {:.0} messages and {:.1} look-ups more, and was over {again:?} \
         after the last was ready",
        cold.messages,
        cold.lookups,
        all.messages - cold.messages,
        all.lookups - cold.lookups,
    );
    all
}

#[test]
fn what_a_node_does_grows_no_faster_than_the_cluster() {
    let few = a_life(7, 50);
    // A thousand take minutes of arithmetic.
    let many = match std::env::var_os("BEAMPORT_LONG") {
        Some(_) => 1000,
        None => 150,
    };
    let times = f64::from(many) / 50.0;
    let many = a_life(8, many as usize);
    // What is lost by chance makes some difference.
    assert!(
        many.messages / few.messages <= 1.2 * times,
        "{few:?} {many:?}"
    );
    assert!(many.lookups / few.lookups <= 1.5, "{few:?} {many:?}");
}
