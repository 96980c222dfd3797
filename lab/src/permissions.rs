//! What the kernel must allow for a lab, tried rather than guessed.

use std::process::Command;

use nix::unistd::geteuid;

use crate::command::output;

/// Each permission that a lab needs and this process lacks, as a clause that can follow "missing: ".
pub fn missing() -> Vec<String> {
    if !is_root() {
        return vec!["root (this is run by an ordinary user)".to_owned()];
    }
    let attempts: [(&[&str], &str); 4] = [
        (
            &["unshare", "--net", "--uts", "true"],
            "making network namespaces (CAP_SYS_ADMIN)",
        ),
        (
            &["unshare", "--net", "ip", "link", "add", "type", "veth"],
            "making virtual cables (CAP_NET_ADMIN)",
        ),
        (
            &[
                "unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt",
            ],
            "mounting (CAP_SYS_ADMIN)",
        ),
        (
            &["test", "-w", "/sys/fs/cgroup"],
            "writing to /sys/fs/cgroup (it is mounted read-only)",
        ),
    ];
    attempts
        .into_iter()
        .filter(|(words, _)| {
            let (program, arguments) = words.split_first().unwrap_or((&"true", &[]));
            output(Command::new(program).args(arguments)).is_err()
        })
        .map(|(_, permission)| permission.to_owned())
        .collect()
}

/// Whether this process is root's.
pub fn is_root() -> bool {
    geteuid().is_root()
}
