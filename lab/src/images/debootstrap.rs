//! Making an image: a Debian suite's smallest installation with a recipe's packages, as a compressed tar file.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::recipe::Recipe;
use crate::command::{output, output_within};

/// Adds the files of the package that is its first argument.
const UNPACK: &str =
    "cd /tmp; apt-get update; apt-get download \"$1\"; dpkg -x \"$1\"_*.deb /; rm \"$1\"_*.deb";

/// The variable that names the archive to take packages from.
const MIRROR_VARIABLE: &str = "BEAMPORT_LAB_MIRROR";

/// A slow network, and four at once on two cores.
const DEADLINE: Duration = Duration::from_secs(900);

/// Debian's keys, also where the machine is not a Debian and its own keyring is another.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What no container needs.
const LEFT_OUT: [&str; 5] = [
    "./usr/share/doc",
    "./usr/share/locale",
    "./usr/share/man",
    "./var/cache/apt",
    "./var/lib/apt/lists",
];

/// Builds `recipe` in the folder `work`, which is emptied before and after, and puts the image at `target`.
pub(super) fn build(recipe: Recipe, work: &Path, target: &Path) -> Result<()> {
    remove_folder(work)?;
    let root = work.join("root");
    fs::create_dir_all(&root)?;
    // It gets process and mount namespaces of its own, ended by the kernel as soon as we end: whatever happens
    // to us, no process and no mount is left behind.
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "--"])
        .args([
            "unshare",
            "--fork",
            "--pid",
            "--mount",
            "--kill-child",
            "--",
        ])
        .args(["debootstrap", "--variant=minbase"])
        .arg(format!("--include={}", recipe.packages.join(",")));
    if Path::new(KEYRING).is_file() {
        command.arg(format!("--keyring={KEYRING}"));
    }
    command.arg(recipe.suite).arg(&root).arg(mirror()?);
    output_within(DEADLINE, &mut command)?;
    for package in recipe.unpacked {
        let mut chroot = Command::new("chroot");
        chroot.arg(&root).args(["sh", "-ec", UNPACK, "sh", package]);
        output_within(DEADLINE, &mut chroot)?;
    }
    let packed = work.join("image.tar.zst");
    let mut tar = Command::new("tar");
    tar.arg("--directory").arg(&root);
    for path in LEFT_OUT {
        tar.arg(format!("--exclude={path}/*"));
    }
    tar.args(["--use-compress-program=zstd -3 -T0", "--create", "--file"])
        .arg(&packed)
        .arg(".");
    output_within(DEADLINE, &mut tar)?;
    fs::rename(&packed, target)?;
    remove_folder(work)
}

/// Where this machine's own apt takes Debian's packages from.
fn mirror() -> Result<String> {
    if let Ok(mirror) = std::env::var(MIRROR_VARIABLE) {
        return Ok(mirror);
    }
    let targets = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI)",
        "Identifier: Packages",
    ]))?;
    targets
        .lines()
        .find(|uri| uri.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
        .with_context(|| {
            format!(
                "apt's sources name no Debian archive: set {MIRROR_VARIABLE} to the address of one"
            )
        })
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
