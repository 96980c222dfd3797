//! Images as files, one for each recipe, shared by all labs of the machine.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::debootstrap;
use super::recipe::Image;
use crate::wait::wait_until;

/// The variable that names the folder.
const VARIABLE: &str = "BEAMPORT_LAB_CACHE";

const DEFAULT_FOLDER: &str = "/var/cache/beamport-lab";

/// How long another process may take to make the same image.
const LOCK_DEADLINE: Duration = Duration::from_secs(900);

/// The image as a compressed tar file, made if it is not there.
pub(super) fn file(image: Image) -> Result<PathBuf> {
    let folder = std::env::var_os(VARIABLE).map_or_else(|| DEFAULT_FOLDER.into(), PathBuf::from);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let path = folder.join(format!("{image}-{}.tar.zst", image.tag()));
    let lock = File::create(folder.join(format!("{image}.lock")))?;
    wait_until(
        &format!("another process to be done with image {image}"),
        LOCK_DEADLINE,
        || lock.try_lock().is_ok(),
    )?;
    if !path.is_file() {
        remove_older(&folder, image)?;
        let work = folder.join(format!("{image}.building"));
        debootstrap::build(image.recipe(), &work, &path)
            .with_context(|| format!("cannot make image {image}"))?;
    }
    Ok(path)
}

/// Removes what former recipes of the image left, and what a crash did.
fn remove_older(folder: &Path, image: Image) -> Result<()> {
    let prefix = format!("{image}-");
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
