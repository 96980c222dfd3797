//! Host names to addresses, by `/etc/hosts` and the name servers of `/etc/resolv.conf`.
//!
//! Never through the C library: in a static binary its resolver needs the very libraries that a static binary is
//! free of.

use std::fmt;
use std::net::IpAddr;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::time::{Instant, timeout_at};

use super::ConnectError;

/// Looks host names up.
pub(super) struct Resolver(TokioResolver);

impl Resolver {
    /// With this system's settings; where there is no `/etc/resolv.conf`, with `/etc/hosts` only.
    pub(super) fn of_system() -> Result<Self, NetError> {
        let mut builder = TokioResolver::builder_tokio().unwrap_or_else(|error| {
            tracing::debug!(%error, "no name servers: using /etc/hosts only");
            let none = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
            TokioResolver::builder_with_config(none, TokioRuntimeProvider::default())
        });
        builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        Ok(Self(builder.build()?))
    }

    /// The addresses of a host, which may itself be one; IPv4 first, as nodes have it.
    pub(super) async fn addresses(
        &self,
        host: &str,
        deadline: Instant,
    ) -> Result<Vec<IpAddr>, ConnectError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        match timeout_at(deadline, self.0.lookup_ip(host)).await {
            Ok(Ok(found)) => {
                let mut addresses: Vec<IpAddr> = found.iter().collect();
                addresses.sort_by_key(IpAddr::is_ipv6);
                Ok(addresses)
            }
            Ok(Err(source)) => Err(ConnectError::Host {
                host: host.to_owned(),
                source,
            }),
            Err(_) => Err(ConnectError::HostTimeout {
                host: host.to_owned(),
            }),
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}
