//! `cargo xtask bench rpc`: what a command costs that asks a node something and ends.
//!
//! Whoever scripts a node runs such a command again and again: `beamport ping` and `beamport rpc` beside OTP's
//! `erl_call` and a VM that is started for one call.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde_json::json;

use super::contenders::Contender;
use super::dist::{COOKIE, Kind, Peer, Surroundings, mapper};
use super::report::{mark, median};
use crate::packages;

/// The node that is asked.
const NODE: &str = "asked@127.0.0.1";

/// A command that takes longer is stuck.
const DEADLINE: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(crate) struct RpcOptions {
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,

    /// How often each command runs
    #[arg(long, default_value_t = 40)]
    rounds: usize,
}

/// Commands, in the order in which they take turns.
const PING: usize = 0;
const RPC: usize = 1;
const ERL_CALL: usize = 2;
const ERL: usize = 3;

/// What is compared: contender, opponent, and the least ratio in wall and processor time (DESIGN, section 7).
const COMPARISONS: [(usize, usize, f64); 4] = [
    (PING, ERL_CALL, 1.0),
    (RPC, ERL_CALL, 1.0),
    (PING, ERL, 30.0),
    (RPC, ERL, 30.0),
];

/// A command's rounds.
struct Measurement {
    name: &'static str,
    wall_milliseconds: Vec<f64>,
    cpu_milliseconds: Vec<f64>,
    /// At most at any time, of all that it had in memory.
    bytes: u64,
}

/// Measures, and prints.
pub(crate) fn rpc(options: &RpcOptions) -> Result<()> {
    packages::ensure_erlang()?;
    let folder = tempfile::tempdir()?;
    let around = Surroundings {
        mapper: mapper::start()?,
        folder: folder.path(),
        tls: false,
    };
    let _vm = Peer::start(Kind::Otp, "asked", around)?;
    let mut measurements = [
        "beamport ping",
        "beamport rpc",
        "erl_call -a",
        "erl -noinput -eval",
    ]
    .map(|name| Measurement {
        name,
        wall_milliseconds: Vec::new(),
        cpu_milliseconds: Vec::new(),
        bytes: 0,
    });
    // The first round fills the caches; the last tells the memory, which takes watching.
    for round in 0..=options.rounds.max(1) {
        for (which, measurement) in measurements.iter_mut().enumerate() {
            let (wall, cpu) = run(command(which, around.mapper)?)?;
            if round > 0 {
                measurement.wall_milliseconds.push(wall);
                measurement.cpu_milliseconds.push(cpu);
            }
        }
    }
    for (which, measurement) in measurements.iter_mut().enumerate() {
        measurement.bytes = most_memory(command(which, around.mapper)?)?;
    }
    if options.json {
        println!("{:#}", json(&measurements));
    } else {
        print(&measurements);
    }
    Ok(())
}

fn command(which: usize, mapper: u16) -> Result<Command> {
    let mut command = match which {
        PING | RPC => Contender::our_program()?,
        ERL_CALL => Command::new("erl_call"),
        _ => Command::new("erl"),
    };
    match which {
        PING => command.args(["ping", NODE]),
        RPC => command.args(["rpc", NODE, "erlang:length([a, b, c])"]),
        ERL_CALL => command
            .args(["-r", "-c", COOKIE, "-name", NODE])
            .args(["-a", "erlang length [[a,b,c]]"]),
        _ => command
            .args(["-name", "asker@127.0.0.1", "-setcookie", COOKIE, "-hidden"])
            .args(["-start_epmd", "false", "-noinput", "-eval"])
            .arg(format!(
                "io:format(\"~p~n\", [rpc:call('{NODE}', erlang, length, [[a, b, c]])]), halt()."
            )),
    };
    command
        .env("ERL_EPMD_PORT", mapper.to_string())
        .env("BEAMPORT_COOKIE", COOKIE)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    Ok(command)
}

