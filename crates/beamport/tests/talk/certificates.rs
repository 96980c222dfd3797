//! Certificates for nodes, from an authority of the test's own.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

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
}
