//! `-daemon`: goes on in the background, in a session of its own.
//!
//! Stock epmd forks. We start ourselves again with the same arguments, and wait until the daemon listens or has
//! given up: whoever started it can then rely on a port mapper being there.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, Stdio};

/// Tells the daemon that it is it.
const VARIABLE: &str = "BEAMPORT_EPMD_IN_BACKGROUND";

/// Whether this process is the daemon already.
pub(super) fn is_in_background() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Starts the daemon. Like stock epmd it succeeds whatever becomes of it: another may be listening already.
pub(super) fn start(arguments: &[String]) -> ExitCode {
    let mut command = match std::env::current_exe() {
        Ok(program) => Command::new(program),
        Err(error) => {
            eprintln!("epmd: cannot find the program to start in the background: {error}");
            return ExitCode::FAILURE;
        }
    };
    command
        .arg0("epmd")
        .args(arguments)
        .env(VARIABLE, "1")
        // Not in a directory that somebody may want to unmount.
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    // What we were handed beyond those three is not for a daemon to keep open: a lock, the other end of a pipe.
    close_fds::set_fds_cloexec(3, &[]);
    match command.spawn() {
        Ok(mut daemon) => {
            if let Some(mut until_closed) = daemon.stdout.take() {
                // It says nothing: it lets go of its standard output, or ends.
                let _ = until_closed.read(&mut [0]);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("epmd: cannot start in the background: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Leaves the session, and with it the terminal, of whoever started us.
pub(super) fn leave_session() {
    // It fails only where we lead a session already.
    let _ = nix::unistd::setsid();
}

/// Lets whoever started us go on.
pub(super) fn release_starter() {
    if let Ok(nowhere) = std::fs::File::options().write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdout(nowhere);
    }
}
