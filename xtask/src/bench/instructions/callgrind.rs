//! Counting instructions, with valgrind's callgrind.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// A crate's `instructions` target.
pub(super) struct Subject(PathBuf);

/// How often a case is run; what the second adds to the first is what runs cost, and nothing of the start.
const RUNS: (u64, u64) = (2, 12);

impl Subject {
    pub(super) fn new(program: PathBuf) -> Self {
        Self(program)
    }

    /// The names of its cases.
    pub(super) fn cases(&self) -> Result<Vec<String>> {
        let output = Command::new(&self.0)
            .output()
            .with_context(|| format!("cannot run {}", self.0.display()))?;
        ensure!(output.status.success(), "it failed: {}", output.status);
        let names = String::from_utf8(output.stdout).context("names of cases are text")?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// What one run of a case takes.
    pub(super) fn instructions(&self, case: &str) -> Result<u64> {
        let (few, many) = (self.count(case, RUNS.0)?, self.count(case, RUNS.1)?);
        Ok(many.saturating_sub(few) / (RUNS.1 - RUNS.0))
    }

    /// What the program takes from start to end with so many runs.
    fn count(&self, case: &str, runs: u64) -> Result<u64> {
        let folder = tempfile::tempdir()?;
        let profile = folder.path().join("profile");
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--quiet"])
            .arg(format!("--callgrind-out-file={}", profile.display()))
            .arg(&self.0)
            .args([case, &runs.to_string()])
            .output()
            .context("cannot run valgrind")?;
        ensure!(
            output.status.success(),
            "{case} failed under valgrind: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let profile = std::fs::read_to_string(&profile).context("valgrind wrote no profile")?;
        profile
            .lines()
            .filter_map(|line| line.strip_prefix("totals: "))
            .find_map(|total| total.trim().parse().ok())
            .context("valgrind's profile has no total")
    }
}
