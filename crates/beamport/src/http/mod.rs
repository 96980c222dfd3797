//! HTTP, for those who are no Erlang nodes: scripts, probes, people with curl.
//!
//! [`server`] serves a router, [`fault`] is what goes wrong as an answer, [`client`] is how our own commands ask.

pub(crate) mod client;
mod fault;
mod server;

use std::net::SocketAddr;
use std::str::FromStr;

pub(crate) use fault::Fault;
pub(crate) use server::Server;

/// Where HTTP is served: on loopback, since nobody is asked who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LoopbackAddress(pub(crate) SocketAddr);

impl FromStr for LoopbackAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address: SocketAddr = text
            .parse()
            .map_err(|_| format!("`{text}` is no ADDRESS:PORT, as in 127.0.0.1:4370"))?;
        match address.ip().is_loopback() {
            true => Ok(Self(address)),
            false => Err(format!(
                "{address} can be reached by others, and whoever asks is answered: give an address of this machine \
                 alone, as in 127.0.0.1:{}",
                address.port()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_served_on() {
        for good in ["127.0.0.1:0", "127.0.0.2:80", "[::1]:4370"] {
            let read: LoopbackAddress = good.parse().unwrap();
            assert_eq!(read.0.to_string(), good);
        }
        for wrong in [
            "",
            "127.0.0.1",
            "localhost:1",
            "0.0.0.0:1",
            "[::]:1",
            "10.0.0.1:1",
        ] {
            assert!(wrong.parse::<LoopbackAddress>().is_err(), "{wrong}");
        }
    }
}
