//! `cargo xtask test`: the whole of what CI runs.

mod cargo;
mod fuzzing;
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use beamport_lab::{Build, Image, Instance, Lab, Options, has_program};
use clap::Args;

use crate::interrupt;
use crate::packages;
use crate::show::Show;
use cargo::Cargo;
use tally::Tally;

/// The lab of a test run, unless `BEAMPORT_LAB` names one that is up already.
const LAB: &str = "test";

/// Checks by tools that a machine may not have; what they check changes with the manifests alone.
const OPTIONAL_CHECKS: [(&str, &[&str]); 2] = [
    ("cargo-machete", &["machete"]),
    (
        "cargo-deny",
        &["deny", "check", "bans", "licenses", "sources"],
    ),
];

#[derive(Debug, Args)]
pub(crate) struct TestOptions {
    /// Leave out what needs Docker hosts in network namespaces, and say how much that is
    #[arg(long)]
    no_lab: bool,

    /// Take as long as it takes: run tests to their full extent, have the lab run what is released, and fuzz every
    /// target for 1800 seconds, or BEAMPORT_FUZZ_SECONDS, with a nightly toolchain
    #[arg(long)]
    long: bool,

    /// Only tests, and fuzz targets, whose name contains this; the checks of style, lints and documentation are left
    /// out
    filter: Option<String>,
}

impl TestOptions {
    /// What runs in the lab: what is released, where there is time to build it.
    fn build(&self) -> Build {
        if self.long {
            Build::Release
        } else {
            Build::Debug
        }
    }
}

