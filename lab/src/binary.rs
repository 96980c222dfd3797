//! The static binaries that run on hosts and in containers.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::command::{output, output_within};

/// The variable that names a binary to use instead of building one.
const VARIABLE: &str = "BEAMPORT_LAB_BINARY";

/// A cold release build on a small machine.
const DEADLINE: Duration = Duration::from_secs(1800);

/// What was built, to be read by us; what the compiler has to say, to be read by people.
const MESSAGES: &str = "json-render-diagnostics";

/// Builds `beamport` as it is released, statically linked, and gives its path. Quick when nothing changed.
pub fn build() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(VARIABLE) {
        return Ok(path.into());
    }
    executable(&["build", "--release", "--package", "beamport"])
}

/// Builds a test program of a package, statically linked, and gives its path. Quick when nothing changed.
pub fn build_tests(package: &str, test: &str) -> Result<PathBuf> {
    executable(&["test", "--no-run", "--package", package, "--test", test])
}

/// Has cargo build one program, statically linked, and gives its path.
fn executable(flags: &[&str]) -> Result<PathBuf> {
    let target = host_target()?;
    let rustflags = format!(
        "CARGO_TARGET_{}_RUSTFLAGS",
        target.to_uppercase().replace('-', "_")
    );
    let messages = output_within(
        DEADLINE,
        Command::new(cargo())
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .args(flags)
            .args(["--target", &target, "--message-format", MESSAGES])
            .env(rustflags, "-C target-feature=+crt-static"),
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

/// The Rust name of this machine's kind.
fn host_target() -> Result<String> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc does not say for which machine it compiles")
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
