//! `cargo xtask bench agent`: what it costs to resolve names through an agent that knows a thousand containers.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::EpmdOptions;
use super::contenders::Contender;
use super::report::{Measurement, mark, median};
use super::{docker, load, process};

/// Containers in the agent's directory, and names at our port mapper.
const NAMES: usize = 1000;

/// Names at stock epmd: more than 1 018 it cannot hold.
const STOCK_NAMES: usize = 900;

/// The least share of stock epmd's lookups, and the most memory in use (DESIGN, section 7).
const LEAST_RATIO: f64 = 0.9;
const MOST_BYTES: u64 = 20 << 20;

const WARM_UP: Duration = Duration::from_millis(100);
const DEADLINE: Duration = Duration::from_secs(60);

/// Measures, and prints.
pub(crate) fn agent(options: &EpmdOptions) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("docker.sock");
    let _process = docker::serve(&socket, NAMES)?;
    let contenders = [
        ("stock epmd, 900 names", Contender::stock(STOCK_NAMES)?),
        ("beamport epmd, 1 000 names", Contender::ours(NAMES)?),
        (
            "beamport agent, 1 000 containers",
            Contender::agent(NAMES, &socket)?,
        ),
    ];
    let [(_, stock), _, (_, agent)] = &contenders;
    wait_known(agent)?;
    let mut rounds = contenders
        .each_ref()
        .map(|(name, _)| Measurement::new(name));
    let time = Duration::from_millis(options.time);
    for _ in 0..options.rounds.max(1) {
        for ((_, contender), round) in contenders.iter().zip(&mut rounds) {
            load::look_up(contender.address, contender.names, WARM_UP)?;
            let before = process::cpu_time(contender.pid())?;
            let measured = load::look_up(contender.address, contender.names, time)?;
            round.add(&measured, process::cpu_time(contender.pid())? - before);
        }
    }
    let [in_stock, _, in_agent] = &rounds;
    let ratios: Vec<f64> = in_agent
        .lookups_per_second
        .iter()
        .zip(&in_stock.lookups_per_second)
        .map(|(ours, theirs)| ours / theirs)
        .collect();
    let ratio = median(&ratios);
    let resident = [
        process::resident(agent.pid())?,
        process::resident(stock.pid())?,
    ];
    if options.json {
        let report = json!({
            "measurements": rounds.each_ref().map(Measurement::row),
            "lookups_agent_to_stock": ratio,
            "resident_bytes": { "agent": resident[0], "stock epmd": resident[1] },
        });
        println!("{report:#}");
        return Ok(());
    }
    print!("{}", super::report::table(&rounds));
    println!(
        "\nlookups, agent / stock epmd: {ratio:.2} (at least {LEAST_RATIO:.2}){}",
        mark(ratio >= LEAST_RATIO)
    );
    println!(
        "memory in use: agent {:.1} MB (at most 20){}, stock epmd {:.1} MB",
        resident[0] as f64 / 1e6,
        mark(resident[0] <= MOST_BYTES),
        resident[1] as f64 / 1e6
    );
    Ok(())
}

/// Waits until the agent knows all containers: the last name is answered.
fn wait_known(agent: &Contender) -> Result<()> {
    let deadline = Instant::now() + DEADLINE;
    while load::look_up(agent.address, agent.names, WARM_UP).is_err() {
        ensure!(
            Instant::now() < deadline,
            "the agent does not know its containers in time"
        );
    }
    Ok(())
}
