//! Faults at random: five nodes on two hosts, of which three are enough. While there is a fault, every side of it is what its
//! size makes it; after it, all are one cluster again: the same members everywhere, one leader, and all are ready.
//!
//! Which faults come follows from a seed, which is printed: `BEAMPORT_FAULTS_SEED` has them come again. They come for a
//! minute, with `BEAMPORT_LONG` for an hour.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use beamport_lab::{Agent, Host, Image, Lab};

use crate::assemble::{FLAGS, SHOP};
use crate::support::{Node, Recipe, address, agents, all_see, is_long};

const SEED: &str = "BEAMPORT_FAULTS_SEED";

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
            Fault::Kill => self.replace(chosen, "kill")?,
            Fault::Stop => self.replace(chosen, "stop")?,
            Fault::Split => {
                host.link_down()?;
                for number in [1, 2] {
                    all_are_one(&self.side(number))?;
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
                // It sees its neighbours, and the neighbours see all.
                let side = self.side(host.number());
                node.wait_for(phase(&side), &side)?;
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

    /// Ends a container by a command of Docker's, and starts another in its place when the rest are one cluster.
    fn replace(&mut self, number: usize, end: &str) -> Result<()> {
        let node = self.nodes.remove(number);
        node.docker([end])?;
        all_are_one(&self.all())?;
        self.nodes.push(self.start(&node.host)?);
        Ok(())
    }

    fn all(&self) -> Vec<&Node> {
        self.nodes.iter().collect()
    }

    /// The nodes of a host.
    fn side(&self, number: u8) -> Vec<&Node> {
        let of_host = |node: &&Node| node.host.number() == number;
        self.nodes.iter().filter(of_host).collect()
    }
}

/// What so many nodes are together.
fn phase(nodes: &[&Node]) -> &'static str {
    match nodes.len() {
        CONSENSUS.. => "ready",
        _ => "degraded",
    }
}

/// Waits until these are one cluster and no others are in it.
fn all_are_one(nodes: &[&Node]) -> Result<()> {
    all_see(nodes, phase(nodes))
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
    let time = Duration::from_secs(if is_long() { 3600 } else { 60 });
    let mut cluster = Cluster {
        lab: &lab,
        agents: agents(&lab)?,
        nodes: Vec::new(),
    };
    for number in [1, 2, 1, 2, 1] {
        let node = cluster.start(lab.host(number)?)?;
        cluster.nodes.push(node);
    }
    all_see(&cluster.all(), "ready")?;
    let mut chance = Chance(seed);
    let begun = Instant::now();
    let mut faults = Vec::new();
    while begun.elapsed() < time {
        let fault = *FAULTS.get(chance.out_of(FAULTS.len())).context("a fault")?;
        faults.push(fault);
        println!("{:?}: {fault:?}", begun.elapsed());
        cluster
            .befall(fault, &mut chance)
            .and_then(|()| all_see(&cluster.all(), "ready"))
            .with_context(|| format!("{SEED}={seed}, after {faults:?}"))?;
    }
    println!("{SEED}={seed}: {} faults, {faults:?}", faults.len());
    Ok(())
}
