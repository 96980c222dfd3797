//! Debian packages that a task needs: installed when we may, named when we may not.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use beamport_lab::{
    Need, Requirement, has_program, is_root, missing_permissions, missing_programs,
};

use crate::failure::Lacking;

/// The plain Erlang that some tests, and the demo without a lab, run on this machine itself.
const ERLANG: [Requirement; 3] = [
    Requirement {
        need: Need::Program("erl"),
        package: "erlang-base",
    },
    Requirement {
        need: Need::Program("epmd"),
        package: "erlang-base",
    },
    Requirement {
        need: Need::ErlangApplication("ssl"),
        package: "erlang-ssl",
    },
];

/// Sees to it that this machine has what a lab runs.
pub(crate) fn ensure_lab_programs() -> Result<()> {
    ensure_programs(&missing_programs())
}

/// What a lab's tests run besides.
const PODMAN: [Requirement; 1] = [Requirement {
    need: Need::Program("podman"),
    package: "podman",
}];

/// What counts instructions.
const VALGRIND: [Requirement; 1] = [Requirement {
    need: Need::Program("valgrind"),
    package: "valgrind",
}];

/// Sees to it that this machine can run a lab.
pub(crate) fn ensure_lab() -> Result<()> {
    ensure_lab_programs()?;
    let missing = missing_permissions();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Lacking(format!(
        "a lab needs permissions that are missing here: {}",
        missing.join("; ")
    ))
    .into())
}

/// Sees to it that this machine has Erlang.
pub(crate) fn ensure_erlang() -> Result<()> {
    ensure_all(&ERLANG)
}

/// Sees to it that this machine has Podman.
pub(crate) fn ensure_podman() -> Result<()> {
    ensure_all(&PODMAN)
}

/// Sees to it that this machine has Valgrind.
pub(crate) fn ensure_valgrind() -> Result<()> {
    ensure_all(&VALGRIND)
}

fn ensure_all(needs: &[Requirement]) -> Result<()> {
    let missing: Vec<_> = needs
        .iter()
        .copied()
        .filter(|need| !need.is_met())
        .collect();
    ensure_programs(&missing)
}

fn ensure_programs(missing: &[Requirement]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let needs: Vec<_> = missing.iter().map(|need| need.need.to_string()).collect();
    let packages: BTreeSet<_> = missing.iter().map(|need| need.package).collect();
    let packages: Vec<_> = packages.into_iter().collect();
    if !may_install() {
        return Err(Lacking(format!(
            "these are missing: {}. On Debian, as root: apt-get install {}",
            needs.join(", "),
            packages.join(" ")
        ))
        .into());
    }
    println!("installing Debian packages: {}", packages.join(" "));
    apt_get(&["update"])?;
    let install = ["install", "--yes", "--no-install-recommends"];
    apt_get(&[&install, packages.as_slice()].concat())?;
    let still: Vec<_> = missing
        .iter()
        .filter(|need| !need.is_met())
        .map(|need| need.need.to_string())
        .collect();
    ensure!(
        still.is_empty(),
        "installed {}, and there is still no {}",
        packages.join(" "),
        still.join(", ")
    );
    Ok(())
}

fn may_install() -> bool {
    is_root() && has_program("apt-get")
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .args(["--quiet", "--quiet"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .status()
        .context("cannot run apt-get")?;
    ensure!(
        status.success(),
        "apt-get {} failed ({status})",
        arguments.join(" ")
    );
    Ok(())
}
