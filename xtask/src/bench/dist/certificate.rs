//! A certificate for 127.0.0.1, and the authority that signed it, as files for both kinds of nodes.

use std::path::Path;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};

/// Writes `ca.pem`, `cert.pem` and `key.pem`.
pub(super) fn write(folder: &Path) -> Result<()> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let mut node = CertificateParams::default();
    // VMs look for addresses among the DNS names.
    node.subject_alt_names
        .push(SanType::DnsName("127.0.0.1".try_into()?));
    let key = KeyPair::generate()?;
    let certificate = node.signed_by(&key, &authority)?;
    std::fs::write(folder.join("ca.pem"), authority.pem())?;
    std::fs::write(folder.join("cert.pem"), certificate.pem())?;
    std::fs::write(folder.join("key.pem"), key.serialize_pem())?;
    Ok(())
}
