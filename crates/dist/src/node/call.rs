//! Calls, in both directions.

use std::sync::Arc;

use beamport_term::{Atom, Pid, Reference, Term, atom};
use tokio::time::timeout;

use super::inbox::{Full, Item};
use super::{Address, CallError, ConnectError, Mailbox, MonitorAlias, Node, Received};
use crate::FullName;

impl Node {
    /// Calls a `gen_server` and gives its reply.
    ///
    /// It is monitored meanwhile, so that an answer that cannot come is not waited for.
    pub async fn call(&self, server: &Address, request: Term) -> Result<Term, CallError> {
        self.mailbox().call(server, request).await
    }

    /// Sends a `gen_server` a request that it does not reply to.
    pub async fn cast(&self, server: &Address, request: Term) -> Result<(), CallError> {
        let message = Term::from((atom!("$gen_cast"), request));
        Ok(self.mailbox().send(server, message).await?)
    }

    /// Calls a function on a node with a list of arguments, as `rpc:call/4` does: by the server `rex` there, which
    /// other nodes than VMs may have too. What it throws is its value, as one that returns it.
    ///
    /// What it prints goes to that node's own output. [`Node::erpc`] tells more exactly what became of the call.
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

impl Mailbox {
    /// Calls a `gen_server` and gives its reply, as [`Node::call`] does, but as this mailbox: that is who the server
    /// knows afterwards. What else comes meanwhile is received later.
    ///
    /// If this is dropped or no reply comes in time, one that comes later is dropped.
    pub async fn call(&mut self, server: &Address, request: Term) -> Result<Term, CallError> {
        let time = self.shared.config.call_time;
        let answer = async {
            // The monitor is the alias that is answered by.
            let alias = MonitorAlias::ReplyDemonitor;
            let monitor = self.monitor_with_alias(server, alias).await?;
            let mut call = Outstanding::new(self, monitor);
            let from = (call.mailbox.pid().clone(), call.tag.clone());
            let message = Term::from((atom!("$gen_call"), Term::from(from), request));
            call.mailbox.send(server, message).await?;
            call.answer().await
        };
        timeout(time, answer)
            .await
            .map_err(|_| CallError::TimedOut)?
    }
}

impl Mailbox {
    /// What the mailbox is asked next, as a `gen_server`; none once it has ended. What comes in between and is no
    /// request is dropped. Cancel safe.
    pub async fn request(&mut self) -> Option<Request> {
        loop {
            if let Received::Message(message) = self.receive().await?
                && let Some(request) = Request::read(&message)
            {
                return Some(request);
            }
        }
    }
}

/// A call that a mailbox waits for.
struct Outstanding<'a> {
    mailbox: &'a mut Mailbox,
    monitor: Reference,
    tag: Term,
}

impl<'a> Outstanding<'a> {
    fn new(mailbox: &'a mut Mailbox, monitor: Reference) -> Self {
        Self {
            tag: Term::improper_list([atom!("alias").into()], monitor.clone()),
            mailbox,
            monitor,
        }
    }

    async fn answer(&mut self) -> Result<Term, CallError> {
        while let Some(Item { received, bytes }) = self.mailbox.unread.next().await {
            match self.answer_in(received) {
                Ok(answer) => {
                    self.mailbox.unread.release(bytes);
                    return answer;
                }
                Err(received) => self.keep(Item { received, bytes })?,
            }
        }
        Err(CallError::Ended)
    }

    /// The answer, if that is what has come.
    fn answer_in(&self, received: Received) -> Result<Result<Term, CallError>, Received> {
        match received {
            Received::Message(message) => match message.as_tuple().map(|tuple| &**tuple) {
                Some([tag, reply]) if *tag == self.tag => Ok(Ok(reply.clone())),
                _ => Err(Received::Message(message)),
            },
            Received::Down {
                reference, reason, ..
            } if reference == self.monitor => Ok(Err(CallError::Down(reason))),
            other => Err(other),
        }
    }

    /// Keeps what is for later, as much as a mailbox may hold.
    fn keep(&mut self, item: Item) -> Result<(), CallError> {
        self.mailbox.unread.keep(item).map_err(|Full| {
            self.mailbox.exit_with(&atom!("system_limit").into());
            CallError::Ended
        })
    }
}

/// Nothing of the call is left to be received.
impl Drop for Outstanding<'_> {
    fn drop(&mut self) {
        let shared = &self.mailbox.shared;
        let demonitor = shared
            .processes
            .demonitor(self.mailbox.pid(), &self.monitor);
        let Some(demonitor) = demonitor else {
            return;
        };
        shared.tell_soon(vec![demonitor]);
        while let Some(Item { received, bytes }) = self.mailbox.unread.try_next() {
            let kept = match self.answer_in(received) {
                Ok(_) => {
                    self.mailbox.unread.release(bytes);
                    Ok(())
                }
                Err(received) => self.keep(Item { received, bytes }),
            };
            if kept.is_err() {
                return;
            }
        }
    }
}

/// What a `gen_server` of this node is asked.
///
/// ```no_run
/// # use beamport_dist::node::{Mailbox, Request};
/// # use beamport_term::Term;
/// # async fn serve(mut mailbox: Mailbox) -> Result<(), Box<dyn std::error::Error>> {
/// while let Some(request) = mailbox.request().await {
///     if let Request::Call { caller, request } = request {
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
