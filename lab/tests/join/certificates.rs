//! Certificates for nodes that talk over TLS: one for both hosts, with the authority that all believe.

use std::path::Path;

use anyhow::Result;
use beamport_dist::tls::{Files, Tls, Trust};
use beamport_lab::Lab;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use tempfile::TempDir;

/// Where VMs have them, in their containers.
pub(crate) const FOLDER: &str = "/certificates";

/// Certificates checked by both sides, in the version of TLS that all releases speak.
const OPTIONS: &str = r#"
    {certfile, "/certificates/cert.pem"}, {keyfile, "/certificates/key.pem"}, {cacertfile, "/certificates/ca.pem"},
    {verify, verify_peer}, {versions, ['tlsv1.2']}
"#;

/// The flags of a VM that talks over TLS.
pub(crate) const FLAGS: [&str; 4] = [
    "-proto_dist",
    "inet_tls",
    "-ssl_dist_optfile",
    "/certificates/dist.conf",
];

/// Makes them, in a folder that is to be mounted as [`FOLDER`].
pub(crate) fn make(lab: &Lab) -> Result<TempDir> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // A certificate whose issuer has its own name passes for signed by itself.
    authority
        .distinguished_name
        .push(DnType::CommonName, "authority of the lab");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let mut parameters = CertificateParams::default();
    for host in lab.hosts() {
        // Up to OTP 25 an address is a DNS name to VMs, later it is an address.
        let name = SanType::DnsName(host.address().to_string().try_into()?);
        let address = SanType::IpAddress(host.address().into());
        parameters.subject_alt_names.extend([name, address]);
    }
    let key = KeyPair::generate()?;
    let certificate = parameters.signed_by(&key, &authority)?;
    let folder = tempfile::tempdir()?;
    let write = |file: &str, text: &str| std::fs::write(folder.path().join(file), text);
    write("ca.pem", &authority.pem())?;
    write("cert.pem", &certificate.pem())?;
    write("key.pem", &key.serialize_pem())?;
    let server = format!("[{OPTIONS}, {{fail_if_no_peer_cert, true}}]");
    let both = format!("[{{server, {server}}}, {{client, [{OPTIONS}]}}].");
    write("dist.conf", &both)?;
    Ok(folder)
}

/// The same for a node in Rust.
pub(crate) fn tls(folder: &Path) -> Result<Tls> {
    let files = Files {
        certificate: folder.join("cert.pem"),
        key: folder.join("key.pem"),
        authorities: folder.join("ca.pem"),
    };
    Ok(Tls::from_files(&files, Trust::Hosts)?)
}
