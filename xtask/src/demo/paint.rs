//! Colours, where they are seen and wanted.

use std::io::IsTerminal;

/// Whether output goes to somebody who watches.
pub(super) fn is_watched() -> bool {
    std::io::stdout().is_terminal()
}

pub(super) fn bold(text: &str) -> String {
    paint("1", text)
}

pub(super) fn dim(text: &str) -> String {
    paint("2", text)
}

pub(super) fn red(text: &str) -> String {
    paint("31", text)
}

pub(super) fn green(text: &str) -> String {
    paint("32", text)
}

fn paint(code: &str, text: &str) -> String {
    let wanted = is_watched() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    if wanted {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}
