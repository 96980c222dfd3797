//! The static binary that runs on hosts and in containers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command::{output, output_within};

/// The variable that names a binary to use instead of building one.
const VARIABLE: &str = "BEAMPORT_LAB_BINARY";

/// A cold release build on a small machine.
const DEADLINE: Duration = Duration::from_secs(1800);

/// Builds `beamport` as it is released, statically linked, and gives its path. Quick when nothing changed.
pub fn build() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(VARIABLE) {
        return Ok(path.into());
    }
    let target = host_target()?;
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let flags = format!(
        "CARGO_TARGET_{}_RUSTFLAGS",
        target.to_uppercase().replace('-', "_")
    );
    output_within(
        DEADLINE,
        Command::new(cargo())
            .current_dir(workspace)
            .args([
                "build",
                "--release",
                "--package",
                "beamport",
                "--target",
                &target,
            ])
            .env(flags, "-C target-feature=+crt-static"),
    )?;
    let folder = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.join("target"), PathBuf::from);
    let binary = folder.join(&target).join("release/beamport");
    binary
        .canonicalize()
        .with_context(|| format!("cargo built, but there is no {}", binary.display()))
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
