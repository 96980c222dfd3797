//! What can go wrong with TLS, and whose fault it is.

use std::io;

use rustls::{AlertDescription, CertificateError, Error};

use crate::closed::is_closed_by_peer;

/// Why a connection does not come to TLS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// What the peer sends is no TLS.
    #[error("the peer speaks no TLS: what it sends is something else")]
    NotTls,
    /// The peer closed the connection.
    #[error("the peer closed the connection instead of speaking TLS: it expects none, or gave up")]
    Closed,
    /// The peer stays silent.
    #[error("the peer did not answer with TLS in time: it expects none, as a rule, or is stuck")]
    TimedOut,
    /// The connection broke.
    #[error("the connection broke before TLS was spoken: {0}")]
    Broken(io::ErrorKind),
    /// The peer's certificate is not good.
    #[error("the peer's certificate is not trusted: {0}")]
    Untrusted(Distrust),
    /// The peer's certificate is good, but for others.
    #[error(
        "the peer's certificate is not for the host {host:?} but for {}",
        list(names)
    )]
    OtherHost {
        /// The host that was dialled.
        host: String,
        /// Whom the certificate is for: `DNS:Name` and `IP:Address`, the first 16.
        names: Vec<String>,
    },
    /// The peer has no certificate.
    #[error("the peer has shown no certificate")]
    NoCertificate,
    /// The peer does not like the certificate of this node, or that there is none.
    #[error("the peer does not trust the certificate of this node ({0:?})")]
    Refused(AlertDescription),
    /// The peer gave up for another reason.
    #[error("the peer gave up TLS ({0:?})")]
    Alert(AlertDescription),
    /// Both speak TLS, but in no version and with no cipher that both have.
    #[error("the peer speaks TLS, but not as this node can: {0}")]
    Incompatible(String),
    /// No certificate can be for the host.
    #[error("there can be no certificate for the host that the node's name says")]
    Host,
    /// Something else.
    #[error("TLS failed: {0}")]
    Failed(String),
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come: as a rule a clock is wrong.
    #[error("it is not valid yet")]
    NotYetValid,
    /// None of the authorities that this node believes has signed it.
    #[error("it comes from no authority that this node believes")]
    UnknownAuthority,
    /// It may be used, but not to be a node: its extended key usage leaves out what a server, or a client, needs.
    #[error("it is not meant for this: its extended key usage leaves that out")]
    Purpose,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

impl TlsError {
    /// What an error means while TLS is begun.
    pub(crate) fn new(error: &io::Error) -> Self {
        Self::within(error).unwrap_or_else(|| match is_closed_by_peer(error) {
            true => Self::Closed,
            false => Self::Broken(error.kind()),
        })
    }

    /// What TLS has to say in an error; none if it is another's.
    pub(crate) fn within(error: &io::Error) -> Option<Self> {
        let error = error.get_ref()?.downcast_ref::<Error>()?;
        Some(match error {
            Error::InvalidMessage(_) => Self::NotTls,
            Error::InvalidCertificate(CertificateError::NotValidForNameContext {
                expected,
                presented,
            }) => Self::OtherHost {
                host: expected.to_str().into_owned(),
                names: presented.clone(),
            },
            Error::InvalidCertificate(error) => Self::Untrusted(Distrust::new(error)),
            Error::NoCertificatesPresented => Self::NoCertificate,
            Error::PeerIncompatible(why) => Self::Incompatible(format!("{why:?}")),
            Error::AlertReceived(alert) => Self::alert(*alert),
            other => Self::Failed(other.to_string()),
        })
    }

    /// `beamport-docker` has much the same list: neither crate builds on the other, and a place for both would be a crate of
    /// its own.
    fn alert(alert: AlertDescription) -> Self {
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
            | Alert::AccessDenied => Self::Refused(alert),
            Alert::ProtocolVersion | Alert::InsufficientSecurity => {
                Self::Incompatible(format!("{alert:?}"))
            }
            other => Self::Alert(other),
        }
    }
}

impl Distrust {
    fn new(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYetValid
            }
            CertificateError::UnknownIssuer => Self::UnknownAuthority,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Self::Purpose
            }
            other => Self::Other(other.to_string()),
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
