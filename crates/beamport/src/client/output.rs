//! What is printed: to standard output, which may be a pipe that is closed early.

use std::fmt::Display;
use std::io::{self, Write as _};

use anyhow::Context as _;

use crate::failure::Failure;

/// Prints a line.
pub(crate) fn line(text: impl Display) -> Result<(), Failure> {
    bytes(format!("{text}\n").as_bytes())
}

/// Prints bytes as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // Who reads has read enough: `beamport rpc … | head -1`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written.context("cannot write to standard output")?),
    }
}
