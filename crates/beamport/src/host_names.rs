//! Host names to addresses, by `/etc/hosts` and the name servers of `/etc/resolv.conf`.
//!
//! Never through the C library: in a static binary its resolver needs the very libraries that a static binary is
//! free of.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use beamport_docker::Resolve;
use hickory_resolver::config::{LookupIpStrategy, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{Resolver, TokioResolver};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

/// How long a lookup may take whose caller does not say.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks host names up.
pub(crate) struct HostNames(TokioResolver);

/// Why a host name gave no address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostNameError {
    /// Nothing to ask name servers for.
    #[error("{host:?} is neither a host name nor an address; a port belongs to neither")]
    NoName { host: String },
    /// The name servers say so.
    #[error("there is no host {host:?}")]
    Unknown { host: String },
    /// The name servers do not say.
    #[error("no name server answered for {host:?} in time: see /etc/resolv.conf")]
    Timeout { host: String },
    /// Something else.
    #[error("cannot look up {host:?}: {source}")]
    Failed { host: String, source: NetError },
}

/// Where a host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// At least one.
    pub(crate) addresses: Vec<IpAddr>,
    /// How long the name servers stand by them; none where no name server was asked.
    pub(crate) fresh_for: Option<Duration>,
}

/// A name that name servers can be asked for.
fn checked(host: &str) -> Result<String, HostNameError> {
    let host = host.to_owned();
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || ":/@[]".contains(c)) {
        return Err(HostNameError::NoName { host });
    }
    Ok(host)
}

fn answer<T>(host: &str, answer: Result<Result<T, NetError>, Elapsed>) -> Result<T, HostNameError> {
    let host = host.to_owned();
    match answer {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) if error.is_no_records_found() => Err(HostNameError::Unknown { host }),
        Ok(Err(NetError::Timeout)) | Err(_) => Err(HostNameError::Timeout { host }),
        Ok(Err(source)) => Err(HostNameError::Failed { host, source }),
    }
}

impl HostNames {
    /// A resolver with this system's settings; where there is no `/etc/resolv.conf`, with `/etc/hosts` only.
    pub(crate) fn of_system() -> Result<Self, NetError> {
        let mut builder = Resolver::builder_tokio().unwrap_or_else(|error| {
            debug!(%error, "no name servers: using /etc/hosts only");
            let none = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
            Resolver::builder_with_config(none, TokioRuntimeProvider::default())
        });
        builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        // Whoever asks again wants to know what has changed.
        builder.options_mut().cache_size = 0;
        Ok(Self(builder.build()?))
    }

    /// The addresses of `host`, which may also be an address; IPv4 first, as nodes have it. At least one.
    pub(crate) async fn addresses(
        &self,
        host: &str,
        deadline: Instant,
    ) -> Result<Vec<IpAddr>, HostNameError> {
        Ok(self.find(host, deadline).await?.addresses)
    }

    /// The addresses of `host`, as [`addresses`](Self::addresses) gives them, and how long they are good for.
    pub(crate) async fn find(&self, host: &str, deadline: Instant) -> Result<Found, HostNameError> {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(host).parse() {
            return Ok(Found {
                addresses: vec![address],
                fresh_for: None,
            });
        }
        let host = checked(host)?;
        let found = answer(
            &host,
            timeout_at(deadline, self.0.lookup_ip(host.as_str())).await,
        )?;
        let mut addresses: Vec<IpAddr> = found.iter().collect();
        addresses.sort_by_key(IpAddr::is_ipv6);
        if addresses.is_empty() {
            return Err(HostNameError::Unknown { host });
        }
        let fresh_for = found
            .valid_until()
            .saturating_duration_since(Instant::now().into_std());
        Ok(Found {
            addresses,
            fresh_for: Some(fresh_for),
        })
    }

    /// The hosts and ports of the SRV records of `service` (RFC 2782), and how long they are good for.
    pub(crate) async fn services(
        &self,
        service: &str,
        deadline: Instant,
    ) -> Result<(Vec<(String, u16)>, Duration), HostNameError> {
        let service = checked(service)?;
        let found = answer(
            &service,
            timeout_at(deadline, self.0.srv_lookup(service.as_str())).await,
        )?;
        let fresh_for = found
            .valid_until()
            .saturating_duration_since(Instant::now().into_std());
        let hosts = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(srv) => Some((
                    srv.target.to_utf8().trim_end_matches('.').to_owned(),
                    srv.port,
                )),
                _ => None,
            });
        Ok((hosts.collect(), fresh_for))
    }
}

impl fmt::Debug for HostNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostNames")
    }
}

impl Resolve for HostNames {
    async fn resolve(&self, host: &str) -> io::Result<IpAddr> {
        let found = self.addresses(host, Instant::now() + PATIENCE).await;
        found
            .map_err(io::Error::other)?
            .first()
            .copied()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn look_up(host: &str) -> Result<Vec<IpAddr>, HostNameError> {
        let deadline = Instant::now() + Duration::from_secs(10);
        HostNames::of_system()
            .unwrap()
            .addresses(host, deadline)
            .await
    }

    #[tokio::test]
    async fn addresses_are_taken_as_they_are() {
        for (text, address) in [("10.0.0.1", "10.0.0.1"), ("[::1]", "::1"), ("::1", "::1")] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(look_up(text).await.unwrap(), [address]);
        }
    }

    #[tokio::test]
    async fn what_is_no_name_is_not_looked_up() {
        for text in ["", "10.0.0.1:4369", "a b", "node@host", "http://host"] {
            let error = look_up(text).await.unwrap_err();
            assert!(matches!(error, HostNameError::NoName { .. }), "{text}");
        }
    }

    #[tokio::test]
    async fn the_hosts_file_and_localhost_are_known() {
        let found = look_up("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
    }
}
