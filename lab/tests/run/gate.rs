//! The boot gate: no application starts before three nodes are connected, whatever the VM, and however often.
//!
//! All three nodes of a run are in one container, since it is the VM that is to be held, hundreds of times, and not Docker
//! that is to be tried. The applications say themselves what they see when they start.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use beamport_lab::{Image, Lab, wait_until};

use crate::support::{COOKIE, Node, is_long};

/// Makes a release with Erlang's own means.
const ERLANG: &str = include_str!("gate/erlang.sh");

/// Makes one with mix.
const ELIXIR: &str = include_str!("gate/elixir.sh");

/// Starts three nodes of it, again and again.
const PROOF: &str = include_str!("gate/proof.sh");

/// To make a release, while others are made.
const MAKING: Duration = Duration::from_secs(300);

/// A run, while others go on, and on a machine that has other things to do.
const RUN: Duration = Duration::from_secs(60);

/// What is told of a run in which the gate held.
const HELD: [&str; 5] = [
    "a run begins",
    "the third begins",
    "'a@127.0.0.1' started beside ['b@127.0.0.1','c@127.0.0.1']",
    "'b@127.0.0.1' started beside ['a@127.0.0.1','c@127.0.0.1']",
    "'c@127.0.0.1' started beside ['a@127.0.0.1','b@127.0.0.1']",
];

#[test]
fn no_application_starts_before_three_nodes_are_connected() -> Result<()> {
    let lab = Lab::attach()?;
    // As often as was promised takes half an hour.
    let runs = if is_long() { 100 } else { 2 };
    let plain = lab.otps().into_iter().map(|image| (image, ERLANG));
    let mix = [Image::Elixir114, Image::Elixir118].map(|image| (image, ELIXIR));
    // All at a time, since most of a run is waiting.
    let nodes: Vec<Node> = plain
        .chain(mix)
        .map(|(image, release)| start(&lab, image, release, runs))
        .collect::<Result<_>>()?;
    nodes.iter().try_for_each(|node| held(node, runs))
}

fn start(lab: &Lab, image: Image, release: &str, runs: u32) -> Result<Node> {
    let host = lab.host(1)?;
    let mount = format!("{}:/usr/local/bin/beamport:ro", lab.binary().display());
    let variable = format!("RUNS={runs}");
    let reference = lab.image(image)?;
    let script = [release, PROOF].concat();
    let words = ["run", "-d", "-v", &mount, "-e", COOKIE, "-e", &variable];
    let container = host.docker([&words[..], &[&reference, "sh", "-ec", &script]].concat())?;
    Ok(Node {
        host: host.clone(),
        name: image.to_string(),
        container,
    })
}

/// Waits until all runs are over, and wants of each that the gate held.
fn held(node: &Node, runs: u32) -> Result<()> {
    let image = &node.name;
    let mut state = String::new();
    let format = "{{.State.Status}} {{.State.ExitCode}}";
    wait_until(&format!("{image} to be done"), MAKING + RUN * runs, || {
        state = node
            .docker(["inspect", "--format", format])
            .unwrap_or_default();
        state.starts_with("exited")
    })
    .with_context(|| told(node))?;
    ensure!(state == "exited 0", "{image}: {state}: {}", told(node));
    let log = node.docker(["logs"])?;
    let mut lines: Vec<&str> = log.lines().skip_while(|line| *line != HELD[0]).collect();
    for run in lines.chunks_mut(HELD.len()) {
        // Who of the three is first is open.
        if let [_, _, started @ ..] = run {
            started.sort_unstable();
        }
        ensure!(run == HELD, "{image}: a run went like this: {run:#?}");
    }
    let held = lines.len() / HELD.len();
    ensure!(held == runs as usize, "{image}: {held} runs of {runs}");
    eprintln!("{image}: held in {held} runs of {runs}");
    Ok(())
}

/// All that is known of runs that went wrong.
fn told(node: &Node) -> String {
    let last = node
        .host
        .docker([
            "exec",
            &node.container,
            "sh",
            "-c",
            "tail -n 20 /tmp/told /tmp/*.log",
        ])
        .unwrap_or_default();
    format!("{}\n{last}", node.logs())
}
