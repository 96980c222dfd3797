//! Figures, for people and for machines.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::load::Measured;

/// All that a run of `bench epmd` found.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) measurements: Vec<Measurement>,
    /// Contender, opponent, least ratio.
    pub(super) comparisons: Vec<(usize, usize, f64)>,
    pub(super) held: Held,
}

/// One contender's rounds.
#[derive(Debug, Clone)]
pub(super) struct Measurement {
    pub(super) name: &'static str,
    pub(super) lookups_per_second: Vec<f64>,
    p99_microseconds: Vec<f64>,
    cpu_microseconds: Vec<f64>,
}

/// As many names on sockets as there may be.
#[derive(Debug, Serialize)]
pub(super) struct Held {
    pub(super) names: usize,
    pub(super) bytes_per_name: f64,
    pub(super) lookups_per_second: f64,
}

/// One contender against another.
#[derive(Debug, Serialize)]
pub(super) struct Ratio {
    pub(super) contender: &'static str,
    pub(super) opponent: &'static str,
    pub(super) ratio: f64,
    pub(super) least: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Row {
    name: &'static str,
    lookups_per_second: f64,
    p99_microseconds: f64,
    cpu_microseconds_per_lookup: f64,
}

impl Measurement {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            lookups_per_second: Vec::new(),
            p99_microseconds: Vec::new(),
            cpu_microseconds: Vec::new(),
        }
    }

    /// Adds a round, in which the server used that much processor time.
    pub(super) fn add(&mut self, measured: &Measured, used: Duration) {
        let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
        self.lookups_per_second.push(measured.lookups_per_second);
        self.p99_microseconds.push(microseconds(measured.p99));
        self.cpu_microseconds
            .push(microseconds(used) / measured.count as f64);
    }

    pub(super) fn row(&self) -> Row {
        Row {
            name: self.name,
            lookups_per_second: median(&self.lookups_per_second),
            p99_microseconds: median(&self.p99_microseconds),
            cpu_microseconds_per_lookup: median(&self.cpu_microseconds),
        }
    }
}

impl Report {
    pub(super) fn json(&self) -> Result<String> {
        let rows: Vec<Row> = self.measurements.iter().map(Measurement::row).collect();
        let value = serde_json::json!({
            "measurements": rows,
            "ratios": self.ratios(),
            "held": self.held,
        });
        Ok(serde_json::to_string_pretty(&value)?)
    }

    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        out.push_str(&table(&self.measurements));
        writeln!(out)?;
        for ratio in self.ratios() {
            let mark = if ratio.ratio >= ratio.least {
                ""
            } else {
                "  MISSED"
            };
            writeln!(
                out,
                "{} / {}: {:.2} (at least {:.2}){mark}",
                ratio.contender, ratio.opponent, ratio.ratio, ratio.least
            )?;
        }
        writeln!(
            out,
            "\n{} names on sockets: {:.0} bytes each beside the socket, {:.0} lookups/s",
            self.held.names, self.held.bytes_per_name, self.held.lookups_per_second
        )
    }
}

/// The measurements, a line each.
pub(super) fn table(measurements: &[Measurement]) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        &mut out,
        "{:<46} {:>10} {:>9} {:>14}",
        "", "lookups/s", "p99 [us]", "CPU/lookup [us]"
    );
    for row in measurements.iter().map(Measurement::row) {
        let _ = writeln!(
            &mut out,
            "{:<46} {:>10.0} {:>9.0} {:>14.1}",
            row.name, row.lookups_per_second, row.p99_microseconds, row.cpu_microseconds_per_lookup
        );
    }
    out
}

/// What stands behind a figure that should be better.
pub(super) fn mark(is_met: bool) -> &'static str {
    if is_met { "" } else { "  MISSED" }
}

/// The middle one, or the mean of the two in the middle; 0 where there are none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
    if sorted.len() % 2 == 1 {
        at(middle)
    } else {
        (at(middle.saturating_sub(1)) + at(middle)) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
    }
}
