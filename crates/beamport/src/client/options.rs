//! The flags of every command that talks to a node.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use beamport_dist::FullName;
use clap::Args;

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
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = parse_time)]
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

fn parse_time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        other => {
            return Err(format!(
                "there is no unit {other:?}; there are ms, s, m and h"
            ));
        }
    };
    let number: f64 = digits.parse().map_err(|_| "not a time".to_owned())?;
    Duration::try_from_secs_f64(number * unit)
        .ok()
        .filter(|time| !time.is_zero() && *time <= LONGEST)
        .ok_or_else(|| "not a time between 1ns and a year".to_owned())
}

/// Longer than anybody waits, and short enough to be added to any instant.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_are_none_or_too_long_otherwise() {
        let millis = |text| parse_time(text).map(|time| time.as_millis());
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("5"), Ok(5000));
        assert_eq!(millis("1.5s"), Ok(1500));
        assert_eq!(millis("2m"), Ok(120_000));
        for wrong in [
            "", "s", "0", "-1s", "5 s", "5d", "inf", "nan", "1e300h", "9000h",
        ] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }
}
