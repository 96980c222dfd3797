//! What is wrong with the text of a sentry.

use beamport_dist::name::NameError;

/// What is wrong with the text of a sentry: whoever configured it has to change it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SentryError {
    /// It is empty.
    #[error("the sentry names no source: say NODE@HOST, dns://NAME, srv://NAME or hosts://HOST,…")]
    Empty,
    /// A name with an `@` is no node's.
    #[error("the sentry lists {name:?}, which names no node: {source}")]
    Node {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// A word that could mean several things.
    #[error(
        "the sentry lists {0:?}, which is no node (NAME@HOST): for a service's name say dns://{0}, for hosts hosts://{0}"
    )]
    Bare(String),
    /// Another scheme.
    #[error("the sentry has {0:?}: a source begins with dns://, srv:// or hosts://")]
    Scheme(String),
    /// No host, or no port.
    #[error("the sentry has {0:?}, which is no host and no HOST:PORT")]
    Place(String),
    /// SRV records bring their ports with them.
    #[error("the sentry has {0:?}: SRV records say the port themselves")]
    PortOfSrv(String),
}
