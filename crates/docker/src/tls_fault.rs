//! What goes wrong with TLS between Docker and us, in words: what, whose fault, and what to do.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

/// Why TLS with Docker fails. The files are called as Docker's own documentation calls them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsFault {
    #[error(
        "what answers speaks no TLS: dial the port that dockerd has with --tlsverify (as a rule 2376), or leave out \
         the certificates"
    )]
    NotTls,
    #[error(
        "what answers is not known to be Docker: its certificate comes from another authority than the one in ca.pem; \
         give the one that signed Docker's"
    )]
    UnknownAuthority,
    #[error(
        "Docker's certificate is for {}, not for {host}: dial a name that it has, or give Docker one for {host}",
        list(names)
    )]
    OtherHost { host: String, names: Vec<String> },
    #[error("Docker's certificate has expired: give Docker a new one")]
    Expired,
    #[error(
        "Docker's certificate is not valid yet: set the clock that is wrong, Docker's or this one"
    )]
    NotYetValid,
    #[error("Docker's certificate is not good: {0}")]
    Unusable(CertificateError),
    #[error(
        "Docker refuses our certificate ({0:?}): give one (cert.pem, key.pem) that comes from the authority it was \
         started with (--tlscacert)"
    )]
    Refused(AlertDescription),
    #[error("TLS with Docker fails: {0}")]
    Other(rustls::Error),
}

impl TlsFault {
    /// What TLS has to say in an error or in what caused it; none if it is another's.
    pub(crate) fn within(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(error) = error.downcast_ref::<rustls::Error>() {
                return Some(Self::new(error));
            }
            // What an I/O error holds is itself, and not its cause.
            let held = error.downcast_ref::<io::Error>().and_then(|e| e.get_ref());
            next = match held {
                Some(held) => Some(held),
                None => error.source(),
            };
        }
        None
    }

    fn new(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            rustls::Error::InvalidCertificate(error) => Self::untrusted(error),
            rustls::Error::AlertReceived(alert) => Self::alert(*alert, error),
            other => Self::Other(other.clone()),
        }
    }

    fn untrusted(error: &CertificateError) -> Self {
        use CertificateError as Fault;
        match error {
            // The second where both authorities have one name: where one was made anew.
            Fault::UnknownIssuer | Fault::BadSignature => Self::UnknownAuthority,
            Fault::NotValidForNameContext {
                expected,
                presented,
            } => Self::OtherHost {
                host: expected.to_str().into_owned(),
                names: presented.clone(),
            },
            Fault::Expired | Fault::ExpiredContext { .. } => Self::Expired,
            Fault::NotValidYet | Fault::NotValidYetContext { .. } => Self::NotYetValid,
            other => Self::Unusable(other.clone()),
        }
    }

    /// `beamport-dist` has much the same list: neither crate builds on the other, and a place for both would be a crate of
    /// its own.
    fn alert(alert: AlertDescription, error: &rustls::Error) -> Self {
        use AlertDescription as Alert;
        match alert {
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::UnknownCA
            | Alert::DecryptError
            | Alert::AccessDenied => Self::Refused(alert),
            _ => Self::Other(error.clone()),
        }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(", ")
    }
}
