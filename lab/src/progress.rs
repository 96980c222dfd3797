//! How the long steps of bringing a lab up are told to whoever looks on.

use std::time::{Duration, Instant};

use anyhow::Result;

/// Is told about steps, several of which may be under way at once.
pub trait Progress: Sync {
    /// A step began.
    fn began(&self, step: &Step);

    /// A step ended, well or with an error.
    fn ended(&self, step: &Step, took: Duration, outcome: &Result<()>);
}

/// A step, in words.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step(pub String);

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn began(&self, _: &Step) {}
    fn ended(&self, _: &Step, _: Duration, _: &Result<()>) {}
}

/// Does `work` as a step.
pub fn step<T>(
    progress: &dyn Progress,
    name: impl Into<String>,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let step = Step(name.into());
    progress.began(&step);
    let begun = Instant::now();
    let (value, outcome) = match work() {
        Ok(value) => (Some(value), Ok(())),
        Err(error) => (None, Err(error)),
    };
    progress.ended(&step, begun.elapsed(), &outcome);
    outcome.and_then(|()| value.ok_or_else(|| anyhow::anyhow!("{} gave nothing", step.0)))
}
