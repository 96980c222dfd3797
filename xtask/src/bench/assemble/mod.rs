//! `cargo xtask bench assemble`: how long a boot is held that need not be, and how soon a node's end is known.
//!
//! Three nodes wait for one another: from the moment in which the last VM is up, which is when the port mapper knows its
//! name, to the moment in which the last of the three starts its application. And of five, one is killed: until the last
//! of the others has had its listener called. Cloister asks for its peers every 5 s to 10 s and libcluster, by default,
//! every 5 s: that is what the ratios are against. Neither runs here.

mod nodes;

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::report::{mark, median};
use crate::packages;
use nodes::{Nodes, since};

/// What others wait for, at most and in the middle: half of it is what one waits on average.
const POLL: Duration = Duration::from_secs(5);

/// DESIGN, section 7, in milliseconds.
const GATE_TARGET: f64 = 100.0;
const DOWN_TARGET: f64 = 1000.0;

#[derive(Debug, Args)]
pub(crate) struct AssembleOptions {
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,

    /// How often each is measured
    #[arg(long, default_value_t = 10)]
    rounds: usize,
}

/// Measures, and prints.
pub(crate) fn assemble(options: &AssembleOptions) -> Result<()> {
    packages::ensure_erlang()?;
    let (mut held, mut free) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds.max(1) {
        held.push(milliseconds(gate()?));
        free.push(milliseconds(no_gate()?));
    }
    let down: Vec<f64> = downs(options.rounds.max(1))?
        .into_iter()
        .map(milliseconds)
        .collect();
    let figures = [
        (
            "last of 3 VMs up -> last application starts",
            &held,
            Some(GATE_TARGET),
        ),
        ("VM without gate up -> application starts", &free, None),
        (
            "1 of 5 VMs killed -> last listener called",
            &down,
            Some(DOWN_TARGET),
        ),
    ];
    if options.json {
        let rows = figures.map(|(name, values, most)| {
            json!({ "name": name, "milliseconds": median(values), "worst": worst(values), "most": most })
        });
        println!("{:#}", json!({ "measurements": rows }));
        return Ok(());
    }
    println!("{:<46} {:>12} {:>12}", "", "median [ms]", "worst [ms]");
    for (name, values, most) in figures {
        let middle = median(values);
        let target = most.map_or(String::new(), |most| {
            format!(
                "   a poll of {} s / this: {:.0}x (at most {most} ms){}",
                POLL.as_secs(),
                milliseconds(POLL) / middle,
                mark(middle <= most)
            )
        });
        println!("{name:<46} {middle:>12.1} {:>12.1}{target}", worst(values));
    }
    Ok(())
}

/// From the last VM's being up to the last application's start.
fn gate() -> Result<Duration> {
    let mut nodes = Nodes::new(&["a", "b", "c"])?;
    nodes.start("a", 3)?;
    nodes.start("b", 3)?;
    for name in ["a", "b"] {
        nodes.wait_for_members(name, 2)?;
    }
    nodes.start("c", 3)?;
    let up = nodes.wait_until_up("c")?;
    let mut last = Duration::ZERO;
    for name in ["a", "b", "c"] {
        last = last.max(since(up, nodes.wait_for_application(name)?));
    }
    Ok(last)
}

/// The same for a VM that is not held: what is left is its own boot.
fn no_gate() -> Result<Duration> {
    let mut nodes = Nodes::new(&["a"])?;
    nodes.start_free("a")?;
    let up = nodes.wait_until_up("a")?;
    Ok(since(up, nodes.wait_for_application("a")?))
}

/// From a VM's end to the last listener's being called, so many times.
fn downs(rounds: usize) -> Result<Vec<Duration>> {
    let names = ["a", "b", "c", "d", "e"];
    let mut nodes = Nodes::new(&names)?;
    for name in names {
        nodes.start(name, 3)?;
    }
    let (killed, survivors) = ("e", ["a", "b", "c", "d"]);
    let mut found = Vec::new();
    for round in 0..rounds {
        for name in names {
            nodes.wait_for_members(name, 5)?;
        }
        let at = nodes.kill(killed)?;
        let mut last = Duration::ZERO;
        for name in survivors {
            last = last.max(since(at, nodes.wait_for_members(name, 4)?));
        }
        found.push(last);
        if round + 1 < rounds {
            nodes.start(killed, 3)?;
        }
    }
    Ok(found)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn worst(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
