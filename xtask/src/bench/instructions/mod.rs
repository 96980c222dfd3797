//! How many instructions the hot paths take, held against figures kept in the repository.
//!
//! Unlike times, instructions are the same on a busy machine, so a change of a few per cent shows. They belong to one
//! toolchain, C library and architecture: after a change of those, or for a change that is meant to cost,
//! `cargo xtask bench instructions --bless` writes the figures anew.
//!
//! To add a path: add a case to the crate's `benches/instructions`, and bless. To add a crate: give it such a target
//! (as `crates/term` has one: a `[[bench]]` without harness, and a `main` that hands its cases to `subject.rs` beside this) and its
//! name to [`CRATES`].

mod callgrind;
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::packages;
use callgrind::Subject;

/// The crates that have figures, by their folder.
const CRATES: [&str; 2] = ["term", "dist"];

/// By how many per cent a figure may differ from the one that is kept.
const TOLERANCE: f64 = 5.0;

/// Instructions by the names of cases.
type Figures = BTreeMap<String, u64>;

pub(crate) fn instructions(bless: bool) -> Result<()> {
    packages::ensure_valgrind()?;
    let mut astray = 0;
    for name in CRATES {
        let subject = Subject::new(build(name)?);
        let found: Figures = subject
            .cases()?
            .into_iter()
            .map(|case| Ok((case.clone(), subject.instructions(&case)?)))
            .collect::<Result<_>>()?;
        let kept = Kept::of(name);
        astray += table::print(name, &found, &kept.read()?, TOLERANCE);
        if bless {
            kept.write(&found)?;
        }
    }
    ensure!(
        bless || astray == 0,
        "{astray} of these figures are not within {TOLERANCE} % of those kept; \
         if that is meant: cargo xtask bench instructions --bless"
    );
    Ok(())
}

/// Where the figures of a crate are kept.
struct Kept(PathBuf);

impl Kept {
    fn of(name: &str) -> Self {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("crates");
        Self(crates.join(name).join("benches/instructions.json"))
    }

    /// None are kept of a crate that is new.
    fn read(&self) -> Result<Figures> {
        if !self.0.exists() {
            return Ok(Figures::new());
        }
        let json = std::fs::read(&self.0);
        json.map_err(serde_json::Error::io)
            .and_then(|json| serde_json::from_slice(&json))
            .with_context(|| format!("cannot read {}", self.0.display()))
    }

    fn write(&self, figures: &Figures) -> Result<()> {
        let json = serde_json::to_string_pretty(figures)? + "\n";
        std::fs::write(&self.0, json).with_context(|| format!("cannot write {}", self.0.display()))
    }
}

/// Builds a crate's target; where it is.
fn build(name: &str) -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    let package = format!("beamport-{name}");
    let output = Command::new(env!("CARGO"))
        .args(["bench", "--quiet", "--no-run", "--message-format=json"])
        .args(["--package", &package, "--bench", "instructions"])
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "cargo failed: {}", output.status);
    let messages = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Message>();
    messages
        .filter_map(|message| message.ok()?.executable)
        .last()
        .with_context(|| format!("cargo built no target `instructions` of {package}"))
}
