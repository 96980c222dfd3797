//! Connections that nobody between two nodes can read: as `erl -proto_dist inet_tls` makes them.
//!
//! TLS is spoken from the first byte; the [handshake](crate::handshake) of the nodes, and all that follows, goes on
//! inside it. Port mappers are asked without it. Both sides show a certificate: the peer's must come from an
//! authority that this node believes, and who is dialled must prove to be on the host that its name says
//! ([`Trust`]).
//!
//! Source: OTP's *Using TLS for Erlang Distribution*, and `inet_tls_dist.erl`.

mod error;
mod verify;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

pub use error::{Distrust, TlsError};

use verify::PeerVerifier;

/// How a node speaks TLS, in both roles: versions 1.2 and 1.3.
#[derive(Clone)]
pub struct Tls {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

/// Who a node is and whom it believes, in PEM.
#[derive(Clone, Copy)]
pub struct Pem<'a> {
    /// Its certificate, and those between that and an authority.
    pub certificate: &'a [u8],
    /// The key of its certificate.
    pub key: &'a [u8],
    /// The authorities that it believes.
    pub authorities: &'a [u8],
}

/// The files that say who a node is and whom it believes, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Its certificate, and those between that and an authority.
    pub certificate: PathBuf,
    /// The key of its certificate.
    pub key: PathBuf,
    /// The authorities that it believes.
    pub authorities: PathBuf,
}

/// Which peers a node believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trust {
    /// Those whose certificate comes from an authority. Who is dialled must have one for the host part of its name:
    /// as `DNS:`, or, if that is an address, as `IP:` or as `DNS:` all the same. VMs look for addresses among the latter
    /// up to OTP 25 and among the former later.
    #[default]
    Hosts,
    /// Those whose certificate comes from an authority, for whatever host: where all nodes share one.
    Authorities,
    /// All, with or without a certificate. What goes over a connection cannot be read on its way, but there is no
    /// telling to whom it goes. As `verify_none`, which dialling VMs of before OTP 26 go by if not told otherwise.
    Anyone,
}

/// Why a node cannot speak TLS: a matter of its own configuration.
#[derive(Debug, thiserror::Error)]
pub enum TlsConfigError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Something is not in PEM, or not there.
    #[error("cannot read {what}: {source}")]
    Pem {
        /// What was to be read.
        what: &'static str,
        /// What is wrong.
        source: pem::Error,
    },
    /// Key and certificate do not belong together, or are of a kind that cannot be used.
    #[error("the certificates cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// The authorities cannot be used.
    #[error("the authorities cannot be used: {0}")]
    Authorities(#[from] VerifierBuilderError),
}

impl Tls {
    /// With certificates from files, which are read once.
    pub fn from_files(files: &Files, trust: Trust) -> Result<Self, TlsConfigError> {
        let [certificate, key, authorities] = [
            read(&files.certificate)?,
            read(&files.key)?,
            read(&files.authorities)?,
        ];
        let pem = Pem {
            certificate: &certificate,
            key: &key,
            authorities: &authorities,
        };
        Self::from_pem(pem, trust)
    }

    /// With these certificates.
    pub fn from_pem(pem: Pem<'_>, trust: Trust) -> Result<Self, TlsConfigError> {
        let provider = Arc::new(ring::default_provider());
        let own = certificates("the certificate", pem.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(pem.key).map_err(|source| {
            let what = "the key";
            TlsConfigError::Pem { what, source }
        })?;
        let mut authorities = RootCertStore::empty();
        for authority in certificates("the authorities", pem.authorities)? {
            authorities.add(authority)?;
        }
        let authorities = Arc::new(authorities);
        let server = server(&provider, &authorities, trust)?
            .with_single_cert(own.clone(), key.clone_key())?;
        let verifier = PeerVerifier::new(&provider, authorities, trust);
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_auth_cert(own, key)?;
        Ok(Self::from_configs(Arc::new(client), Arc::new(server)))
    }

    /// As these say. The name that `client` is to check is the host part of a node's name.
    pub fn from_configs(client: Arc<ClientConfig>, server: Arc<ServerConfig>) -> Self {
        Self { client, server }
    }

    /// Begins TLS with a node that is dialled, on a host.
    pub(crate) async fn dial(
        &self,
        stream: TcpStream,
        host: &str,
        deadline: Instant,
    ) -> Result<TlsStream<TcpStream>, TlsError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Host)?;
        let connector = TlsConnector::from(Arc::clone(&self.client));
        timeout_at(deadline, connector.connect(name, stream))
            .await
            .map_err(|_| TlsError::TimedOut)?
            .map(TlsStream::from)
            .map_err(|error| TlsError::new(&error))
    }

    /// Begins TLS with a node that has dialled.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
        deadline: Instant,
    ) -> Result<TlsStream<TcpStream>, TlsError> {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.server));
        timeout_at(deadline, acceptor.accept(stream))
            .await
            .map_err(|_| TlsError::TimedOut)?
            .map(TlsStream::from)
            .map_err(|error| TlsError::new(&error))
    }
}

