//! Which process of a node is meant.

use beamport_dist::node::{Address, CallError};
use beamport_term::{Atom, Pid, Term, atom};

use super::session::failed;
use super::{Session, input};
use crate::failure::Failure;

/// A process, as it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProcessName {
    /// By the name that it is registered by.
    Registered(Atom),
    /// As the node itself prints its pid: `<0.42.0>`.
    Pid(String),
}

impl ProcessName {
    /// Reads a name, or a pid in the syntax of Erlang or Elixir.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let pid = text.strip_prefix("#PID").unwrap_or(text);
        if is_pid(pid) {
            return Ok(Self::Pid(pid.to_owned()));
        }
        input::registered_name(text).map(Self::Registered)
    }

    /// Where to reach it.
    pub(crate) async fn address(&self, session: &Session) -> Result<Address, Failure> {
        match self {
            Self::Registered(name) => Ok(Address::name(name.clone(), session.peer())),
            Self::Pid(pid) => Ok(pid_of(session, pid).await?.into()),
        }
    }

    /// What is said where there is no such process.
    pub(crate) fn missing(&self, session: &Session, said: &str) -> String {
        let peer = session.peer();
        match self {
            Self::Registered(_) => format!("no process of {peer} is registered as {said}"),
            Self::Pid(pid) => no_process(session, pid),
        }
    }
}

/// A pid as the node knows it: only the node itself tells which of its lives it is of.
async fn pid_of(session: &Session, pid: &str) -> Result<Pid, Failure> {
    let arguments = Term::list([Term::charlist(pid)]);
    let (erlang, list_to_pid) = (atom!("erlang"), atom!("list_to_pid"));
    let read = session
        .node()
        .rpc(session.peer(), erlang, list_to_pid, arguments);
    match session.in_time(read).await {
        Ok(Term::Pid(pid)) => Ok(pid),
        // What a node that is no VM may answer.
        Ok(other) => Err(failed(format!(
            "{} was asked for a pid and answered {other}",
            session.peer()
        ))),
        // No process has had the number, or could have.
        Err(CallError::Raised(_)) => Err(failed(no_process(session, pid))),
        Err(error) => Err(session.call_failure(error).await),
    }
}

fn no_process(session: &Session, pid: &str) -> String {
    format!("no process of {} is {pid}", session.peer())
}

/// `<0.42.0>`: of the node itself, as the first number says.
fn is_pid(text: &str) -> bool {
    let inside = text.strip_prefix("<0.").and_then(|t| t.strip_suffix('>'));
    let numbers = inside.map(|inside| inside.split('.').collect::<Vec<_>>());
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    numbers.is_some_and(|parts| parts.len() == 2 && parts.iter().all(|part| is_number(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pids_are_told_from_names() {
        for text in ["<0.42.0>", "#PID<0.42.0>"] {
            let pid = ProcessName::Pid("<0.42.0>".to_owned());
            assert_eq!(ProcessName::read(text).unwrap(), pid);
        }
        for text in ["<0.42>", "<1.42.0>", "<0..0>", "<0.x.0>", "keeper"] {
            let read = ProcessName::read(text).unwrap();
            assert_eq!(read, ProcessName::Registered(Atom::new(text).unwrap()));
        }
    }
}
