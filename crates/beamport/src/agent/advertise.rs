//! Under which address other hosts reach this one, when nobody says.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// Interfaces that lead to containers and virtual machines of this host, by how their names begin.
const INTERNAL: [&str; 8] = [
    "docker", "br-", "veth", "virbr", "podman", "cni", "lxc", "lxd",
];

/// An address of documentation (RFC 5737): routed like any other, and nobody's.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// An address, and how it was found, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) address: IpAddr,
    pub(super) how: String,
}

/// The address that packets to elsewhere come from; where there is no way to elsewhere, the first address that
/// is neither loopback nor leads to containers only.
pub(super) fn find() -> Option<Found> {
    if let Some(address) = default_source() {
        return Some(Found {
            address,
            how: "the address that the default route uses".to_owned(),
        });
    }
    let mut addresses = interface_addresses();
    addresses.retain(|(interface, address)| {
        is_global(*address) && !INTERNAL.iter().any(|prefix| interface.starts_with(prefix))
    });
    // Nodes resolve to IPv4 unless they are told otherwise.
    addresses.sort_by_key(|(_, address)| address.is_ipv6());
    let (interface, address) = addresses.into_iter().next()?;
    Some(Found {
        address,
        how: format!("the address of {interface}; there is no default route"),
    })
}

/// Whether `address` is one of this network namespace's own.
pub(super) fn is_own(address: IpAddr) -> bool {
    interface_addresses().iter().any(|(_, own)| *own == address)
}

/// Connecting a UDP socket sends nothing, and has the kernel choose the source address.
fn default_source() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(ELSEWHERE).ok()?;
    let address = socket.local_addr().ok()?.ip();
    is_global(address).then_some(address)
}

fn interface_addresses() -> Vec<(String, IpAddr)> {
    let Ok(interfaces) = getifaddrs() else {
        return Vec::new();
    };
    interfaces
        .filter(|interface| interface.flags.contains(InterfaceFlags::IFF_UP))
        .filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|a| IpAddr::from(a.ip()));
            let v6 = || address.as_sockaddr_in6().map(|a| IpAddr::from(a.ip()));
            Some((interface.interface_name, v4.or_else(v6)?))
        })
        .collect()
}

fn is_global(address: IpAddr) -> bool {
    let is_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !is_local && !address.is_loopback() && !address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_our_own_and_global() {
        if let Some(found) = find() {
            assert!(
                is_own(found.address) && is_global(found.address),
                "{found:?}"
            );
        }
        assert!(is_own(Ipv4Addr::LOCALHOST.into()));
        assert!(!is_own(ELSEWHERE.0.into()));
    }
}
