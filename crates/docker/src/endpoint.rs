//! Where Docker's API is.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bollard::errors::Error as ApiError;
use bollard::{API_DEFAULT_VERSION, Docker};

use crate::tls::{Identity, TlsError};

/// The port of the API without TLS, and with it.
const PLAIN_PORT: u16 = 2375;
const TLS_PORT: u16 = 2376;

/// Where Docker's API is: `unix:///var/run/docker.sock` or `tcp://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A socket on this machine.
    Unix(PathBuf),
    /// A TCP port, with TLS where there is an identity.
    Tcp {
        /// A host name or an address.
        host: String,
        /// The port; none for the usual one, 2375 or, with TLS, 2376.
        port: Option<u16>,
        /// What TLS is spoken with.
        identity: Option<Identity>,
    },
}

/// Looks up the addresses of hosts.
pub trait Resolve: Send + Sync + 'static {
    /// An address of `host`.
    fn resolve(&self, host: &str) -> impl Future<Output = io::Result<IpAddr>> + Send;
}

/// Why a text is no [`Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no Docker endpoint: unix:///PATH or tcp://HOST:PORT")]
pub struct EndpointError(String);

/// Why there is no client for an endpoint.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("cannot look up its address: {0}")]
    Address(#[from] io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Endpoint {
    /// The same, with TLS; a socket on this machine needs none.
    #[must_use]
    pub fn with_identity(self, with: Identity) -> Self {
        match self {
            Self::Unix(path) => Self::Unix(path),
            Self::Tcp { host, port, .. } => Self::Tcp {
                host,
                port,
                identity: Some(with),
            },
        }
    }

    /// A client for it that waits `timeout` for an answer to begin.
    pub(crate) async fn client(
        &self,
        resolve: &impl Resolve,
        timeout: Duration,
    ) -> Result<Docker, ClientError> {
        let seconds = timeout.as_secs();
        match self {
            Self::Unix(path) => {
                let path = path.to_string_lossy();
                Ok(Docker::connect_with_unix(
                    &path,
                    seconds,
                    API_DEFAULT_VERSION,
                )?)
            }
            Self::Tcp {
                host,
                port,
                identity,
            } => {
                let address = resolve.resolve(host).await?;
                let usual = if identity.is_some() {
                    TLS_PORT
                } else {
                    PLAIN_PORT
                };
                let address = SocketAddr::new(address, port.unwrap_or(usual));
                Ok(match identity {
                    Some(identity) => identity.client(host, address, timeout)??,
                    None => Docker::connect_with_http(
                        &address.to_string(),
                        seconds,
                        API_DEFAULT_VERSION,
                    )?,
                })
            }
        }
    }
}

/// Docker's socket on this machine.
impl Default for Endpoint {
    fn default() -> Self {
        Self::Unix("/var/run/docker.sock".into())
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (scheme, rest) = match text.split_once("://") {
            Some(parts) => parts,
            None => ("unix", text),
        };
        let parsed = match scheme {
            "unix" => rest.starts_with('/').then(|| Self::Unix(rest.into())),
            "tcp" | "http" | "https" => parse_authority(rest.trim_end_matches('/')),
            _ => None,
        };
        parsed.ok_or_else(|| EndpointError(text.to_owned()))
    }
}

fn parse_authority(text: &str) -> Option<Endpoint> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && !port.ends_with(']') => {
            (host, Some(port.parse().ok()?))
        }
        _ => (text, None),
    };
    (!host.is_empty()).then(|| Endpoint::Tcp {
        host: host.to_owned(),
        port,
        identity: None,
    })
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port, .. } => {
                write!(f, "tcp://{host}")?;
                port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_docker_host_may_hold() {
        for (text, printed) in [
            ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
            ("/run/podman/podman.sock", "unix:///run/podman/podman.sock"),
            ("tcp://10.0.0.1:2375", "tcp://10.0.0.1:2375"),
            ("http://docker.example/", "tcp://docker.example"),
            ("https://[::1]:2376", "tcp://[::1]:2376"),
            ("tcp://[::1]", "tcp://[::1]"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), printed);
        }
        for text in [
            "",
            "docker.sock",
            "unix://",
            "unix://run/x",
            "ssh://host",
            "tcp://",
            "tcp://a:b",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
