//! The network: a switch in a namespace of its own, and a cable from each host to it.
//!
//! Everything is made inside namespaces that the lab named; nothing is added to the machine's own network.

use std::net::Ipv4Addr;
use std::process::Command;

use anyhow::Result;

use crate::command::output;
use crate::instance::Instance;

/// A host's interface, as the host sees it.
pub(crate) const HOST_INTERFACE: &str = "eth0";

const BRIDGE: &str = "bridge";
const PREFIX_LENGTH: u8 = 24;

/// The address of host `number`.
pub(crate) fn address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 99, 0, number)
}

/// The switch's end of the cable to host `number`.
pub(crate) fn port(number: u8) -> String {
    format!("host{number}")
}

/// Makes the switch and `hosts` hosts with a cable each.
pub(crate) fn build(instance: &Instance, hosts: u8) -> Result<()> {
    let switch = instance.switch_namespace();
    add_namespace(&switch)?;
    ip(&["-n", &switch, "link", "add", BRIDGE, "type", "bridge"])?;
    ip(&["-n", &switch, "link", "set", BRIDGE, "up"])?;
    for number in 1..=hosts {
        let host = instance.host_namespace(number);
        let (near, far) = (port(number), HOST_INTERFACE);
        let cidr = format!("{}/{PREFIX_LENGTH}", address(number));
        add_namespace(&host)?;
        ip(&[
            "-n", &switch, "link", "add", &near, "type", "veth", "peer", "name", far, "netns",
            &host,
        ])?;
        ip(&["-n", &switch, "link", "set", &near, "master", BRIDGE, "up"])?;
        ip(&["-n", &host, "address", "add", &cidr, "dev", far])?;
        ip(&["-n", &host, "link", "set", far, "up"])?;
        ip(&["-n", &host, "link", "set", "lo", "up"])?;
    }
    Ok(())
}

/// Makes a namespace. Where there is one of that name, a predecessor crashed a moment ago, and a process that it had
/// started made it after we cleaned up behind it.
fn add_namespace(name: &str) -> Result<()> {
    let add = ["netns", "add", name];
    if ip(&add).is_err() {
        remove_namespace(name)?;
        ip(&add)?;
    }
    Ok(())
}

/// Takes a namespace away; what is in it goes too.
pub(crate) fn remove_namespace(name: &str) -> Result<()> {
    if namespace_path(name).exists() {
        ip(&["netns", "delete", name])?;
    }
    Ok(())
}

/// Where `ip netns` keeps the namespace.
pub(crate) fn namespace_path(name: &str) -> std::path::PathBuf {
    std::path::Path::new("/run/netns").join(name)
}

pub(crate) fn ip(arguments: &[&str]) -> Result<()> {
    output(Command::new("ip").args(arguments)).map(drop)
}