/// Stages, how long each took, and whether it was passed.
#[derive(Default)]
struct Run {
    stages: Vec<(&'static str, Duration, bool)>,
    tally: Tally,
    remarks: Vec<String>,
}

pub(crate) fn main(options: &TestOptions) -> Result<ExitCode> {
    interrupt::watch()?;
    let mut run = Run::default();
    run.stage("packages", |_| {
        packages::ensure_erlang()?;
        if options.no_lab {
            Ok(())
        } else {
            packages::ensure_podman()?;
            packages::ensure_lab()
        }
    })?;
    if options.filter.is_none() {
        run.checks();
    }
    run.tests_without_lab(options);
    if options.long {
        run.attempt("fuzzing", |_| fuzzing::fuzz(options.filter.as_deref()));
    }
    if options.no_lab {
        run.count_lab_tests();
    } else {
        run.tests_in_lab(options);
    }
    run.report();
    Ok(if run.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Run {
    /// Style, lints, documentation. What they find does not keep the tests from running.
    fn checks(&mut self) {
        self.attempt("cargo fmt", |_| {
            Cargo::new(&["fmt", "--all", "--check"]).run()
        });
        self.attempt("cargo clippy", |_| {
            let flags = [
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ];
            Cargo::new(&flags).run()
        });
        self.attempt("cargo doc", |_| {
            Cargo::new(&[
                "doc",
                "--workspace",
                "--no-deps",
                "--document-private-items",
            ])
            .env("RUSTDOCFLAGS", "-D warnings")
            .run()
        });
        for (tool, flags) in OPTIONAL_CHECKS {
            if has_program(tool) {
                self.attempt(tool, |_| Cargo::new(flags).run());
            } else {
                self.remarks
                    .push(format!("{tool} is not installed: that check was left out"));
            }
        }
    }

    fn tests_without_lab(&mut self, options: &TestOptions) {
        self.attempt("tests", |tally| {
            let flags = [
                "test",
                "--workspace",
                "--exclude",
                "beamport-lab",
                "--no-fail-fast",
            ];
            Cargo::new(&flags).asked_for(options).test(tally)
        });
        self.attempt("tests of the lab's library", |tally| {
            let flags = [
                "test",
                "--package",
                "beamport-lab",
                "--lib",
                "--no-fail-fast",
            ];
            Cargo::new(&flags).asked_for(options).test(tally)
        });
    }

    fn tests_in_lab(&mut self, options: &TestOptions) {
        let (mut own_lab, mut binary) = (None, PathBuf::new());
        let up = self.attempt("static binary", |_| {
            binary = beamport_lab::build_static_binary(options.build())?;
            Ok(())
        }) && self.attempt("lab up", |_| {
            let (instance, is_ours) = lab()?;
            if is_ours {
                // A run that crashed may have left one, whole but not as new.
                Lab::down(&instance)?;
            }
            let made = Lab::up(&instance, &lab_options(options), &Show::new())?;
            own_lab = made.then_some(instance);
            Ok(())
        });
        if up {
            self.attempt("tests in the lab", |tally| {
                let (instance, _) = lab()?;
                let flags = [
                    "test",
                    "--package",
                    "beamport-lab",
                    "--test",
                    "*",
                    "--no-fail-fast",
                ];
                Cargo::new(&flags)
                    .asked_for(options)
                    .env("BEAMPORT_LAB", instance.name())
                    .env(beamport_lab::BINARY_VARIABLE, &binary)
                    .then(&["--test-threads=1"])
                    .test(tally)
            });
            self.remark_omissions();
        }
        if let Some(instance) = own_lab {
            // Also after an interruption.
            let begun = Instant::now();
            let outcome = Lab::down(&instance);
            self.note("lab down", begun, outcome);
        }
    }

    fn remark_omissions(&mut self) {
        let status = lab().and_then(|(instance, _)| Lab::status(&instance));
        for omission in status.ok().flatten().into_iter().flat_map(|s| s.omitted) {
            self.remarks.push(format!(
                "image {} could not be had today, and tests went on without it: {}",
                omission.image, omission.reason
            ));
        }
    }

    fn count_lab_tests(&mut self) {
        let mut count = 0;
        let counted = self.attempt("counting the lab's tests", |_| {
            count = Cargo::new(&["test", "--package", "beamport-lab", "--test", "*"])
                .then(&["--list"])
                .count_listed()?;
            Ok(())
        });
        if counted {
            self.remarks.push(format!(
                "left out, as asked with --no-lab: {count} tests that need a lab"
            ));
        }
    }

    /// Does a stage without which there is no going on.
    fn stage(
        &mut self,
        name: &'static str,
        work: impl FnOnce(&mut Tally) -> Result<()>,
    ) -> Result<()> {
        let begun = Instant::now();
        work(&mut self.tally)?;
        self.stages.push((name, begun.elapsed(), true));
        Ok(())
    }

    /// Does a stage, unless interrupted; false when it was not passed.
    fn attempt(&mut self, name: &'static str, work: impl FnOnce(&mut Tally) -> Result<()>) -> bool {
        if interrupt::asked() {
            return false;
        }
        println!("\n=== {name}");
        let begun = Instant::now();
        let outcome = work(&mut self.tally);
        self.note(name, begun, outcome)
    }

    fn note(&mut self, name: &'static str, begun: Instant, outcome: Result<()>) -> bool {
        let passed = outcome.is_ok();
        if let Err(error) = outcome {
            println!("{name}: {error:#}");
        }
        self.stages.push((name, begun.elapsed(), passed));
        passed
    }

    fn is_good(&self) -> bool {
        !interrupt::asked()
            && self.tally.failed == 0
            && self.stages.iter().all(|(_, _, passed)| *passed)
    }

    fn report(&self) {
        println!();
        for (name, took, passed) in &self.stages {
            let mark = if *passed { "" } else { "   NOT PASSED" };
            println!("{:>8.1} s  {name}{mark}", took.as_secs_f32());
        }
        let total: Duration = self.stages.iter().map(|(_, took, _)| *took).sum();
        println!("{:>8.1} s  in all\n", total.as_secs_f32());
        for remark in &self.remarks {
            println!("{remark}");
        }
        if interrupt::asked() {
            println!("interrupted: not all tests ran");
        }
        println!("{} passed, {} failed", self.tally.passed, self.tally.failed);
    }
}

/// All images at once, when all tests will run; some may not need any.
fn lab_options(options: &TestOptions) -> Options {
    match options.filter {
        Some(_) => Options::default(),
        None => Options {
            images: Image::ALL.into(),
            ..Options::default()
        },
    }
}

/// The lab to use, and whether it is this run's own.
fn lab() -> Result<(Instance, bool)> {
    if std::env::var_os("BEAMPORT_LAB").is_some() {
        return Ok((Instance::from_environment()?, false));
    }
    Ok((Instance::named(LAB)?, true))
}
