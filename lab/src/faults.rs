//! What can go wrong between hosts: a pulled cable, or a lossy one.
//!
//! Faults of the daemon are in [`Host::kill9_dockerd`] and its neighbours, those of containers in
//! `docker kill` and `docker pause`.

use anyhow::Result;

use crate::host::Host;
use crate::switch::{self, HOST_INTERFACE, ip};

/// Where packets leave the host, its own and those of containers.
const LOSS_CHAIN: &str = "POSTROUTING";

impl Host {
    /// Pulls the host's cable at the switch. Connections stay open and nothing arrives.
    pub fn link_down(&self) -> Result<()> {
        self.set_link("down")
    }

    /// Plugs the cable in again.
    pub fn link_up(&self) -> Result<()> {
        self.set_link("up")
    }

    /// Loses a share, from 0 to 1, of the packets that the host and its containers send to other hosts.
    pub fn lose_packets(&self, share: f32) -> Result<()> {
        self.repair_packets()?;
        let share = share.clamp(0.0, 1.0).to_string();
        let rule = [
            "-o",
            HOST_INTERFACE,
            "-m",
            "statistic",
            "--mode",
            "random",
            "--probability",
            &share,
        ];
        let append = ["iptables", "--wait", "-t", "mangle", "-A", LOSS_CHAIN];
        self.exec(append.iter().chain(&rule).chain(&["-j", "DROP"]))?;
        Ok(())
    }

    /// Ends all faults of the cable.
    pub fn repair_link(&self) -> Result<()> {
        self.repair_packets()?;
        self.link_up()
    }

    /// Nobody else has rules in that chain of the host's own network.
    fn repair_packets(&self) -> Result<()> {
        self.exec(["iptables", "--wait", "-t", "mangle", "-F", LOSS_CHAIN])?;
        Ok(())
    }

    fn set_link(&self, state: &str) -> Result<()> {
        let switch = self.instance.switch_namespace();
        ip(&[
            "-n",
            &switch,
            "link",
            "set",
            &switch::port(self.number()),
            state,
        ])
    }
}
