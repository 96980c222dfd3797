//! What a port mapper in the foreground says on standard error, in lines as stock epmd writes them.

use std::fmt;

use chrono::Local;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Starts saying what happens: without `-d` only what is wrong.
pub(super) fn start(verbosity: usize) {
    let level = match verbosity {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .event_format(StockLines)
        .init();
}

/// Says one thing that stock epmd says too, in its words.
pub(super) fn say(message: &str) {
    eprint!("{}{message}\r\n", Prefix);
}

/// `epmd: Sun Nov 22 00:18:31 2026: message\r\n`
struct StockLines;

impl<S, N> FormatEvent<S, N> for StockLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "{Prefix}")?;
        if *event.metadata().level() == Level::ERROR {
            write!(writer, "error: ")?;
        }
        context.format_fields(writer.by_ref(), event)?;
        write!(writer, "\r\n")
    }
}

/// The program's name and the time, as C's `ctime` writes it.
struct Prefix;

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epmd: {}: ", Local::now().format("%a %b %e %H:%M:%S %Y"))
    }
}
