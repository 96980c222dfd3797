//! Programs that a lab runs, and the Debian packages that have them.

use std::path::Path;

/// A program, and where to get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// The program's name.
    pub program: &'static str,
    /// The Debian package that has it.
    pub package: &'static str,
}

const fn needs(program: &'static str, package: &'static str) -> Requirement {
    Requirement { program, package }
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
    /// Whether this machine has the program.
    pub fn is_met(&self) -> bool {
        has_program(self.program)
    }
}

/// Whether a program is in the search path, or where administrators' programs are.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':')
        .chain(["/usr/sbin", "/sbin"])
        .any(|folder| Path::new(folder).join(name).is_file())
}
