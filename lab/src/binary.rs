//! The static binaries that run on hosts and in containers.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::command::output_within;

/// The variable that names a binary to use instead of building one.
pub const VARIABLE: &str = "BEAMPORT_LAB_BINARY";

/// A cold release build on a small machine.
const DEADLINE: Duration = Duration::from_secs(1800);

/// What was built, to be read by us; what the compiler has to say, to be read by people.
const MESSAGES: &str = "json-render-diagnostics";

/// How `beamport` is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// As tests build everything: quickly, and with overflows checked.
    Debug,
    /// As it is released, which takes minutes.
    Release,
}

/// Builds `beamport` and gives its path. Quick when nothing changed.
pub fn build(build: Build) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(VARIABLE) {
        return Ok(path.into());
    }
    let package = ["build", "--package", "beamport"];
    match build {
        Build::Debug => executable(&package),
        Build::Release => executable(&[&package[..], &["--release"]].concat()),
    }
}

/// Builds a test program of a package and gives its path. Quick when nothing changed.
pub fn build_tests(package: &str, test: &str) -> Result<PathBuf> {
    executable(&["test", "--no-run", "--package", package, "--test", test])
}

/// Has cargo build one program, which is linked statically as `.cargo/config.toml` has it.
fn executable(flags: &[&str]) -> Result<PathBuf> {
    let messages = output_within(
        DEADLINE,
        Command::new(cargo())
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .args(flags)
            .args(["--message-format", MESSAGES]),
    )?;
    let mut built = messages.lines().filter_map(built);
    let binary = built
        .next()
        .with_context(|| format!("cargo {} built no program", flags.join(" ")))?;
    binary
        .canonicalize()
        .with_context(|| format!("cargo built, but there is no {}", binary.display()))
}

/// The program that a line of cargo's messages says is built.
fn built(message: &str) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Artifact {
        executable: Option<PathBuf>,
    }
    serde_json::from_str::<Artifact>(message).ok()?.executable
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_cargos_messages_only_those_count_that_name_a_program() {
        let library = r#"{"reason":"compiler-artifact","executable":null,"fresh":true}"#;
        let program = r#"{"reason":"compiler-artifact","executable":"/target/otp-1"}"#;
        let end = r#"{"reason":"build-finished","success":true}"#;
        let named = [library, program, end].map(built);
        assert_eq!(named, [None, Some("/target/otp-1".into()), None]);
    }
}
