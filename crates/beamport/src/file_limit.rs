//! The limit on open files, for commands to which names and containers come without a limit of their own.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Takes all that may be had: a port mapper needs a descriptor for each name that is held, an agent one more for each
/// container.
pub(crate) fn raise() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    if let Err(error) = raised {
        tracing::warn!(%error, "cannot raise the limit on open files");
    }
}
