//! What is said when TLS with Docker fails, with a server that fails in each way.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of tests may fail as a test may: its failure is the message"
)]

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use beamport_docker::{Endpoint, Identity, Resolve, Status, Watch};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(60);

type Authority = CertifiedIssuer<'static, KeyPair>;

struct Localhost;

impl Resolve for Localhost {
    async fn resolve(&self, _host: &str) -> io::Result<IpAddr> {
        Ok(Ipv4Addr::LOCALHOST.into())
    }
}

/// An authority that others are told from by its name, or only by its key.
fn authority(name: &str) -> Authority {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// Answers each client's bytes with what `answer` does.
fn server(answer: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(answer));
    address
}

/// A server with a certificate for `host` by `signer`, that lets in whom `trusted` signed.
fn tls_server(signer: &Authority, trusted: &Authority, host: &str) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut authorities = RootCertStore::empty();
    authorities.add(trusted.der().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(authorities.into(), Arc::clone(&provider));
    let (certificate, key) = certificate(signer, host);
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![CertificateDer::from(certificate.der().to_vec())],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    server(move |mut stream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        // Until the client hangs up or one of the two gives up.
        while connection
            .complete_io(&mut stream)
            .is_ok_and(|io| io != (0, 0))
        {}
    })
}

fn certificate(signer: &Authority, name: &str) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let parameters = CertificateParams::new([name.to_owned()]).unwrap();
    (parameters.signed_by(&key, signer).unwrap(), key)
}

/// Why Docker at `address` cannot be reached with a certificate by `signer`, where `trusted` is the authority.
async fn reason(address: SocketAddr, signer: &Authority, trusted: &Authority) -> Arc<str> {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let (certificate, key) = certificate(signer, "agent");
    let identity = Identity {
        authority: file("ca.pem", trusted.pem()),
        certificate: file("cert.pem", certificate.pem()),
        key: file("key.pem", key.serialize_pem()),
    };
    let endpoint: Endpoint = format!("tcp://docker.example:{}", address.port())
        .parse()
        .unwrap();
    let mut watch = Watch::start(endpoint.with_identity(identity), Localhost).unwrap();
    let unreachable = async {
        loop {
            if let Status::Unreachable(reason) = watch.changed().await.status {
                return reason;
            }
        }
    };
    tokio::time::timeout(DEADLINE, unreachable).await.unwrap()
}

#[tokio::test]
async fn a_certificate_by_another_authority_is_said_to_be() {
    for name in ["other", "ours"] {
        let (ours, other) = (authority("ours"), authority(name));
        let address = tls_server(&other, &ours, "docker.example");
        let reason = reason(address, &ours, &ours).await;
        assert!(
            reason.contains("comes from another authority than the one in ca.pem"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_said_to_be() {
    let ours = authority("ours");
    let address = tls_server(&ours, &ours, "other.example");
    let reason = reason(address, &ours, &ours).await;
    assert!(reason.contains("other.example"), "{reason}");
    assert!(
        reason.contains("not for docker.example: dial a name that it has"),
        "{reason}"
    );
}

#[tokio::test]
async fn docker_s_refusal_of_our_certificate_is_said_to_be() {
    for name in ["other", "ours"] {
        let (ours, other) = (authority("ours"), authority(name));
        let address = tls_server(&ours, &other, "docker.example");
        let reason = reason(address, &ours, &ours).await;
        assert!(
            reason.contains("Docker refuses our certificate"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_port_without_tls_is_said_to_be() {
    let ours = authority("ours");
    let address = server(|mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let reason = reason(address, &ours, &ours).await;
    assert!(reason.contains("speaks no TLS"), "{reason}");
}
