//! Logs, on standard error: one event a line, as text or as JSON.

use clap::{Args, ValueEnum};
use tracing::Level;
use tracing_subscriber::EnvFilter;

/// How to log.
#[derive(Debug, Args)]
pub(crate) struct LoggingOptions {
    /// Which events: error, warn, info, debug or trace; or a filter such as `info,beamport_docker=debug` [default:
    /// info, but error for commands that talk to a node]
    #[arg(long, global = true, value_name = "LEVEL", help_heading = "Logging")]
    log: Option<String>,

    /// How to write them
    #[arg(
        long,
        global = true,
        default_value = "text",
        value_name = "FORMAT",
        help_heading = "Logging"
    )]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Starts logging for the rest of the process; at this level, unless another is asked for.
pub(crate) fn start(options: &LoggingOptions, level: Level) {
    let mut filter = EnvFilter::builder()
        .with_default_directive(level.into())
        .parse_lossy(options.log.as_deref().unwrap_or_default());
    // Bollard's debug events hold what Docker answers in full: the environment of containers, and the secrets in it.
    if let Ok(directive) = "bollard=warn".parse() {
        filter = filter.add_directive(directive);
    }
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    match options.log_format {
        LogFormat::Text => subscriber
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .init(),
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
    }
}
