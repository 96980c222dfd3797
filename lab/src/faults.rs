//! What can go wrong between hosts: a pulled cable, a lossy one, or one that is not for everybody.
//!
//! Faults of the daemon are in [`Host::kill9_dockerd`] and its neighbours, those of containers in
//! `docker kill` and `docker pause`.

use std::net::Ipv4Addr;

use anyhow::Result;

use crate::host::Host;
use crate::switch::{self, HOST_INTERFACE, ip};

/// Where packets leave the host, its own and those of containers.
const LOSS_CHAIN: &str = "POSTROUTING";

/// Where packets of containers pass under the containers' own addresses, in both directions.
const CUT_CHAIN: &str = "FORWARD";

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

    /// Loses all that one of this host's containers, known by its address, and another host send each other. The
    /// host's other containers are not concerned.
    pub fn cut_off(&self, container: Ipv4Addr, other: &Self) -> Result<()> {
        let (container, other) = (container.to_string(), other.address().to_string());
        for (from, to) in [(&container, &other), (&other, &container)] {
            let append = ["iptables", "--wait", "-t", "mangle", "-A", CUT_CHAIN];
            self.exec(
                append
                    .into_iter()
                    .chain(["-s", from, "-d", to, "-j", "DROP"]),
            )?;
        }
        Ok(())
    }

    /// Ends all faults of the cable.
    pub fn repair_link(&self) -> Result<()> {
        self.repair_packets()?;
        self.link_up()
    }

    /// Nobody else has rules in these chains of the host's own network.
    fn repair_packets(&self) -> Result<()> {
        for chain in [LOSS_CHAIN, CUT_CHAIN] {
            self.exec(["iptables", "--wait", "-t", "mangle", "-F", chain])?;
        }
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
