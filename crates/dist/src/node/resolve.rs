//! Host names to addresses, by `/etc/hosts` and the name servers of `/etc/resolv.conf`.
//!
//! Never through the C library: in a static binary its resolver needs the very libraries that a static binary is
//! free of.

use std::fmt;
use std::net::IpAddr;
use std::sync::OnceLock;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::time::{Instant, timeout_at};

use super::ConnectError;

/// Looks host names up. The system's settings are read when that is needed for the first time.
#[derive(Default)]
pub(super) struct Resolver(OnceLock<TokioResolver>);

impl Resolver {
    /// The addresses of a host, which may itself be one; IPv4 first, as nodes have it.
    pub(super) async fn addresses(
        &self,
        host: &str,
        deadline: Instant,
    ) -> Result<Vec<IpAddr>, ConnectError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let host = || host.to_owned();
        let failed = |source| ConnectError::Host {
            host: host(),
            source,
        };
        let resolver = match self.0.get() {
            Some(resolver) => resolver,
            None => {
                let resolver = of_system().map_err(failed)?;
                self.0.get_or_init(|| resolver)
            }
        };
        match timeout_at(deadline, resolver.lookup_ip(host())).await {
            Ok(Ok(found)) => {
                let mut addresses: Vec<IpAddr> = found.iter().collect();
                addresses.sort_by_key(IpAddr::is_ipv6);
                Ok(addresses)
            }
            Ok(Err(error)) if error.is_no_records_found() => {
                Err(ConnectError::UnknownHost { host: host() })
            }
            Ok(Err(NetError::Timeout)) | Err(_) => Err(ConnectError::HostTimeout { host: host() }),
            Ok(Err(source)) => Err(failed(source)),
        }
    }
}

/// With this system's settings; where there is no `/etc/resolv.conf`, with `/etc/hosts` only.
fn of_system() -> Result<TokioResolver, NetError> {
    let mut builder = TokioResolver::builder_tokio().unwrap_or_else(|error| {
        tracing::debug!(%error, "no name servers: using /etc/hosts only");
        let none = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
        TokioResolver::builder_with_config(none, TokioRuntimeProvider::default())
    });
    builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    builder.build()
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}
