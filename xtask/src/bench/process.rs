//! What the kernel knows of a server's process.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The processor time a process has used, all threads of it.
pub(super) fn cpu_time(pid: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let statistics = fs::read_to_string(thread?.path().join("schedstat"))?;
        let on_cpu: u64 = statistics
            .split_whitespace()
            .next()
            .context("an empty schedstat")?
            .parse()?;
        nanoseconds += on_cpu;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The memory a process has in use of its own, in bytes.
pub(super) fn memory(pid: u32) -> Result<u64> {
    status(pid, "RssAnon:")
}

/// The memory a process has in use, with what it shares with others, in bytes.
pub(super) fn resident(pid: u32) -> Result<u64> {
    status(pid, "VmRSS:")
}

fn status(pid: u32, key: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kilobytes: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .and_then(|rest| rest.split_whitespace().next())
        .with_context(|| format!("no {key} in the process's status"))?
        .parse()?;
    Ok(kilobytes * 1024)
}
