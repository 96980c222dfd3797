//! `cargo xtask bench dist`: messages between nodes, of Rust and of OTP, over TCP and over TLS.
//!
//! Whoever sends and whoever receives does the same work: `{data, Binary}` to a registered process, which counts them
//! and answers at the end.

mod certificate;
pub(super) mod mapper;
mod peer;
mod report;
mod traffic;

use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::process::cpu_time;
use crate::packages;
pub(super) use peer::{COOKIE, Kind, Peer, Surroundings};
use report::{Figures, Report, Series};
pub(crate) use traffic::{TrafficOptions, serve};

#[derive(Debug, Args)]
pub(crate) struct DistOptions {
    /// Print one JSON object instead of a table
    #[arg(long)]
    json: bool,

    /// How often each contender is measured
    #[arg(long, default_value_t = 7)]
    rounds: usize,

    /// Without TLS
    #[arg(long)]
    no_tls: bool,

    /// How many messages make a measurement, in percent of what suits a quiet machine
    #[arg(long, default_value_t = 100, value_name = "PERCENT")]
    messages: usize,
}

/// Who sends, and who receives; the first are those that the others are compared with.
const PAIRS: [(&str, Kind, Kind); 4] = [
    ("OTP to OTP", Kind::Otp, Kind::Otp),
    ("OTP to Rust", Kind::Otp, Kind::Rust),
    ("Rust to OTP", Kind::Rust, Kind::Otp),
    ("Rust to Rust", Kind::Rust, Kind::Rust),
];

/// Binaries, and how many of them make a measurement of some tenths of a second.
const LOADS: [(&str, usize, usize); 5] = [
    ("8 B", 8, 200_000),
    ("100 B", 100, 200_000),
    ("1 KiB", 1 << 10, 100_000),
    ("64 KiB", 64 << 10, 4_000),
    ("1 MiB", 1 << 20, 300),
];

/// What goes to and fro.
const ECHO_BYTES: usize = 100;
const ECHOES: usize = 2_000;

/// Measures, and prints.
pub(crate) fn dist(options: &DistOptions) -> Result<()> {
    packages::ensure_erlang()?;
    let mapper = mapper::start()?;
    let mut report = Report::default();
    for (transport, tls) in [("TCP", false), ("TLS 1.3", true)] {
        if tls && options.no_tls {
            continue;
        }
        let folder = tempfile::tempdir()?;
        certificate::write(folder.path())?;
        let around = Surroundings {
            mapper,
            folder: folder.path(),
            tls,
        };
        let series = measure(transport, around, options)?;
        report.series.extend(series);
    }
    if options.json {
        println!("{}", report.json()?);
    } else {
        print!("{}", report.text());
    }
    Ok(())
}

/// One after the other in each round: what is compared is measured at nearly the same time.
fn measure(
    transport: &'static str,
    around: Surroundings<'_>,
    options: &DistOptions,
) -> Result<Vec<Series>> {
    let scaled = |count: usize| (count * options.messages / 100).max(1);
    let mut senders = [
        (Kind::Otp, Peer::start(Kind::Otp, "sender_vm", around)?),
        (Kind::Rust, Peer::start(Kind::Rust, "sender_rust", around)?),
    ];
    let receivers = [
        (Kind::Otp, Peer::start(Kind::Otp, "receiver_vm", around)?),
        (
            Kind::Rust,
            Peer::start(Kind::Rust, "receiver_rust", around)?,
        ),
    ];
    let mut series: Vec<Series> = PAIRS
        .iter()
        .map(|(pair, ..)| Series::new(transport, pair, LOADS.map(|(load, size, _)| (load, size))))
        .collect();
    // The first round connects, compiles and warms up, and does not count.
    for round in 0..=options.rounds.max(1) {
        for (index, (_, size, count)) in LOADS.into_iter().enumerate() {
            for ((_, from, to), series) in PAIRS.iter().zip(&mut series) {
                let (Some(from), Some(to)) = (
                    senders.iter_mut().find(|(kind, _)| kind == from),
                    receivers.iter().find(|(kind, _)| kind == to),
                ) else {
                    continue;
                };
                let figures = send(&mut from.1, &to.1, size, scaled(count))?;
                if round > 0 {
                    series.add(index, figures);
                }
            }
        }
        for ((_, from, to), series) in PAIRS.iter().zip(&mut series) {
            let (Some(from), Some(to)) = (
                senders.iter_mut().find(|(kind, _)| kind == from),
                receivers.iter().find(|(kind, _)| kind == to),
            ) else {
                continue;
            };
            let echo = from.1.echo(&to.1, ECHO_BYTES, scaled(ECHOES))?;
            if round > 0 {
                series.add_echo(echo);
            }
        }
    }
    Ok(series)
}

fn send(from: &mut Peer, to: &Peer, size: usize, count: usize) -> Result<Figures> {
    let used =
        |from: &Peer| -> Result<Duration> { Ok(cpu_time(from.pid())? + cpu_time(to.pid())?) };
    let before = used(from)?;
    let time = from.send(to, size, count)?;
    let cpu = used(from)?.saturating_sub(before);
    Ok(Figures {
        messages_per_second: count as f64 / time.as_secs_f64(),
        cpu_microseconds: cpu.as_secs_f64() * 1e6 / count as f64,
    })
}
