//! Faults at random: five nodes on two hosts, of which three are enough. While there is a fault, every side of it is what its
//! size makes it; after it, all are one cluster again: the same members everywhere, one leader, and all are ready.
//!
//! Which faults come follows from a seed, which is printed: `BEAMPORT_FAULTS_SEED` has them come again. They come for a
//! minute, with `BEAMPORT_LONG` for an hour.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use beamport_lab::{Agent, Host, Image, Lab};

use crate::assemble::{FLAGS, SHOP, all_see};
use crate::support::{Node, Recipe, address, agents};

const SEED: &str = "BEAMPORT_FAULTS_SEED";
const LONG: &str = "BEAMPORT_LONG";

/// How many nodes a side needs to be ready, as `FLAGS` have it.
const CONSENSUS: usize = 3;

/// A linear congruential generator: the upper half is random enough.
struct Chance(u64);

impl Chance {
    fn out_of(&mut self, count: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    /// A container is killed, and another started in its place.
    Kill,
    /// A container is told to stop, and another started in its place.
    Stop,
    /// A container is started again: it has another port, and is the same node.
    Restart,
    /// The hosts do not reach each other.
    Split,
    /// One node does not reach the other host's, which its neighbours do.
    CutOff,
    /// An agent is killed, and started again.
    Agent,
}

const FAULTS: [Fault; 6] = [
    Fault::Kill,
    Fault::Stop,
    Fault::Restart,
    Fault::Split,
    Fault::CutOff,
    Fault::Agent,
];

struct Cluster<'a> {
    lab: &'a Lab,
    agents: Vec<Agent>,
    nodes: Vec<Node>,
}

impl Cluster<'_> {
    fn start(&self, host: &Host) -> Result<Node> {
        // Left alone, `global` takes down what is no mesh, and which nodes go is chance of another kind.
        let alone = ["-kernel", "prevent_overlapping_partitions", "false"];
        let command = [SHOP, &alone].concat();
        let image = match host.number() {
            1 => Image::Otp25,
            _ => Image::Otp27,
        };
        let recipe = Recipe {
            run: FLAGS,
            command: &command,
            ..Recipe::plain(image)
        };
        recipe.start(self.lab, host)
    }

    fn befall(&mut self, fault: Fault, chance: &mut Chance) -> Result<()> {
        let chosen = chance.out_of(self.nodes.len());
        let node = self.nodes.get(chosen).context("a node")?;
        let host = node.host.clone();
        match fault {
            Fault::Restart => {
                node.docker(["restart"])?;
            }
            Fault::Kill | Fault::Stop => {
                node.docker([if matches!(fault, Fault::Kill) {
                    "kill"
                } else {
                    "stop"
                }])?;
                self.nodes.remove(chosen);
                all_see(&self.others(|_| true), self.phase(|_| true))?;
                self.nodes.push(self.start(&host)?);
            }
            Fault::Split => {
                host.link_down()?;
                for number in [1, 2] {
                    let side = |node: &Node| node.host.number() == number;
                    all_see(&self.others(side), self.phase(side))?;
                }
                host.link_up()?;
            }
            Fault::CutOff => {
                let other = self
                    .lab
                    .hosts()
                    .iter()
                    .find(|it| it.number() != host.number());
                let alone = address(&host, &node.container)?.parse()?;
                host.cut_off(alone, other.context("another host")?)?;
                let side = |it: &Node| it.host.number() == host.number();
                // It sees its neighbours, and the neighbours see all.
                node.wait_for(self.phase(side), &self.others(side))?;
                host.repair_link()?;
            }
            Fault::Agent => {
                let number = usize::from(host.number()) - 1;
                let agent = self.agents.get_mut(number).context("an agent")?;
                agent.kill9()?;
                agent.start()?;
            }
        }
        Ok(())
    }

    fn others(&self, which: impl Fn(&Node) -> bool) -> Vec<&Node> {
        self.nodes.iter().filter(|node| which(node)).collect()
    }

    /// What so many nodes are together.
    fn phase(&self, which: impl Fn(&Node) -> bool) -> &'static str {
        match self.others(which).len() {
            CONSENSUS.. => "ready",
            _ => "degraded",
        }
    }
}

#[test]
fn after_every_fault_all_nodes_are_one_cluster_again() -> Result<()> {
    let lab = Lab::attach()?;
    let seed = match std::env::var(SEED) {
        Ok(seed) => seed
            .parse()
            .with_context(|| format!("{SEED} is no number"))?,
        Err(_) => RandomState::new().hash_one(()),
    };
    let time = match std::env::var_os(LONG) {
        Some(_) => Duration::from_secs(3600),
        None => Duration::from_secs(60),
    };
    let mut cluster = Cluster {
        lab: &lab,
        agents: agents(&lab)?,
        nodes: Vec::new(),
    };
    for number in [1, 2, 1, 2, 1] {
        let node = cluster.start(lab.host(number)?)?;
        cluster.nodes.push(node);
    }
    all_see(&cluster.others(|_| true), "ready")?;
    let mut chance = Chance(seed);
    let begun = Instant::now();
    let mut faults = Vec::new();
    while begun.elapsed() < time {
        let fault = *FAULTS.get(chance.out_of(FAULTS.len())).context("a fault")?;
        faults.push(fault);
        println!("{:?}: {fault:?}", begun.elapsed());
        cluster
            .befall(fault, &mut chance)
            .and_then(|()| all_see(&cluster.others(|_| true), "ready"))
            .with_context(|| format!("{SEED}={seed}, after {faults:?}"))?;
    }
    println!("{SEED}={seed}: {} faults, {faults:?}", faults.len());
    Ok(())
}
