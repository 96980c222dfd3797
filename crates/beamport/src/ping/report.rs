//! The way to a node as it is printed: line by line while it is gone, or as JSON at its end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Explanation, Stage, output};
use crate::failure::Failure;

/// A part of the way that is done.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) stage: Stage,
    pub(super) took: Duration,
    pub(super) detail: String,
}

/// The way so far.
#[derive(Debug)]
pub(super) struct Report {
    /// The parts, if they are to be printed at the end.
    json: Option<Vec<Value>>,
    node: String,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json: json.then(Vec::new),
            node: String::new(),
        }
    }

    /// Who is to be reached.
    pub(super) fn begin(&mut self, node: &str) -> Result<(), Failure> {
        self.node = node.to_owned();
        match self.json {
            Some(_) => Ok(()),
            None => output::line(node),
        }
    }

    /// Another part is done.
    pub(super) fn add(&mut self, part: Part) -> Result<(), Failure> {
        let Part {
            stage,
            took,
            detail,
        } = part;
        match &mut self.json {
            Some(parts) => {
                parts.push(json!({
                    "stage": stage.to_string(),
                    "ms": millis(took),
                    "detail": detail,
                }));
                Ok(())
            }
            None => output::line(format!("  {stage:<11}  {:>9}  {detail}", time(took))),
        }
    }

    /// The node answered.
    pub(super) fn pong(&mut self, node: &str, took: Duration) -> Result<(), Failure> {
        match self.json.take() {
            Some(parts) => output::line(format!(
                "{:#}",
                json!({ "node": node, "pong": true, "ms": millis(took), "parts": parts })
            )),
            None => output::line(format!("pong from {node} in {}", time(took))),
        }
    }

    /// The way ended before it came to the node.
    pub(super) fn failed(
        &mut self,
        explanation: &Explanation,
        took: Duration,
    ) -> Result<(), Failure> {
        let Explanation {
            stage,
            code,
            what,
            fault,
            remedy,
        } = explanation;
        match self.json.take() {
            Some(parts) => output::line(format!(
                "{:#}",
                json!({
                    "node": self.node,
                    "pong": false,
                    "ms": millis(took),
                    "parts": parts,
                    "error": {
                        "stage": stage.to_string(),
                        "code": code,
                        "what": what,
                        "fault": fault.word(),
                        "remedy": remedy,
                    },
                })
            )),
            None => output::line(format!(
                "  {stage:<11}     failed  {what}\nno connection, after {}\n  whose fault: {fault}\n  what to do:  {remedy}",
                time(took)
            )),
        }
    }
}

fn time(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1000.0)
}

/// In milliseconds, to the microsecond.
fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}
