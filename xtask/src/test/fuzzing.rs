//! Fuzzing as a stage of a test run: every target for a while, as many at once as there are processors.
//!
//! What is found goes to `fuzz/artifacts`; what was collected on the way stays in `target/fuzzing` for the next run
//! to begin with, beside the committed corpus.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use beamport_lab::has_program;

use crate::failure::Lacking;
use crate::interrupt;

/// For how many seconds each target runs, unless this variable says otherwise.
const SECONDS_VARIABLE: &str = "BEAMPORT_FUZZ_SECONDS";
const SECONDS: u64 = 1800;

/// Starting, and replaying what was collected before, comes on top; so may a last input.
const MARGIN: Duration = Duration::from_secs(600);

/// How many seconds an input may take, and how many megabytes a target: either is a finding.
const INPUT_SECONDS: u32 = 20;
const MEGABYTES: u32 = 2048;

/// How much is shown of what a target wrote before it failed.
const LAST_LINES: usize = 60;

/// Fuzzes the targets whose names contain `filter`.
pub(super) fn fuzz(filter: Option<&str>) -> Result<()> {
    ensure_nightly()?;
    ensure_cargo_fuzz()?;
    let seconds = seconds()?;
    let targets = targets(filter)?;
    println!(
        "building {} targets with the nightly toolchain",
        targets.len()
    );
    let status = cargo_fuzz("build").status().context("cannot run rustup")?;
    ensure!(status.success(), "the targets cannot be built ({status})");
    let processors = std::thread::available_parallelism()?.get();
    let workers = processors.min(targets.len());
    println!("each runs for {seconds} s, {workers} at a time");
    let waiting = Mutex::new(targets.into_iter());
    let next = || waiting.lock().ok().and_then(|mut targets| targets.next());
    let failed = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|_| scope.spawn(|| work(next, seconds)))
            .collect();
        workers
            .into_iter()
            .flat_map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect::<Vec<_>>()
    });
    ensure!(failed.is_empty(), "found something: {}", failed.join(", "));
    Ok(())
}

/// Runs targets until none is left; which of them failed.
fn work(next: impl Fn() -> Option<String>, seconds: u64) -> Vec<String> {
    let mut failed = Vec::new();
    while !interrupt::asked()
        && let Some(target) = next()
    {
        match run(&target, seconds) {
            Ok(summary) => println!("{target}: {summary}"),
            Err(error) => {
                println!("{target}: {error:#}");
                failed.push(target);
            }
        }
    }
    failed
}

/// Runs a target; what it says at its end.
fn run(target: &str, seconds: u64) -> Result<String> {
    let collected = workspace().join("target/fuzzing").join(target);
    fs::create_dir_all(&collected)?;
    let log = collected.with_extension("log");
    let committed = workspace().join("fuzz/corpus").join(target);
    let mut child = cargo_fuzz("run")
        .arg(target)
        // New inputs go into the first folder.
        .args([&collected, &committed])
        .arg("--")
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={INPUT_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEGABYTES}"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log)?)
        .process_group(0)
        .spawn()?;
    let deadline = Duration::from_secs(seconds) + MARGIN;
    let status = interrupt::wait(&mut child, target, deadline)?;
    let log = fs::read_to_string(&log)?;
    if !status.success() {
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.len().saturating_sub(LAST_LINES);
        bail!("{}", lines.split_at(last).1.join("\n"));
    }
    let summary = log.lines().rev().find(|line| line.starts_with("Done "));
    Ok(summary.unwrap_or("ended early").to_owned())
}

fn seconds() -> Result<u64> {
    match std::env::var(SECONDS_VARIABLE) {
        Ok(text) => text.parse().map_err(|_| {
            Lacking(format!(
                "{SECONDS_VARIABLE} is no number of seconds: {text}"
            ))
            .into()
        }),
        Err(_) => Ok(SECONDS),
    }
}

fn targets(filter: Option<&str>) -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in workspace().join("fuzz/fuzz_targets").read_dir()? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let name = name.context("a fuzz target's name is not UTF-8")?;
        if filter.is_none_or(|filter| name.contains(filter)) {
            targets.push(name.to_owned());
        }
    }
    targets.sort();
    Ok(targets)
}

fn ensure_nightly() -> Result<()> {
    let works = Command::new("rustup")
        .args(["run", "nightly", "rustc", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if works {
        return Ok(());
    }
    Err(Lacking(
        "fuzzing needs a nightly toolchain, for the sanitizers of its compiler: rustup toolchain install nightly"
            .to_owned(),
    )
    .into())
}

fn ensure_cargo_fuzz() -> Result<()> {
    if has_program("cargo-fuzz") {
        return Ok(());
    }
    println!("installing cargo-fuzz");
    let status = Command::new(env!("CARGO"))
        .args(["install", "--quiet", "--locked", "cargo-fuzz"])
        .status()?;
    ensure!(status.success(), "cannot install cargo-fuzz ({status})");
    Ok(())
}

/// `cargo fuzz`, by the nightly toolchain whichever one runs this.
fn cargo_fuzz(task: &str) -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo", "fuzz", task])
        .current_dir(workspace());
    command
}

fn workspace() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}
