//! `beamport exec`: runs a command with the identity of a node that `beamport run` started in this container.
//!
//! What `docker exec` starts inherits nothing from PID 1. This gives a command the node's name and cookie in the
//! variables its kind of launcher reads, without those that would have it take the node's own name or port. It then
//! becomes the command, so that signals and the terminal are the command's.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::Args;

use crate::failure::{Code, Failure};
use crate::run::StartError;
use crate::run::cookie::Cookie;
use crate::run::delivery::Delivered;
use crate::run::environment::{self, Purpose, Settings};
use crate::run::launcher::Launcher;
use crate::run::state::NodeState;

/// The flags of `beamport exec`.
#[derive(Debug, Args)]
pub(crate) struct ExecOptions {
    /// Which node, by its name with or without the host, where several run in this container
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// What kind of command this is, which decides the variables it is given [default: what the command looks like]
    #[arg(long, value_enum, value_name = "KIND")]
    launcher: Option<Launcher>,

    /// Where `beamport run` was told to leave its state
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,

    /// The command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) fn main(options: ExecOptions) -> Result<ExitCode, Failure> {
    let node = choose(
        NodeState::read_all(options.state_dir.as_deref()),
        options.name.as_deref(),
    )?;
    // Never returns unless it fails.
    let mut command = command(&options, &node)?;
    let error = command.exec();
    Err(StartError::new(&command, error).into())
}

fn choose(mut nodes: Vec<NodeState>, wanted: Option<&str>) -> Result<NodeState, Failure> {
    let names: Vec<String> = nodes.iter().map(|node| node.identity.to_string()).collect();
    if let Some(wanted) = wanted {
        nodes.retain(|node| node.identity.name == wanted || node.identity.to_string() == wanted);
    }
    let message = match (nodes.pop(), nodes.is_empty(), wanted) {
        (Some(node), true, _) => return Ok(node),
        (Some(_), false, _) => format!(
            "several nodes run here ({}): choose one with --name",
            names.join(", ")
        ),
        (None, _, Some(wanted)) if !names.is_empty() => {
            format!("no node {wanted} runs here; there is {}", names.join(", "))
        }
        (None, ..) => {
            "no node that `beamport run` started runs here, or it runs as another user (then try \
                       `docker exec -u USER`)"
                .to_owned()
        }
    };
    Err(Failure::new(Code::Unavailable, anyhow::Error::msg(message)))
}

fn command(options: &ExecOptions, node: &NodeState) -> Result<Command, Failure> {
    let launcher = options
        .launcher
        .unwrap_or_else(|| Launcher::of(&options.command, std::env::var_os("PATH").as_deref()));
    let cookie = node
        .cookie
        .as_ref()
        .map(|state| {
            Cookie::parse(state.text.as_bytes(), "the state file").map(|cookie| Delivered {
                cookie,
                by_variable: state.by_variable,
            })
        })
        .transpose()
        .map_err(|error| Failure::new(Code::Config, error))?;
    let settings = Settings {
        identity: &node.identity,
        ports: node.ports,
        cookie: cookie.as_ref(),
        vm_args: node.vm_args.as_deref(),
        flags_before: std::env::var_os(environment::FLAGS),
    };
    let purpose = Purpose::Visitor {
        serial: std::process::id(),
    };
    let mut words = options.command.iter();
    let mut command = Command::new(words.next().map(OsString::as_os_str).unwrap_or_default());
    command
        .args(words)
        .envs(environment::variables(launcher, purpose, &settings));
    if ends_in_remsh(&options.command) {
        command.arg(node.identity.to_string());
    }
    Ok(command)
}

/// `erl -remsh` and `iex --remsh` without a node mean the one there is.
fn ends_in_remsh(command: &[OsString]) -> bool {
    command
        .last()
        .is_some_and(|word| word == "-remsh" || word == "--remsh")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::PortRange;
    use crate::run::identity::Identity;

    fn nodes(names: &[&str]) -> Vec<NodeState> {
        let node = |name: &&str| {
            let identity = Identity {
                name: (*name).to_owned(),
                host: "10.99.0.1".into(),
            };
            NodeState::of_this_process(identity, PortRange::Any, None, None)
        };
        names.iter().map(node).collect()
    }

    #[test]
    fn the_only_node_is_meant() {
        assert_eq!(choose(nodes(&["a"]), None).unwrap().identity.name, "a");
        assert!(choose(nodes(&["a"]), Some("b")).is_err());
        assert!(choose(nodes(&[]), None).is_err());
    }

    #[test]
    fn of_several_one_is_named() {
        assert!(choose(nodes(&["a", "b"]), None).is_err());
        assert_eq!(
            choose(nodes(&["a", "b"]), Some("a")).unwrap().identity.name,
            "a"
        );
        let full = choose(nodes(&["a", "b"]), Some("b@10.99.0.1")).unwrap();
        assert_eq!(full.identity.name, "b");
    }

    #[test]
    fn a_remsh_without_a_node_is_completed() {
        let command = |words: &[&str]| -> Vec<OsString> { words.iter().map(Into::into).collect() };
        assert!(ends_in_remsh(&command(&["erl", "-remsh"])));
        assert!(!ends_in_remsh(&command(&["erl", "-remsh", "a@b"])));
    }
}
