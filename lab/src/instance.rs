//! A lab's name, and where on this machine its things are.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::wait::wait_until;

/// The variable that names the lab to use.
const VARIABLE: &str = "BEAMPORT_LAB";

const DEFAULT_NAME: &str = "main";

/// State of all labs. Namespaces are known by name machine-wide, so labs are too, whichever checkout made them.
const STATE: &str = "/var/lib/beamport-lab";

/// How long to wait for another process that uses the lab: the longest test takes less.
const LOCK_DEADLINE: Duration = Duration::from_secs(900);

/// Which lab: `[a-z0-9]`, up to 16 of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance(String);

impl Instance {
    /// The lab of this name.
    pub fn named(name: &str) -> Result<Self> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        if name.is_empty() || name.len() > 16 || !name.bytes().all(allowed) {
            bail!("a lab's name is 1 to 16 of a-z and 0-9, not {name:?}");
        }
        Ok(Self(name.to_owned()))
    }

    /// The lab that `BEAMPORT_LAB` names, else `main`.
    pub fn from_environment() -> Result<Self> {
        match std::env::var(VARIABLE) {
            Ok(name) => Self::named(&name).with_context(|| format!("{VARIABLE} is wrong")),
            Err(_) => Self::named(DEFAULT_NAME),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The folder of everything this lab keeps.
    pub(crate) fn folder(&self) -> PathBuf {
        Path::new(STATE).join(&self.0)
    }

    /// The network namespace of the switch.
    pub(crate) fn switch_namespace(&self) -> String {
        format!("beamport-{}-switch", self.0)
    }

    /// The network namespace of a host.
    pub(crate) fn host_namespace(&self, host: u8) -> String {
        format!("beamport-{}-host{host}", self.0)
    }

    /// The control group all containers of a host are in.
    pub(crate) fn host_cgroup(&self, host: u8) -> String {
        format!("beamport-{}-host{host}", self.0)
    }

    /// Has the lab to itself until the file is dropped, also against other processes.
    pub(crate) fn lock(&self) -> Result<File> {
        std::fs::create_dir_all(STATE).with_context(|| format!("cannot create {STATE}"))?;
        let path = Path::new(STATE).join(format!("{}.lock", self.0));
        let file =
            File::create(&path).with_context(|| format!("cannot open {}", path.display()))?;
        wait_until(
            &format!("another process to be done with lab `{}`", self.0),
            LOCK_DEADLINE,
            || file.try_lock().is_ok(),
        )?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_folder() {
        for name in ["", "..", "a/b", "A", "seventeen-letters", "a b"] {
            assert!(Instance::named(name).is_err(), "{name:?}");
        }
        assert!(Instance::named("main2").is_ok());
    }
}
