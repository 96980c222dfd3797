//! Calls, in both directions.

use std::sync::Arc;

use beamport_term::{Atom, Pid, Reference, Term, atom};
use tokio::time::timeout;

use super::{Address, CallError, ConnectError, Mailbox, Node, Received};
use crate::FullName;

impl Node {
    /// Calls a `gen_server` and gives its reply.
    ///
    /// It is monitored meanwhile, so that an answer that cannot come is not waited for.
    pub async fn call(&self, server: &Address, request: Term) -> Result<Term, CallError> {
        timeout(
            self.shared.config.call_time,
            call(self.mailbox(), server, request),
        )
        .await
        .map_err(|_| CallError::TimedOut)?
    }

    /// Sends a `gen_server` a request that it does not reply to.
    pub async fn cast(&self, server: &Address, request: Term) -> Result<(), CallError> {
        let message = Term::from((atom!("$gen_cast"), request));
        Ok(self.mailbox().send(server, message).await?)
    }

    /// Calls a function on a node, with a list of arguments.
    ///
    /// What it prints goes to that node's own output.
    pub async fn rpc(
        &self,
        peer: &FullName,
        module: Atom,
        function: Atom,
        arguments: Term,
    ) -> Result<Term, CallError> {
        let server = Address::name(atom!("rex"), peer);
        let request = (atom!("call"), module, function, arguments, atom!("user"));
        let answer = self.call(&server, Term::from(request)).await?;
        match answer.tagged("badrpc") {
            Some([reason]) => Err(CallError::Raised(reason.clone())),
            _ => Ok(answer),
        }
    }

    /// Connects to a node and has it answer, as `net_adm:ping/1` does.
    pub async fn ping(&self, peer: &FullName) -> Result<(), CallError> {
        let server = Address::name(atom!("net_kernel"), peer);
        let own = self.name().to_atom();
        let answer = self
            .call(&server, Term::from((atom!("is_auth"), own)))
            .await?;
        if answer.is_atom("yes") {
            Ok(())
        } else {
            Err(CallError::Answer(answer))
        }
    }
}

async fn call(mut mailbox: Mailbox, server: &Address, request: Term) -> Result<Term, CallError> {
    let monitor = mailbox.monitor(server).await?;
    let from = (mailbox.pid().clone(), monitor.clone());
    let message = Term::from((atom!("$gen_call"), Term::from(from), request));
    mailbox.send(server, message).await?;
    let tag = Term::from(monitor.clone());
    loop {
        match mailbox.receive().await {
            Some(Received::Message(message)) => {
                if let Some([of, reply]) = message.as_tuple().map(|tuple| &**tuple)
                    && *of == tag
                {
                    return Ok(reply.clone());
                }
            }
            Some(Received::Down {
                reference, reason, ..
            }) if reference == monitor => return Err(CallError::Down(reason)),
            Some(_) => {}
            None => return Err(CallError::TimedOut),
        }
    }
}

/// What a `gen_server` of this node is asked.
///
/// ```no_run
/// # use beamport_dist::node::{Mailbox, Received, Request};
/// # use beamport_term::Term;
/// # async fn serve(mut mailbox: Mailbox) -> Result<(), Box<dyn std::error::Error>> {
/// while let Some(received) = mailbox.receive().await {
///     if let Received::Message(message) = received
///         && let Some(Request::Call { caller, request }) = Request::read(&message)
///     {
///         caller.reply(&mailbox, Term::from(("echo", request))).await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// By `gen_server:call`, with an answer.
    Call {
        /// Whom to answer.
        caller: Caller,
        /// What is asked.
        request: Term,
    },
    /// By `gen_server:cast`, without one.
    Cast(Term),
}

/// Who waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pid: Pid,
    tag: Term,
}

impl Request {
    /// Reads a message; none if it is no request.
    pub fn read(message: &Term) -> Option<Self> {
        if let Some([request]) = message.tagged("$gen_cast") {
            return Some(Self::Cast(request.clone()));
        }
        let [from, request] = message.tagged("$gen_call")? else {
            return None;
        };
        let [pid, tag] = &**from.as_tuple()? else {
            return None;
        };
        Some(Self::Call {
            caller: Caller {
                pid: pid.as_pid()?.clone(),
                tag: tag.clone(),
            },
            request: request.clone(),
        })
    }
}

impl Caller {
    /// The process that waits.
    pub fn pid(&self) -> &Pid {
        &self.pid
    }

    /// Answers, from a mailbox.
    ///
    /// By its alias, if it has given one: an answer that comes too late then does not reach it.
    pub async fn reply(self, mailbox: &Mailbox, reply: Term) -> Result<(), Arc<ConnectError>> {
        let alias = self.alias().cloned();
        let message = Term::from((self.tag, reply));
        match alias {
            Some(alias) => mailbox.send_by_alias(&alias, message).await,
            None => mailbox.send(&self.pid.into(), message).await,
        }
    }

    /// The alias in a tag `[alias | Reference]`, as callers of OTP 24 and later make them.
    fn alias(&self) -> Option<&Reference> {
        let list = self.tag.as_list()?;
        list.iter().next()?.is_atom("alias").then_some(())?;
        list.tail()?.as_reference()
    }
}
