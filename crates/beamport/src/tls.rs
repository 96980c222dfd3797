//! The flags that have a node of ours speak TLS.

use std::path::PathBuf;

use beamport_dist::tls::{Files, Tls, Trust};
use clap::{Args, ValueEnum};

use crate::failure::Failure;

/// The flags that have a node of ours speak TLS.
#[derive(Debug, Args)]
pub(crate) struct TlsOptions {
    /// The authorities that certificates of nodes come from, in PEM: to nodes that speak TLS (-proto_dist inet_tls)
    #[arg(long, value_name = "FILE", requires_all = ["tls_cert", "tls_key"], help_heading = "TLS")]
    tls_ca: Option<PathBuf>,

    /// The certificate to show, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_ca", help_heading = "TLS")]
    tls_cert: Option<PathBuf>,

    /// The key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_ca", help_heading = "TLS")]
    tls_key: Option<PathBuf>,

    /// Which certificates are believed: `hosts`, those of an authority for the host in the node's name, or
    /// `authorities`, those of an authority for whatever host, where all nodes share one
    #[arg(
        long,
        value_name = "WHOM",
        default_value = "hosts",
        help_heading = "TLS"
    )]
    tls_trust: Believed,
}

/// Which certificates are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Believed {
    /// Those for the host in the node's name.
    Hosts,
    /// Those for whatever host.
    Authorities,
}

impl TlsOptions {
    /// How TLS is to be spoken, if it is.
    pub(crate) fn read(&self) -> Result<Option<Tls>, Failure> {
        let (Some(authorities), Some(certificate), Some(key)) =
            (&self.tls_ca, &self.tls_cert, &self.tls_key)
        else {
            return Ok(None);
        };
        let files = Files {
            certificate: certificate.clone(),
            key: key.clone(),
            authorities: authorities.clone(),
        };
        let trust = match self.tls_trust {
            Believed::Hosts => Trust::Hosts,
            Believed::Authorities => Trust::Authorities,
        };
        match Tls::from_files(&files, trust) {
            Ok(tls) => Ok(Some(tls)),
            // The error names its cause itself.
            Err(error) => Err(Failure::usage(format!(
                "TLS cannot be spoken: {error}; what --tls-ca, --tls-cert and --tls-key name has to be there, in PEM"
            ))),
        }
    }
}
