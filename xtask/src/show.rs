//! Long steps on the screen: spinners on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use beamport_lab::{Progress, Step};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

const TICK: Duration = Duration::from_millis(120);

/// Shows the steps under way.
pub(crate) struct Show {
    spinners: Option<MultiProgress>,
    bars: Mutex<HashMap<Step, ProgressBar>>,
}

impl Show {
    pub(crate) fn new() -> Self {
        Self {
            spinners: std::io::stdout().is_terminal().then(MultiProgress::new),
            bars: Mutex::default(),
        }
    }

    /// Does `work` as a step.
    pub(crate) fn step<T>(&self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        beamport_lab::step(self, name, work)
    }

    fn line(&self, mark: &str, step: &Step, took: Duration) {
        println!("  {mark} {:<42} {:>6.1} s", step.0, took.as_secs_f32());
    }
}

impl Progress for Show {
    fn began(&self, step: &Step) {
        let Some(spinners) = &self.spinners else {
            return;
        };
        let style = ProgressStyle::with_template("  {spinner:.cyan} {msg:<42} {elapsed:>6}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]);
        let bar = spinners.add(ProgressBar::new_spinner().with_style(style));
        bar.set_message(step.0.clone());
        bar.enable_steady_tick(TICK);
        self.bars
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(step.clone(), bar);
    }

    fn ended(&self, step: &Step, took: Duration, outcome: &Result<()>) {
        let bar = self
            .bars
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(step);
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let print = || self.line(if outcome.is_ok() { "✓" } else { "✗" }, step, took);
        match &self.spinners {
            Some(spinners) => spinners.suspend(print),
            None => print(),
        }
    }
}
