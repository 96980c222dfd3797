//! Running a program to its end: what it printed, or an error that says what went wrong.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::wait::wait_until;

/// How long a command may take unless the caller says otherwise.
const DEADLINE: Duration = Duration::from_secs(60);

/// Runs `command` for a minute at most; see [`output_within`].
pub fn output(command: &mut Command) -> Result<String> {
    output_within(DEADLINE, command)
}

/// Runs `command` to its end and gives what it wrote to standard output, without the white space around it.
///
/// An error, with what it wrote to standard error, when it does not succeed; it is ended when `deadline` passes.
pub fn output_within(deadline: Duration, command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let begun = Instant::now();
    if matches!(command.get_current_dir(), Some(dir) if !dir.is_dir()) {
        bail!("`{shown}`: its directory is gone");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run `{shown}`"))?;
    let out = collect(child.stdout.take());
    let err = collect(child.stderr.take());
    let mut status = None;
    let ended = wait_until(&format!("the end of `{shown}`"), deadline, || {
        status = child.try_wait().ok().flatten();
        status.is_some()
    });
    if ended.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    // A grandchild may hold the pipes open; what came by then is enough.
    let patience = deadline
        .saturating_sub(begun.elapsed())
        .min(Duration::from_secs(5));
    let out = out.recv_timeout(patience).unwrap_or_default();
    let err = err.recv_timeout(patience).unwrap_or_default();
    ended.with_context(|| format!("it had written: {} {}", out.trim(), err.trim()))?;
    match status {
        Some(status) if status.success() => Ok(out.trim().to_owned()),
        Some(status) => bail!("`{shown}` failed ({status}): {} {}", out.trim(), err.trim()),
        None => bail!("`{shown}` has no exit status"),
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

fn shown(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_what_was_printed() {
        assert_eq!(output(Command::new("echo").arg("hello")).unwrap(), "hello");
    }

    #[test]
    fn an_error_has_the_command_and_its_words() {
        let error = output(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("echo no") && text.contains("exit status: 3") && text.ends_with("no")
        );
    }

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        let error = output_within(Duration::ZERO, Command::new("sleep").arg("600")).unwrap_err();
        assert!(format!("{error:#}").contains("waited"));
    }
}
