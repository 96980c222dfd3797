//! How a command ends badly: what the user is told, and the exit code.
//!
//! 0 ok; 1 the thing asked for failed; 2 wrong usage; 64 to 78 as in `sysexits.h` where one of them fits; 126 and
//! 127 as in shells.

use std::process::ExitCode;

/// The exit codes a failing command uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// The thing asked for failed.
    Failed = 1,
    /// Wrong usage: a flag, a variable or a key of `beamport.toml`.
    Usage = 2,
    /// `EX_UNAVAILABLE`: something needed is taken or not there, a port above all.
    Unavailable = 69,
    /// `EX_TEMPFAIL`: it did not come about in time; to try again may help.
    Temporary = 75,
    /// `EX_CONFIG`: the configuration is well-formed and cannot work.
    Config = 78,
    /// A command that was to be run is there and cannot be executed; as shells have it.
    CannotExecute = 126,
    /// A command that was to be run is not there; as shells have it.
    NotFound = 127,
}

/// What ends a command, with what the user is told.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    error: anyhow::Error,
}

impl Failure {
    /// A failure with a code of its own.
    pub(crate) fn new(code: Code, error: impl Into<anyhow::Error>) -> Self {
        Self {
            code,
            error: error.into(),
        }
    }

    /// The same failure, and where it happened.
    pub(crate) fn within(self, place: String) -> Self {
        Self {
            error: self.error.context(place),
            ..self
        }
    }

    /// Wrong usage, told in a sentence.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, anyhow::Error::msg(message.into()))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Code::Failed, error)
    }
}

/// Ends a command: prints the failure, if it is one, and gives the exit code.
pub(crate) fn report(outcome: Result<ExitCode, Failure>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(Failure { code, error }) => {
            eprintln!("beamport: {error:#}");
            ExitCode::from(code as u8)
        }
    }
}
