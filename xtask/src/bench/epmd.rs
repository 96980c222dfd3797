//! `cargo xtask bench epmd`: what is measured, and against what.

use std::time::Duration;

use anyhow::Result;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::EpmdOptions;
use super::contenders::Contender;
use super::load::{self, Measured};
use super::process::{cpu_time, memory};
use super::report::{Held, Measurement, Ratio, Report, median};

/// Names on sockets: more than stock epmd can have, and what leaves room under a limit of 20 000 files.
const MANY: usize = 15_000;
const MOST: usize = 19_000;

/// Names in the directory alone.
const UNHELD: usize = 100_000;

/// Before each measurement, so that neither a cold cache nor a sleeping processor is measured.
const WARM_UP: Duration = Duration::from_millis(100);

/// The contenders, in the order in which they take turns: those that are compared next to each other.
const CONTENDERS: [&str; 7] = [
    "stock epmd, 10 names",
    "beamport epmd, 10 names",
    "trivial server",
    "stock epmd, 900 names",
    "beamport epmd, 900 names",
    "beamport epmd, 15 000 names",
    "beamport epmd, 100 000 names without sockets",
];

/// What is compared: contender, opponent, and the least the ratio should be (DESIGN, section 7).
const COMPARISONS: [(usize, usize, f64); 5] = [
    (1, 0, 1.0),
    (1, 2, 0.95),
    (4, 3, 1.0),
    (5, 1, 0.9),
    (6, 1, 0.9),
];

/// Measures, and prints.
pub(crate) fn epmd(options: &EpmdOptions) -> Result<()> {
    // Every name takes a socket here, too.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;

    let report = Report {
        measurements: measure(options)?,
        comparisons: COMPARISONS.to_vec(),
        held: hold_most()?,
    };
    if options.json {
        println!("{}", report.json()?);
    } else {
        print!("{}", report.text());
    }
    Ok(())
}

fn measure(options: &EpmdOptions) -> Result<Vec<Measurement>> {
    let contenders = [
        Contender::stock(10)?,
        Contender::ours(10)?,
        Contender::trivial()?,
        Contender::stock(900)?,
        Contender::ours(900)?,
        Contender::ours(MANY)?,
        Contender::directory(UNHELD)?,
    ];
    let mut measurements: Vec<Measurement> = CONTENDERS.into_iter().map(Measurement::new).collect();
    let time = Duration::from_millis(options.time);
    for _ in 0..options.rounds.max(1) {
        for (contender, measurement) in contenders.iter().zip(&mut measurements) {
            load::look_up(contender.address, contender.names, WARM_UP)?;
            let before = cpu_time(contender.pid())?;
            let measured = load::look_up(contender.address, contender.names, time)?;
            let used = cpu_time(contender.pid())? - before;
            measurement.add(&measured, used);
        }
    }
    Ok(measurements)
}

/// Fills one of ours to the file limit, and asks it.
fn hold_most() -> Result<Held> {
    let mut contender = Contender::ours_empty(MOST)?;
    let empty = memory(contender.pid())?;
    contender.fill()?;
    let full = memory(contender.pid())?;
    let Measured {
        lookups_per_second, ..
    } = load::look_up(contender.address, MOST, Duration::from_secs(1))?;
    Ok(Held {
        names: MOST,
        bytes_per_name: full.saturating_sub(empty) as f64 / MOST as f64,
        lookups_per_second,
    })
}

impl Report {
    /// The ratios of lookups per second, each the median of the rounds' ratios.
    pub(super) fn ratios(&self) -> Vec<Ratio> {
        self.comparisons
            .iter()
            .filter_map(|&(contender, opponent, least)| {
                let ours = self.measurements.get(contender)?;
                let theirs = self.measurements.get(opponent)?;
                let ratios: Vec<f64> = ours
                    .lookups_per_second
                    .iter()
                    .zip(&theirs.lookups_per_second)
                    .map(|(ours, theirs)| ours / theirs)
                    .collect();
                Some(Ratio {
                    contender: ours.name,
                    opponent: theirs.name,
                    ratio: median(&ratios),
                    least,
                })
            })
            .collect()
    }
}
