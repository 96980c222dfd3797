//! Docker's API over TLS, both sides known by certificate.
//!
//! Whoever Docker's API takes for a friend is root there, so the server is checked against the one authority that
//! is given, and against no other that this machine may trust.

use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bollard::errors::Error as ApiError;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tower_service::Service;

/// The files that say who we are and who Docker is, in PEM. Read anew for each connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The authority that signed Docker's certificate.
    pub authority: PathBuf,
    /// Our certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("cannot read {}: {source}", path.display())]
    File { path: PathBuf, source: pem::Error },
    #[error("{} has no certificate", path.display())]
    Empty { path: PathBuf },
    #[error("the certificates cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

impl Identity {
    /// A client of the API of `host`, which has this address.
    pub(crate) fn client(
        &self,
        host: &str,
        address: SocketAddr,
        timeout: Duration,
    ) -> Result<Result<Docker, ApiError>, TlsError> {
        let mut connector = HttpConnector::new_with_resolver(Resolved(address.ip()));
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.configuration()?)
            .https_only()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(connector);
        let transport = move |request: BollardRequest| {
            let answer = client.request(request);
            async move { Ok(answer.await?) }
        };
        Ok(Docker::connect_with_custom_transport(
            transport,
            Some(format!("https://{host}:{}", address.port())),
            timeout.as_secs(),
            API_DEFAULT_VERSION,
        ))
    }

    fn configuration(&self) -> Result<ClientConfig, TlsError> {
        let mut authorities = RootCertStore::empty();
        for certificate in certificates(&self.authority)? {
            authorities.add(certificate)?;
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|e| file_error(&self.key, e))?;
        let provider = Arc::new(ring::default_provider());
        Ok(ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(authorities)
            .with_client_auth_cert(certificates(&self.certificate)?, key)?)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|e| file_error(path, e))?;
    if certificates.is_empty() {
        let path = path.to_owned();
        return Err(TlsError::Empty { path });
    }
    Ok(certificates)
}

fn file_error(path: &Path, source: pem::Error) -> TlsError {
    let path = path.to_owned();
    TlsError::File { path, source }
}

/// An address that has been looked up, as the resolver that a connector asks for.
#[derive(Debug, Clone)]
struct Resolved(IpAddr);

impl Service<Name> for Resolved {
    type Response = std::iter::Once<SocketAddr>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _name: Name) -> Self::Future {
        // The connector puts in the port.
        ready(Ok(std::iter::once((self.0, 0).into())))
    }
}
