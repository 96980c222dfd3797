//! TLS, which comes before the handshake where nodes speak it.

use beamport_dist::tls::{Distrust, TlsError};

use super::{Circumstances, Explanation, Fault, Stage};

/// Why no TLS was spoken.
pub(super) fn explain(error: &TlsError, circumstances: &Circumstances<'_>) -> Explanation {
    let node = circumstances.node;
    let (code, what, fault, remedy) = match error {
        TlsError::NotTls => (
            "tls_not_expected",
            format!("{node} speaks no TLS, and this command does"),
            Fault::Caller,
            "leave out --tls-ca, --tls-cert and --tls-key, or start the node with `-proto_dist inet_tls`".to_owned(),
        ),
        TlsError::Closed => (
            "tls_not_expected",
            format!("{node} closed the connection instead of speaking TLS: as a rule it expects none"),
            Fault::Caller,
            "leave out --tls-ca, --tls-cert and --tls-key if the node was not started with `-proto_dist inet_tls`; if \
             it was, its log says what it did not like"
                .to_owned(),
        ),
        TlsError::TimedOut => (
            "tls_silent",
            format!("{node} does not answer with TLS in time: as a rule it expects none"),
            Fault::Caller,
            "leave out --tls-ca, --tls-cert and --tls-key if the node was not started with `-proto_dist inet_tls`; if \
             it was, it is stuck"
                .to_owned(),
        ),
        TlsError::Broken(kind) => (
            "broken",
            format!("the connection to {node} broke before TLS was spoken: {kind}"),
            Fault::Network,
            "try again; if it comes back, see what is between here and there".to_owned(),
        ),
        TlsError::OtherHost { .. } => (
            "tls_other_host",
            format!("{node} shows a certificate that is not its own: {error}"),
            Fault::Node,
            format!(
                "give the node a certificate for DNS:{host}, which is what VMs compare, also where that is an address; or \
                 a name with the host that the certificate is for",
                host = node.host()
            ),
        ),
        TlsError::Untrusted(Distrust::Expired) => (
            "tls_expired",
            format!("the certificate of {node} has expired"),
            Fault::Node,
            "give the node a new one and restart it; if the certificate is good, a clock is wrong".to_owned(),
        ),
        TlsError::Untrusted(reason) => (
            "tls_untrusted",
            format!("the certificate of {node} is not trusted: {reason}"),
            Fault::Either,
            "give by --tls-ca the authority that signed the node's certificate, or have it signed by the one that is \
             given"
                .to_owned(),
        ),
        TlsError::NoCertificate => (
            "tls_no_certificate",
            format!("{node} shows no certificate"),
            Fault::Node,
            "give it one: certfile and keyfile in its -ssl_dist_optfile".to_owned(),
        ),
        TlsError::Refused(alert) => (
            "tls_refused",
            format!("{node} does not trust the certificate that this command shows ({alert:?})"),
            Fault::Either,
            "give by --tls-cert and --tls-key one that is signed by an authority in the node's cacertfile, that has not \
             expired, and that may be a client's"
                .to_owned(),
        ),
        TlsError::Incompatible(why) => (
            "tls_incompatible",
            format!("{node} speaks TLS in no version and with no cipher that this command has ({why})"),
            Fault::Node,
            "let it speak TLS 1.2 or 1.3: versions and ciphers in its -ssl_dist_optfile".to_owned(),
        ),
        TlsError::Host => (
            "tls_host",
            format!("there can be no certificate for {:?}, the host of {node}", node.host()),
            Fault::Node,
            "give the node a name whose host is a host name or an address".to_owned(),
        ),
        TlsError::Alert(_) | TlsError::Failed(_) => (
            "tls_failed",
            format!("{node}: {error}"),
            Fault::Node,
            "see the node's log, which says more".to_owned(),
        ),
    };
    Explanation {
        stage: Stage::Tls,
        code,
        what,
        fault,
        remedy,
    }
}
