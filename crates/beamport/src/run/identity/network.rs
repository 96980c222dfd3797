//! Where we are on the network: our addresses, and the default gateway, which is the Docker host.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// The IPv4 default gateway.
pub(crate) fn default_gateway() -> Option<Ipv4Addr> {
    gateway_in(&fs::read_to_string("/proc/net/route").ok()?)
}

/// Our address towards the default gateway; without one, the first that is not loopback, IPv4 before IPv6.
///
/// A container without a network has only loopback, and a node there is known as `name@127.0.0.1`.
pub(crate) fn own_address() -> IpAddr {
    default_gateway()
        .and_then(|gateway| address_towards(gateway.into()))
        .or_else(|| {
            let addresses = addresses();
            addresses
                .iter()
                .find(|address| address.is_ipv4())
                .or(addresses.first())
                .copied()
        })
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// Every address of ours that others might dial: neither loopback nor link-local.
pub(crate) fn addresses() -> Vec<IpAddr> {
    let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten();
    interfaces
        .filter_map(|interface| {
            let address = interface.address?;
            let v4 = address.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip())))
        })
        .filter(|address| match address {
            IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local(),
            IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local(),
        })
        .collect()
}

/// Our address towards another, of IPv4 only. Connecting a UDP socket sends nothing; it only has the kernel choose a
/// route and with it an address.
pub(crate) fn address_towards(other: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((other, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Reads `/proc/net/route`: columns Iface, Destination, Gateway, Flags, …, Mask, addresses as hexadecimal in the
/// byte order of the machine.
fn gateway_in(routes: &str) -> Option<Ipv4Addr> {
    routes.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (destination, gateway) = (fields.next()?, fields.next()?);
        let gateway = u32::from_str_radix(gateway, 16).ok()?;
        (destination == "00000000" && gateway != 0).then(|| Ipv4Addr::from(gateway.to_ne_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_gateway_is_the_default_routes() {
        let routes = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                      eth1\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n\
                      eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
        assert_eq!(gateway_in(routes), Some(Ipv4Addr::new(172, 17, 0, 1)));
    }

    #[test]
    fn there_may_be_none() {
        assert_eq!(gateway_in(""), None);
        assert_eq!(
            gateway_in("Iface\tDestination\tGateway\nppp0\t00000000\t00000000\t1"),
            None
        );
        assert_eq!(gateway_in("x\ny"), None);
    }

    #[test]
    fn own_addresses_are_not_loopback() {
        assert!(addresses().iter().all(|address| !address.is_loopback()));
    }
}