/// Runs a command to its end: milliseconds of wall and of processor time.
fn run(mut command: Command) -> Result<(f64, f64)> {
    let before = cpu_of_children()?;
    let start = Instant::now();
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let wall = start.elapsed();
    ensure!(status.success(), "{command:?} failed: {status}");
    let cpu = cpu_of_children()? - before;
    Ok((wall.as_secs_f64() * 1e3, cpu))
}

/// Milliseconds, of all children that have ended.
fn cpu_of_children() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let microseconds =
        usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(microseconds as f64 / 1e3)
}

/// Runs a command and looks at its memory all the while. What the kernel tells afterwards would count this process
/// too, from which it was forked.
fn most_memory(mut command: Command) -> Result<u64> {
    let mut child = command.spawn()?;
    let file = format!("/proc/{}/status", child.id());
    let start = Instant::now();
    let mut most = 0;
    let ours = fs::read_link("/proc/self/exe")?;
    let exe = format!("/proc/{}/exe", child.id());
    while child.try_wait()?.is_none() && start.elapsed() < DEADLINE {
        // Before it has become the command it is this program still.
        if fs::read_link(&exe).is_ok_and(|exe| exe != ours) {
            let status = fs::read_to_string(&file).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
            most = most.max(kilobytes.unwrap_or(0) * 1024);
        }
    }
    let _ = child.kill();
    child.wait()?;
    Ok(most)
}

/// How many times as much the opponent takes, in wall and in processor time.
fn ratios(ours: &Measurement, theirs: &Measurement) -> [f64; 2] {
    let ratio = |ours: &[f64], theirs: &[f64]| {
        let ratios: Vec<f64> = theirs.iter().zip(ours).map(|(a, b)| a / b).collect();
        median(&ratios)
    };
    [
        ratio(&ours.wall_milliseconds, &theirs.wall_milliseconds),
        ratio(&ours.cpu_milliseconds, &theirs.cpu_milliseconds),
    ]
}

fn comparisons(
    measurements: &[Measurement],
) -> impl Iterator<Item = (&Measurement, &Measurement, [f64; 2], f64)> {
    COMPARISONS.iter().filter_map(|&(ours, theirs, least)| {
        let (ours, theirs) = (measurements.get(ours)?, measurements.get(theirs)?);
        Some((ours, theirs, ratios(ours, theirs), least))
    })
}

fn json(measurements: &[Measurement]) -> serde_json::Value {
    let rows: Vec<_> = measurements
        .iter()
        .map(|m| {
            json!({
                "name": m.name,
                "wall_milliseconds": median(&m.wall_milliseconds),
                "cpu_milliseconds": median(&m.cpu_milliseconds),
                "bytes": m.bytes,
            })
        })
        .collect();
    let ratios: Vec<_> = comparisons(measurements)
        .map(|(ours, theirs, [wall, cpu], least)| {
            json!({ "contender": ours.name, "opponent": theirs.name, "wall": wall, "cpu": cpu, "least": least })
        })
        .collect();
    json!({ "measurements": rows, "ratios": ratios })
}

fn print(measurements: &[Measurement]) {
    println!(
        "{:<20} {:>10} {:>10} {:>12}",
        "", "wall [ms]", "CPU [ms]", "memory [MB]"
    );
    for m in measurements {
        println!(
            "{:<20} {:>10.2} {:>10.2} {:>12.1}",
            m.name,
            median(&m.wall_milliseconds),
            median(&m.cpu_milliseconds),
            m.bytes as f64 / 1e6
        );
    }
    println!();
    for (ours, theirs, [wall, cpu], least) in comparisons(measurements) {
        println!(
            "{} / {}: wall {wall:.1}x{}, CPU {cpu:.1}x{} (at least {least:.0}x)",
            theirs.name,
            ours.name,
            mark(wall >= least),
            mark(cpu >= least)
        );
    }
}
