//! What a lab and tests run, and the Debian packages that have it.

use std::fmt;
use std::path::Path;
use std::process::Command;

/// Something that is needed, and where to get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// What it is.
    pub need: Need,
    /// The Debian package that has it.
    pub package: &'static str,
}

/// What can be needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A program in the search path.
    Program(&'static str),
    /// An application of Erlang, by the name it has there.
    ErlangApplication(&'static str),
}

const fn needs(program: &'static str, package: &'static str) -> Requirement {
    Requirement {
        need: Need::Program(program),
        package,
    }
}

/// What a lab runs.
const LAB: [Requirement; 10] = [
    needs("ip", "iproute2"),
    needs("iptables", "iptables"),
    needs("nsenter", "util-linux"),
    needs("unshare", "util-linux"),
    needs("setpriv", "util-linux"),
    needs("mount", "mount"),
    needs("dockerd", "docker.io"),
    needs("docker", "docker.io"),
    needs("debootstrap", "debootstrap"),
    needs("zstd", "zstd"),
];

/// Of what a lab runs, that which this machine does not have.
pub fn missing() -> Vec<Requirement> {
    LAB.into_iter().filter(|need| !need.is_met()).collect()
}

impl Requirement {
    /// Whether this machine has it.
    pub fn is_met(&self) -> bool {
        match self.need {
            Need::Program(program) => has_program(program),
            Need::ErlangApplication(name) => has_application(name),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(program) => f.write_str(program),
            Self::ErlangApplication(name) => write!(f, "Erlang's {name}"),
        }
    }
}

/// Asks Erlang itself, which knows best where it looks.
fn has_application(name: &str) -> bool {
    let ask = format!("halt(case code:lib_dir({name}) of {{error, _}} -> 1; _ -> 0 end).");
    Command::new("erl")
        .args(["-noinput", "-eval", &ask])
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether a program is in the search path, or where administrators' programs are.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':')
        .chain(["/usr/sbin", "/sbin"])
        .any(|folder| Path::new(folder).join(name).is_file())
}
