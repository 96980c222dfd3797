//! How a task ends badly: 1 when what it did failed, 2 when it lacks what it needs.

use std::process::ExitCode;

/// This machine lacks something, told in words.
#[derive(Debug)]
pub(crate) struct Lacking(pub(crate) String);

impl std::fmt::Display for Lacking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Lacking {}

/// Prints the failure, if it is one, and gives the exit code.
pub(crate) fn report(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(if error.is::<Lacking>() { 2 } else { 1 })
        }
    }
}