fn server(
    provider: &Arc<CryptoProvider>,
    authorities: &Arc<RootCertStore>,
    trust: Trust,
) -> Result<rustls::ConfigBuilder<ServerConfig, rustls::server::WantsServerCert>, TlsConfigError> {
    let provider = || Arc::clone(provider);
    let verifier = match trust {
        Trust::Hosts | Trust::Authorities => {
            WebPkiClientVerifier::builder_with_provider(Arc::clone(authorities), provider())
                .build()?
        }
        Trust::Anyone => WebPkiClientVerifier::no_client_auth(),
    };
    Ok(ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsConfigError> {
    std::fs::read(path).map_err(|source| {
        let path = path.to_owned();
        TlsConfigError::File { path, source }
    })
}

fn certificates(
    what: &'static str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsConfigError> {
    let failed = |source| TlsConfigError::Pem { what, source };
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    if certificates.is_empty() {
        return Err(failed(pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}

/// The key is not shown.
impl fmt::Debug for Pem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pem(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A certificate and its key.
    fn generate() -> (String, String) {
        let host = ["localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(host).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    fn from_pem(certificate: &str, key: &str, authorities: &str) -> Result<Tls, TlsConfigError> {
        let pem = Pem {
            certificate: certificate.as_bytes(),
            key: key.as_bytes(),
            authorities: authorities.as_bytes(),
        };
        Tls::from_pem(pem, Trust::Hosts)
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        let (certificate, key) = generate();
        assert!(from_pem(&certificate, &key, &certificate).is_ok());
        for (certificate, key, authorities, wrong) in [
            ("", key.as_str(), certificate.as_str(), "the certificate"),
            (&certificate, "none", &certificate, "the key"),
            (&certificate, &key, &key, "the authorities"),
        ] {
            let failed = from_pem(certificate, key, authorities);
            let Err(TlsConfigError::Pem { what, .. }) = failed else {
                panic!("{failed:?}");
            };
            assert_eq!(what, wrong);
        }
        let (_, of_another) = generate();
        let failed = from_pem(&certificate, &of_another, &certificate);
        assert!(matches!(failed, Err(TlsConfigError::Unusable(_))));
        let nowhere = Files {
            certificate: "/nowhere".into(),
            key: "/nowhere".into(),
            authorities: "/nowhere".into(),
        };
        let failed = Tls::from_files(&nowhere, Trust::Hosts).unwrap_err();
        assert!(failed.to_string().starts_with("cannot read /nowhere: "));
    }

    /// Has somebody say something else than TLS, and gives what comes of it when dialled and when it dials.
    async fn said(words: &[u8]) -> [TlsError; 2] {
        let (certificate, key) = generate();
        let tls = from_pem(&certificate, &key, &certificate).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        let say = async || {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(words).await.unwrap();
            stream.shutdown().await.unwrap();
            // Closed at once with bytes unread, it would reset the connection.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        };
        let connect = || TcpStream::connect(listener.local_addr().unwrap());
        let dial = async {
            let stream = connect().await.unwrap();
            tls.dial(stream, "localhost", deadline).await.unwrap_err()
        };
        let (dialled, ()) = tokio::join!(dial, say());
        let accept = async {
            let stream = connect().await.unwrap();
            tls.accept(stream, deadline).await.unwrap_err()
        };
        let (accepted, ()) = tokio::join!(accept, say());
        [dialled, accepted]
    }

    #[tokio::test]
    async fn who_speaks_no_tls_is_told_from_who_closes() {
        for words in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\0\x03sok"] {
            let [dialled, accepted] = said(words).await;
            assert_eq!((dialled, accepted), (TlsError::NotTls, TlsError::NotTls));
        }
        let [dialled, accepted] = said(b"").await;
        assert_eq!((dialled, accepted), (TlsError::Closed, TlsError::Closed));
    }

    #[tokio::test]
    async fn there_is_no_certificate_for_what_is_no_host() {
        let (certificate, key) = generate();
        let tls = from_pem(&certificate, &key, &certificate).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap());
        let deadline = Instant::now() + Duration::from_secs(60);
        let failed = tls.dial(stream.await.unwrap(), "caf\u{E9}", deadline).await;
        assert_eq!(failed.unwrap_err(), TlsError::Host);
    }
}
