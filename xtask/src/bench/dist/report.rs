//! Figures of `bench dist`, for people and for machines.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::super::report::median;

/// All that a run found: per transport OTP to OTP, and then the others.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) series: Vec<Series>,
}

/// What went from one kind of node to another, over one transport.
#[derive(Debug)]
pub(super) struct Series {
    transport: &'static str,
    pair: &'static str,
    loads: Vec<Load>,
    echo: [Vec<f64>; 2],
}

#[derive(Debug)]
struct Load {
    name: &'static str,
    bytes: usize,
    messages_per_second: Vec<f64>,
    cpu_microseconds: Vec<f64>,
}

/// One measurement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    pub(super) messages_per_second: f64,
    /// For a message, of both nodes together.
    pub(super) cpu_microseconds: f64,
}

#[derive(Debug, Serialize)]
struct Row {
    transport: &'static str,
    pair: &'static str,
    load: &'static str,
    messages_per_second: f64,
    megabytes_per_second: f64,
    cpu_microseconds_per_message: f64,
    /// To OTP to OTP, in messages per second.
    ratio: f64,
    /// The same in processor time: how many times as much OTP to OTP takes.
    cpu_ratio: f64,
    /// The least that the first ratio should be (DESIGN, section 7).
    #[serde(skip_serializing_if = "Option::is_none")]
    least: Option<f64>,
}

#[derive(Debug, Serialize)]
struct EchoRow {
    transport: &'static str,
    pair: &'static str,
    median_microseconds: f64,
    p99_microseconds: f64,
    /// How many times as long OTP to OTP takes.
    ratio: f64,
}

impl Series {
    pub(super) fn new<const N: usize>(
        transport: &'static str,
        pair: &'static str,
        loads: [(&'static str, usize); N],
    ) -> Self {
        let loads = loads.map(|(name, bytes)| Load {
            name,
            bytes,
            messages_per_second: Vec::new(),
            cpu_microseconds: Vec::new(),
        });
        Self {
            transport,
            pair,
            loads: loads.into(),
            echo: Default::default(),
        }
    }

    pub(super) fn add(&mut self, load: usize, figures: Figures) {
        if let Some(load) = self.loads.get_mut(load) {
            load.messages_per_second.push(figures.messages_per_second);
            load.cpu_microseconds.push(figures.cpu_microseconds);
        }
    }

    pub(super) fn add_echo(&mut self, times: [Duration; 2]) {
        for (all, time) in self.echo.iter_mut().zip(times) {
            all.push(time.as_secs_f64() * 1e6);
        }
    }

    /// The least that is asked for, with a load.
    fn least(&self, load: &Load) -> Option<f64> {
        match (self.transport, self.pair) {
            ("TCP", "Rust to Rust") if load.bytes <= 1 << 10 => Some(3.0),
            ("TCP", "Rust to Rust" | "Rust to OTP") => Some(1.0),
            _ => None,
        }
    }

    fn rows<'a>(&'a self, opponent: &'a Self) -> impl Iterator<Item = Row> + 'a {
        self.loads
            .iter()
            .zip(&opponent.loads)
            .map(|(ours, theirs)| {
                let messages_per_second = median(&ours.messages_per_second);
                Row {
                    transport: self.transport,
                    pair: self.pair,
                    load: ours.name,
                    messages_per_second,
                    megabytes_per_second: messages_per_second * ours.bytes as f64 / 1e6,
                    cpu_microseconds_per_message: median(&ours.cpu_microseconds),
                    ratio: ratio(&ours.messages_per_second, &theirs.messages_per_second),
                    cpu_ratio: ratio(&theirs.cpu_microseconds, &ours.cpu_microseconds),
                    least: self.least(ours),
                }
            })
    }

    fn echo_row(&self, opponent: &Self) -> EchoRow {
        let [middle, p99] = &self.echo;
        let [theirs, _] = &opponent.echo;
        EchoRow {
            transport: self.transport,
            pair: self.pair,
            median_microseconds: median(middle),
            p99_microseconds: median(p99),
            ratio: ratio(theirs, middle),
        }
    }
}

impl Report {
    pub(super) fn json(&self) -> Result<String> {
        let value = serde_json::json!({
            "messages": self.rows(),
            "echo": self.echo_rows(),
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
        writeln!(
            out,
            "{:<8} {:<13} {:>7} {:>11} {:>8} {:>13} {:>7} {:>8}",
            "", "", "", "messages/s", "MB/s", "CPU/msg [us]", "to OTP", "by CPU"
        )?;
        for row in self.rows() {
            let mark = match row.least {
                Some(least) if row.ratio < least => format!("  MISSED (at least {least:.0})"),
                Some(least) => format!("  (at least {least:.0})"),
                None => String::new(),
            };
            writeln!(
                out,
                "{:<8} {:<13} {:>7} {:>11.0} {:>8.1} {:>13.2} {:>6.2}x {:>7.2}x{mark}",
                row.transport,
                row.pair,
                row.load,
                row.messages_per_second,
                row.megabytes_per_second,
                row.cpu_microseconds_per_message,
                row.ratio,
                row.cpu_ratio
            )?;
        }
        writeln!(
            out,
            "\n{:<8} {:<13} {:>11} {:>9} {:>7}",
            "echo", "", "median [us]", "p99 [us]", "to OTP"
        )?;
        for row in self.echo_rows() {
            writeln!(
                out,
                "{:<8} {:<13} {:>11.1} {:>9.1} {:>6.2}x",
                row.transport, row.pair, row.median_microseconds, row.p99_microseconds, row.ratio
            )?;
        }
        Ok(())
    }

    fn rows(&self) -> Vec<Row> {
        self.compared()
            .flat_map(|(series, opponent)| series.rows(opponent))
            .collect()
    }

    fn echo_rows(&self) -> Vec<EchoRow> {
        self.compared()
            .map(|(series, opponent)| series.echo_row(opponent))
            .collect()
    }

    /// Each beside OTP to OTP over the same transport, which comes first.
    fn compared(&self) -> impl Iterator<Item = (&Series, &Series)> {
        self.series.iter().filter_map(|series| {
            let first = |other: &&Series| other.transport == series.transport;
            Some((series, self.series.iter().find(first)?))
        })
    }
}

/// The median of the rounds' ratios.
fn ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a / b).collect();
    median(&ratios)
}
