//! Certificates for nodes, from an authority of the test's own.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};

/// The files of an authority and of the one certificate that it signed.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) options: PathBuf,
}

impl Files {
    /// A certificate for a host, and the options file of a VM that shows it.
    pub(crate) fn write(folder: &Path, name: &str, host: &str) -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, name);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut certificate = CertificateParams::new(vec![host.to_owned()]).unwrap();
        // VMs up to OTP 25 look for an address here too, where it is not by right.
        let as_name = SanType::DnsName(host.try_into().unwrap());
        if !certificate.subject_alt_names.contains(&as_name) {
            certificate.subject_alt_names.push(as_name);
        }
        certificate
            .distinguished_name
            .push(DnType::CommonName, host);
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        let file = |end: &str, text: &str| {
            let path = folder.join(format!("{name}-{end}"));
            std::fs::write(&path, text).unwrap();
            path
        };
        let authority = file("ca.pem", &authority.pem());
        let certificate = file("cert.pem", &certificate.pem());
        let key = file("key.pem", &key.serialize_pem());
        let common = format!(
            "{{certfile,{certificate:?}}},{{keyfile,{key:?}}},{{cacertfile,{authority:?}}},{{verify,verify_peer}}"
        );
        let options = file(
            "options",
            &format!(
                "[{{server,[{common},{{fail_if_no_peer_cert,true}}]}},{{client,[{common}]}}]."
            ),
        );
        Self {
            authority,
            certificate,
            key,
            options,
        }
    }

    /// The flags that have a command speak TLS.
    pub(crate) fn flags(&self) -> Vec<&str> {
        [
            ("--tls-ca", &self.authority),
            ("--tls-cert", &self.certificate),
            ("--tls-key", &self.key),
        ]
        .into_iter()
        .flat_map(|(flag, path)| [flag, path.to_str().unwrap()])
        .collect()
    }

    /// The flags that have a VM speak TLS.
    pub(crate) fn vm_flags(&self) -> [&str; 4] {
        let options = self.options.to_str().unwrap();
        ["-proto_dist", "inet_tls", "-ssl_dist_optfile", options]
    }
}
