//! Making a lab as new for the next test.

use std::time::Duration;

use anyhow::Result;
use nix::sys::signal::Signal;

use crate::host::Host;
use crate::{process, record};

/// How long anything may take to end after SIGKILL.
const END_DEADLINE: Duration = Duration::from_secs(20);

/// Gives a test a host as new.
pub(crate) fn clear(host: &Host) -> Result<()> {
    host.end_tls()?;
    let dockerd_was_off = !host.has_dockerd();
    if dockerd_was_off {
        host.start_dockerd()?;
    }
    for process in record::processes(&host.instance) {
        let is_here = process::in_network_namespace(&host.network_namespace()).contains(&process);
        let is_dockerd = host.is_dockerd(process);
        if is_here && !is_dockerd {
            process.signal(Signal::SIGKILL);
            process.wait_end(END_DEADLINE)?;
            record::remove_process(&host.instance, process);
        }
    }
    host.repair_link()?;
    if dockerd_was_off || host.docker(["info", "--format", "{{.LiveRestoreEnabled}}"])? == "true" {
        host.set_live_restore(false)?;
    }
    // Else it would start its containers again.
    if host.docker(["info", "--format", "{{.Swarm.LocalNodeState}}"])? != "inactive" {
        host.docker(["swarm", "leave", "--force"])?;
    }
    let containers = host.docker(["ps", "--all", "--quiet"])?;
    if !containers.is_empty() {
        let remove = ["rm", "--force", "--volumes"];
        host.docker(remove.into_iter().chain(containers.lines()))?;
    }
    host.docker(["network", "prune", "--force"])?;
    Ok(())
}
