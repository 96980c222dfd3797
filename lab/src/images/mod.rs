//! The images that containers of the lab run: Debian suites with what each recipe adds.
//!
//! They are bootstrapped from Debian's archive, kept as files by [`cache`], and imported into each host's daemon.

mod cache;
mod debootstrap;
mod recipe;

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::command::output_within;
use crate::host::Host;

pub use recipe::Image;

/// How long a daemon may take to unpack an image while others unpack theirs.
const IMPORT_DEADLINE: Duration = Duration::from_secs(300);

/// Makes sure that the image's file is there, which takes about a minute the first time.
pub(crate) fn prepare(image: Image) -> Result<()> {
    cache::file(image).map(drop)
}

/// The name under which `host` has the image, imported if it was not.
pub(crate) fn import(image: Image, host: &Host) -> Result<String> {
    let reference = image.reference();
    if host
        .docker(["image", "inspect", "--format", "{{.Id}}", &reference])
        .is_err()
    {
        let file = cache::file(image)?;
        // The daemon's own unpacking knows no zstd everywhere.
        output_within(
            IMPORT_DEADLINE,
            Command::new("sh")
                .args([
                    "-c",
                    "zstd --decompress --stdout \"$1\" | docker --host \"$2\" import - \"$3\"",
                    "sh",
                ])
                .arg(file)
                .arg(format!("unix://{}", host.docker_socket().display()))
                .arg(&reference),
        )?;
    }
    Ok(reference)
}
