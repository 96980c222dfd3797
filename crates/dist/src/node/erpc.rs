//! Calls of functions on other nodes that tell exactly what became of them, as OTP's `erpc` does.
//!
//! The function runs in a process of its own there, `erpc:execute_call/4`, which is monitored and brings the result
//! as the reason of its exit. Nothing stands between as `rex` does for [`Node::rpc`].

use std::fmt;
use std::sync::Arc;

use beamport_term::{Atom, Pid, Reference, Term, atom};
use tokio::time::timeout;

use super::{CallError, ConnectError, Mailbox, Node, Received, Spawn};
use crate::FullName;

/// Why a call of [`Node::erpc`] gave no value.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ErpcError {
    /// The node could not be reached.
    #[error(transparent)]
    Connect(#[from] Arc<ConnectError>),
    /// The function raised an exception. (`erpc:call/4` raises `{exception, Reason}` and the like.)
    #[error("the function raised {0}")]
    Raised(Exception),
    /// The process that ran the function got an exit signal. (`erpc:call/4` raises `{signal, Reason}`.)
    #[error("the process that ran the function was ended: {0}")]
    Ended(Term),
    /// The node would not start the process: it does not serve `erpc` (`notsup`), it has too many (`system_limit`),
    /// or the arguments are no proper list or too many (`badarg`).
    #[error("the node does not run the function: {0}")]
    Refused(Term),
    /// The connection was lost before an answer came. Whether the function has run is not known.
    #[error("the connection was lost before an answer came")]
    NodeDown,
    /// No answer came in [`Config::call_time`](super::Config::call_time). The function may run on.
    #[error("no answer came in time")]
    TimedOut,
}

/// An exception of Erlang, as it left the function that was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// How it was raised.
    pub class: Class,
    /// With what.
    pub reason: Term,
    /// Where, innermost first, as far as it concerns the function: a list of `{Module, Function, Arity or Arguments,
    /// Location}`. Only for [`Class::Error`].
    pub stacktrace: Option<Term>,
}

/// How an exception is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// By a failure, or `error/1`.
    Error,
    /// By `exit/1`.
    Exit,
    /// By `throw/1`.
    Throw,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Exit => "exit",
            Self::Throw => "throw",
        })
    }
}

/// Class and reason, as `exit:Reason`.
impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.class, self.reason)
    }
}

impl Node {
    /// Calls a function on a node with a list of arguments, as `erpc:call/5` does. The node has to be a VM of OTP 23
    /// or later.
    ///
    /// [`Node::rpc`] is for what must also work with nodes that are no VMs; this is for who has to know what became
    /// of the call. What the function prints goes to that node's own output (`user`). If this is dropped, the
    /// function runs to its end and nobody hears of it.
    pub async fn erpc(
        &self,
        peer: &FullName,
        module: Atom,
        function: Atom,
        arguments: Term,
    ) -> Result<Term, ErpcError> {
        let call = async {
            let mut mailbox = self.mailbox();
            let user = mailbox.user_of(peer).await?;
            let function = (module, function, arguments);
            mailbox.execute(peer, function, user).await
        };
        timeout(self.shared.config.call_time, call)
            .await
            .map_err(|_| ErpcError::TimedOut)?
    }
}

impl Mailbox {
    /// Where a node prints what has nowhere else to go. It is asked for once for each connection.
    async fn user_of(&mut self, peer: &FullName) -> Result<Option<Pid>, ErpcError> {
        let connection = self.shared.connect_unasked(&peer.to_atom()).await?;
        let ask = async {
            let user = Term::list([atom!("user")]);
            let whereis = (atom!("erlang"), atom!("whereis"), user);
            let user = self.execute(peer, whereis, None).await?;
            Ok::<_, ErpcError>(user.as_pid().cloned())
        };
        connection.user().get_or_try_init(|| ask).await.cloned()
    }

    async fn execute(
        &mut self,
        peer: &FullName,
        (module, function, arguments): (Atom, Atom, Term),
        group_leader: Option<Pid>,
    ) -> Result<Term, ErpcError> {
        let result = self.shared.processes.make_reference();
        let arguments = vec![
            result.clone().into(),
            module.into(),
            function.into(),
            arguments,
        ];
        let spawn = Spawn {
            monitor: true,
            group_leader,
            ..Spawn::new(atom!("erpc"), atom!("execute_call"), arguments)
        };
        let spawned = self.spawn(peer, spawn).await?;
        loop {
            match self.receive().await {
                Some(Received::Down {
                    reference, reason, ..
                }) if Some(&reference) == spawned.monitor.as_ref() => {
                    return read_exit(&result, reason);
                }
                Some(_) => {}
                None => return Err(ErpcError::NodeDown),
            }
        }
    }
}

/// What `erpc:execute_call/4` says by its exit.
fn read_exit(result: &Reference, exit: Term) -> Result<Term, ErpcError> {
    let told = match exit.as_tuple().map(|tuple| &**tuple) {
        Some([told, rest @ ..]) if told.as_reference() == Some(result) => rest,
        _ if exit.is_atom("noconnection") => return Err(ErpcError::NodeDown),
        _ => return Err(ErpcError::Ended(exit)),
    };
    let raised = |class, reason: &Term, stacktrace: Option<&Term>| {
        Err(ErpcError::Raised(Exception {
            class,
            reason: reason.clone(),
            stacktrace: stacktrace.cloned(),
        }))
    };
    match told {
        [kind, value] if kind.is_atom("return") => Ok(value.clone()),
        [kind, reason] if kind.is_atom("throw") => raised(Class::Throw, reason, None),
        [kind, reason] if kind.is_atom("exit") => raised(Class::Exit, reason, None),
        [kind, reason, stack] if kind.is_atom("error") => raised(Class::Error, reason, Some(stack)),
        [kind, refusal] if kind.is_atom("error") => match refusal.tagged("erpc") {
            Some([reason]) => Err(ErpcError::Refused(reason.clone())),
            _ => Err(ErpcError::Ended(exit)),
        },
        _ => Err(ErpcError::Ended(exit)),
    }
}

impl From<CallError> for ErpcError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Connect(error) => Self::Connect(error),
            CallError::Raised(reason) => Self::Refused(reason),
            CallError::Down(_) | CallError::Ended => Self::NodeDown,
            CallError::TimedOut => Self::TimedOut,
            CallError::Answer(answer) => Self::Ended(answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_is_an_answer_only_if_it_was_asked_for() {
        let reference = |word| Reference::new(atom!("a@b"), 7, [word, 0, 0]).unwrap();
        let returned = |by| Term::from((reference(by), atom!("return"), 1));
        assert_eq!(
            read_exit(&reference(1), returned(1)).unwrap(),
            Term::from(1)
        );
        for exit in [returned(2), Term::from((reference(1), 1)), Term::from(1)] {
            let ended = read_exit(&reference(1), exit.clone());
            assert!(matches!(ended, Err(ErpcError::Ended(reason)) if reason == exit));
        }
    }
}
