//! The sockets an agent listens on: its own, or those that systemd opened for it.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::str::FromStr;

use anyhow::{Context, anyhow};
use beamport_epmd::DEFAULT_PORT;
use beamport_epmd::server::listen;
use listenfd::ListenFd;

use super::port_holder::Holder;
use crate::failure::{Code, Failure};

/// An address to listen on; the port is 4369 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListenAddress(SocketAddr);

impl FromStr for ListenAddress {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        let address = text
            .parse()
            .or_else(|_| {
                let ip: IpAddr = bare.unwrap_or(text).parse()?;
                Ok(SocketAddr::new(ip, DEFAULT_PORT))
            })
            .map_err(|_: std::net::AddrParseError| {
                anyhow!("not an address such as 0.0.0.0:4369 or [::]:4369")
            })?;
        Ok(Self(address))
    }
}

/// The sockets systemd passes, or else sockets on `addresses`.
pub(super) fn open(addresses: &[ListenAddress]) -> Result<Vec<TcpListener>, Failure> {
    let passed = passed().context("cannot use the sockets that systemd passed")?;
    if passed.is_empty() {
        addresses.iter().map(|a| bind(a.0)).collect()
    } else {
        Ok(passed)
    }
}

fn passed() -> io::Result<Vec<TcpListener>> {
    let mut passed = ListenFd::from_env();
    (0..passed.len())
        .filter_map(|index| passed.take_tcp_listener(index).transpose())
        .collect()
}

fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    listen(address).map_err(|error| {
        if error.kind() != io::ErrorKind::AddrInUse {
            let failed = anyhow!("cannot listen on {address}: {error}");
            return Failure::new(Code::Unavailable, failed);
        }
        let taken = match Holder::of(address.port()) {
            Some(holder) => anyhow!(
                "cannot listen on {address}: it is taken by {holder}; {}",
                holder.remedy()
            ),
            None => anyhow!(
                "cannot listen on {address}: it is taken, by a process that cannot be seen from here"
            ),
        };
        Failure::new(Code::Unavailable, taken)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_go_without_port() {
        for (text, address) in [
            ("0.0.0.0", "0.0.0.0:4369"),
            ("0.0.0.0:5000", "0.0.0.0:5000"),
            ("[::]", "[::]:4369"),
            ("::", "[::]:4369"),
            ("[::1]:5000", "[::1]:5000"),
        ] {
            let parsed: ListenAddress = text.parse().unwrap();
            assert_eq!(parsed.0.to_string(), address, "{text}");
        }
        assert!("localhost".parse::<ListenAddress>().is_err());
    }
}
