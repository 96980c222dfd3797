//! What a lab has made, written down before it is made, so that a crash leaves nothing unknown.
//!
//! In the lab's folder: `lab.json` (namespaces, control groups, omissions, and whether the lab is complete) and
//! `processes/` with one file for each process, named by its id and holding its start time. Everything else,
//! mounts included, is below that folder by construction.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::instance::Instance;
use crate::process::Process;

/// The contents of `lab.json`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    /// All of it was made.
    pub(crate) complete: bool,
    /// How many hosts.
    pub(crate) hosts: u8,
    /// Names of network namespaces.
    pub(crate) namespaces: Vec<String>,
    /// Names of control groups.
    pub(crate) cgroups: Vec<String>,
    /// Images that could not be had.
    pub(crate) omitted: Vec<Omission>,
}

/// An image that this lab does without.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Omission {
    /// The image's name.
    pub image: String,
    /// What went wrong.
    pub reason: String,
}

impl Record {
    /// What `instance` has made; none when it has made nothing.
    pub(crate) fn read(instance: &Instance) -> Result<Option<Self>> {
        let path = instance.folder().join("lab.json");
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .with_context(|| format!("{} is not what a lab wrote", path.display())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Replaces what is written, as a whole.
    pub(crate) fn write(&self, instance: &Instance) -> Result<()> {
        let folder = instance.folder();
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let new = folder.join("lab.json.new");
        fs::write(&new, serde_json::to_vec_pretty(self)?)?;
        fs::rename(&new, folder.join("lab.json"))?;
        Ok(())
    }
}

/// Writes down that `process` is the lab's.
pub(crate) fn add_process(instance: &Instance, process: Process) -> Result<()> {
    let folder = processes_folder(instance);
    fs::create_dir_all(&folder)?;
    fs::write(
        folder.join(process.id().to_string()),
        process.start_time().to_string(),
    )?;
    Ok(())
}

/// Strikes out a process that has ended.
pub(crate) fn remove_process(instance: &Instance, process: Process) {
    let _ = fs::remove_file(processes_folder(instance).join(process.id().to_string()));
}

/// The processes written down; some may have ended since.
pub(crate) fn processes(instance: &Instance) -> Vec<Process> {
    let Ok(entries) = fs::read_dir(processes_folder(instance)) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| recorded(&entry.path()))
        .collect()
}

fn recorded(path: &Path) -> Option<Process> {
    let id = path.file_name()?.to_str()?.parse().ok()?;
    let start_time = fs::read_to_string(path).ok()?.parse().ok()?;
    Some(Process::from_parts(id, start_time))
}

fn processes_folder(instance: &Instance) -> PathBuf {
    instance.folder().join("processes")
}
