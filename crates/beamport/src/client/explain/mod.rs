//! Why a node could not be reached: what happened, whose fault that is, and what to do.
//!
//! Here, and nowhere else, an error of a connection becomes a sentence: for `beamport ping` and for every other
//! command that connects. One room for each part of the way: [`way`] up to the node's port, [`tls`], [`hands`].

mod hands;
mod tls;
mod way;

use std::fmt;

use beamport_dist::node::{CallError, ConnectError};
use beamport_dist::{FullName, name};

use super::cookie::Source;
use super::hints::Hints;
use crate::failure::{Code, Failure};

/// The parts of the way to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Name,
    Host,
    Mapper,
    Tcp,
    Tls,
    Handshake,
    Cookie,
    Answer,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Name => "name",
            Self::Host => "host",
            Self::Mapper => "port mapper",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Handshake => "handshake",
            Self::Cookie => "cookie",
            Self::Answer => "answer",
        })
    }
}

/// Whose fault it is that there is no connection: who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Who gave the command.
    Caller,
    /// This machine, its name service above all.
    Here,
    /// Whatever is between here and there.
    Network,
    /// What runs on the node's host beside the node.
    Host,
    /// The node, or how it was started.
    Node,
    /// It takes two to have different cookies.
    Either,
}

impl Fault {
    /// The word for programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Here => "here",
            Self::Network => "network",
            Self::Host => "host",
            Self::Node => "node",
            Self::Either => "either",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caller => "this command's",
            Self::Here => "this machine's",
            Self::Network => "the network's, or a firewall's",
            Self::Host => "the node's host's",
            Self::Node => "the node's",
            Self::Either => "one of the two sides'",
        })
    }
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Explanation {
    /// Where the way ended.
    pub(crate) stage: Stage,
    /// The word for programs, which stays as it is.
    pub(crate) code: &'static str,
    /// What happened.
    pub(crate) what: String,
    /// Whose fault it is.
    pub(crate) fault: Fault,
    /// What to do.
    pub(crate) remedy: String,
}

/// What is known besides the error.
#[derive(Debug, Clone)]
pub(crate) struct Circumstances<'a> {
    /// Who was dialled.
    pub(crate) node: &'a FullName,
    /// By which name.
    pub(crate) own_name: &'a FullName,
    /// Where the cookie is from.
    pub(crate) cookie: &'a Source,
    /// What the port mapper says besides.
    pub(crate) hints: Hints,
}

impl Explanation {
    /// Why a text names no node.
    pub(crate) fn of_name(text: &str, error: name::NameError) -> Self {
        Self {
            stage: Stage::Name,
            code: "bad_name",
            what: format!("{text:?} names no node: {error}"),
            fault: Fault::Caller,
            remedy: "write it as the node itself says by `node().`, such as shop@10.0.0.1; a name without @host is \
                     a node of this host"
                .to_owned(),
        }
    }

    /// Why a node could not be reached that was dialled by a name of ours. May ask its port mapper for more.
    pub(crate) async fn found_out(
        error: &ConnectError,
        node: &FullName,
        own_name: &FullName,
        cookie: &Source,
    ) -> Self {
        let hints = match error {
            ConnectError::NotRegistered { mapper, .. } => Hints::ask(*mapper, node.name()).await,
            _ => Hints::default(),
        };
        let circumstances = Circumstances {
            node,
            own_name,
            cookie,
            hints,
        };
        Self::of(error, &circumstances)
    }

    /// Why a node could not be reached.
    pub(crate) fn of(error: &ConnectError, circumstances: &Circumstances<'_>) -> Self {
        match error {
            ConnectError::Tls(error) => tls::explain(error, circumstances),
            ConnectError::Handshake(error) => hands::explain(error, circumstances),
            other => way::explain(other, circumstances),
        }
    }

    /// Why a node that is connected does not answer.
    pub(crate) fn of_silence(node: &FullName, error: &CallError) -> Self {
        Self {
            stage: Stage::Answer,
            code: "no_answer",
            what: match error {
                CallError::TimedOut => {
                    format!("{node} is connected and its net_kernel does not answer in time")
                }
                other => format!("{node} was connected and did not answer: {other}"),
            },
            fault: Fault::Node,
            remedy: "see the node's log, and whether it is overloaded or about to end".to_owned(),
        }
    }

    /// The end of a command that had to connect.
    pub(crate) fn into_failure(self) -> Failure {
        let code = match self.stage {
            Stage::Name => Code::Usage,
            _ => Code::Failed,
        };
        Failure::new(code, anyhow::Error::msg(self.to_string()))
    }
}

/// In three lines.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            fault,
            remedy,
            ..
        } = self;
        write!(f, "{what}\n  whose fault: {fault}\n  what to do:  {remedy}")
    }
}

#[cfg(test)]
mod tests;
