//! The flags of every command that talks to a node.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use beamport_dist::FullName;
use clap::Args;

use crate::time_span;
use crate::tls::TlsOptions;

/// The flags of every command that talks to a node.
#[derive(Debug, Args)]
pub(crate) struct ClientOptions {
    /// A file with the cookie [default: $BEAMPORT_COOKIE, else that of the node that `beamport run` started here,
    /// else ~/.erlang.cookie]
    #[arg(long, value_name = "FILE")]
    pub(super) cookie_file: Option<PathBuf>,

    /// The name to go by, where the node lists who may connect; a connection that it has with another node of this
    /// name is left alone [default: a random one]
    #[arg(long = "as", value_name = "NAME@HOST")]
    pub(super) own_name: Option<FullName>,

    /// How long it may take in all, such as 500ms, 5s or 2m; without a unit, seconds
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = time_span::parse_some)]
    pub(super) timeout: Duration,

    /// The port of the port mappers
    #[arg(
        long,
        env = "ERL_EPMD_PORT",
        default_value = "4369",
        value_name = "PORT"
    )]
    pub(super) epmd_port: NonZeroU16,

    /// How TLS is spoken, if it is.
    #[command(flatten)]
    pub(super) tls: TlsOptions,

    /// Where `beamport run` was told to leave its state
    #[arg(long, value_name = "DIR")]
    pub(super) state_dir: Option<PathBuf>,
}
