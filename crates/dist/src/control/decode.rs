//! From control terms to [`Control`].

use beamport_term::{Atom, Pid, Reference, Term};

use super::{Control, Process, Recipient, altact, op, spawned};

/// Why a term is no control.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// It is not a tuple that begins with a number.
    #[error("the peer sent a control term that is no operation")]
    NoOperation,
    /// The number is unknown.
    #[error("the peer sent an operation that this node does not know: {0}")]
    Unknown(u8),
    /// The operation has not the parts it should have.
    #[error("the peer sent a malformed operation: {0}")]
    Malformed(u8),
}

impl TryFrom<&Term> for Control {
    type Error = ControlError;

    fn try_from(term: &Term) -> Result<Self, ControlError> {
        let parts = term.as_tuple().and_then(|tuple| tuple.split_first());
        let (operation, parts) = parts.ok_or(ControlError::NoOperation)?;
        let operation = operation
            .as_u64()
            .and_then(|number| number.try_into().ok())
            .ok_or(ControlError::NoOperation)?;
        if !KNOWN.contains(&operation) {
            return Err(ControlError::Unknown(operation));
        }
        read(operation, parts).ok_or(ControlError::Malformed(operation))
    }
}

/// All operations but those that no node sends any more.
const KNOWN: &[u8] = &[
    1, 2, 3, 4, 6, 7, 8, 12, 13, 16, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
    33, 34, 35, 36, 37,
];

fn read(operation: u8, parts: &[Term]) -> Option<Control> {
    Some(match (operation, parts) {
        (op::SEND, [_, to]) => Control::Send {
            from: None,
            to: pid(to)?,
            token: None,
        },
        (op::SEND_TT, [_, to, token]) => Control::Send {
            from: None,
            to: pid(to)?,
            token: some(token),
        },
        (op::SEND_SENDER, [from, to]) => Control::Send {
            from: Some(pid(from)?),
            to: pid(to)?,
            token: None,
        },
        (op::SEND_SENDER_TT, [from, to, token]) => Control::Send {
            from: Some(pid(from)?),
            to: pid(to)?,
            token: some(token),
        },
        (op::REG_SEND, [from, _, to]) => Control::RegSend {
            from: pid(from)?,
            to: atom(to)?,
            token: None,
        },
        (op::REG_SEND_TT, [from, _, to, token]) => Control::RegSend {
            from: pid(from)?,
            to: atom(to)?,
            token: some(token),
        },
        (op::ALIAS_SEND, [from, to]) => Control::AliasSend {
            from: pid(from)?,
            to: reference(to)?,
            token: None,
        },
        (op::ALIAS_SEND_TT, [from, to, token]) => Control::AliasSend {
            from: pid(from)?,
            to: reference(to)?,
            token: some(token),
        },
        (op::ALTACT_SIG_SEND, [flags, from, to, token @ ..]) => {
            alternative(byte(flags)?, from, to, token)?
        }
        (op::LINK, [from, to]) => Control::Link {
            from: pid(from)?,
            to: pid(to)?,
        },
        (op::UNLINK, [from, to]) => Control::Unlink {
            from: pid(from)?,
            to: pid(to)?,
        },
        (op::UNLINK_ID, [id, from, to]) => Control::UnlinkId {
            id: id.as_u64()?,
            from: pid(from)?,
            to: pid(to)?,
        },
        (op::UNLINK_ID_ACK, [id, from, to]) => Control::UnlinkIdAck {
            id: id.as_u64()?,
            from: pid(from)?,
            to: pid(to)?,
        },
        (op::EXIT, [from, to, reason]) => exit(from, to, None, Some(reason))?,
        (op::EXIT_TT, [from, to, token, reason]) => exit(from, to, Some(token), Some(reason))?,
        (op::PAYLOAD_EXIT, [from, to]) => exit(from, to, None, None)?,
        (op::PAYLOAD_EXIT_TT, [from, to, token]) => exit(from, to, Some(token), None)?,
        (op::EXIT2, [from, to, reason]) => exit2(from, to, None, Some(reason))?,
        (op::EXIT2_TT, [from, to, token, reason]) => exit2(from, to, Some(token), Some(reason))?,
        (op::PAYLOAD_EXIT2, [from, to]) => exit2(from, to, None, None)?,
        (op::PAYLOAD_EXIT2_TT, [from, to, token]) => exit2(from, to, Some(token), None)?,
        (op::MONITOR_P, [from, to, monitor]) => Control::Monitor {
            from: pid(from)?,
            to: process(to)?,
            reference: reference(monitor)?,
        },
        (op::DEMONITOR_P, [from, to, monitor]) => Control::Demonitor {
            from: pid(from)?,
            to: process(to)?,
            reference: reference(monitor)?,
        },
        (op::MONITOR_P_EXIT, [from, to, monitor, reason]) => Control::MonitorExit {
            from: process(from)?,
            to: pid(to)?,
            reference: reference(monitor)?,
            reason: some(reason),
        },
        (op::PAYLOAD_MONITOR_P_EXIT, [from, to, monitor]) => Control::MonitorExit {
            from: process(from)?,
            to: pid(to)?,
            reference: reference(monitor)?,
            reason: None,
        },
        (op::GROUP_LEADER, [from, to]) => Control::GroupLeader {
            from: pid(from)?,
            to: pid(to)?,
        },
        (op::SPAWN_REQUEST, [request, from, leader, mfa, options]) => {
            spawn_request([request, from, leader, mfa, options], None)?
        }
        (op::SPAWN_REQUEST_TT, [request, from, leader, mfa, options, token]) => {
            spawn_request([request, from, leader, mfa, options], some(token))?
        }
        (op::SPAWN_REPLY, [request, to, flags, result]) => {
            spawn_reply(request, to, flags, result, None)?
        }
        (op::SPAWN_REPLY_TT, [request, to, flags, result, token]) => {
            spawn_reply(request, to, flags, result, some(token))?
        }
        _ => return None,
    })
}

fn exit(from: &Term, to: &Term, token: Option<&Term>, reason: Option<&Term>) -> Option<Control> {
    Some(Control::Exit {
        from: pid(from)?,
        to: pid(to)?,
        token: token.cloned(),
        reason: reason.cloned(),
    })
}

fn exit2(from: &Term, to: &Term, token: Option<&Term>, reason: Option<&Term>) -> Option<Control> {
    Some(Control::Exit2 {
        from: pid(from)?,
        to: pid(to)?,
        token: token.cloned(),
        reason: reason.cloned(),
    })
}

fn alternative(flags: u8, from: &Term, to: &Term, token: &[Term]) -> Option<Control> {
    let has = |bit| flags & bit != 0;
    let token = match (has(altact::TOKEN), token) {
        (true, [token]) => some(token),
        (false, []) => None,
        _ => return None,
    };
    let to = match (has(altact::ALIAS), has(altact::NAME)) {
        (true, false) => Recipient::Alias(reference(to)?),
        (false, true) => Recipient::Name(atom(to)?),
        (false, false) => Recipient::Pid(pid(to)?),
        (true, true) => return None,
    };
    Some(Control::AltAct {
        priority: has(altact::PRIO),
        exit: has(altact::EXIT),
        from: pid(from)?,
        to,
        token,
    })
}

fn spawn_request(
    [request, from, leader, mfa, options]: [&Term; 5],
    token: Option<Term>,
) -> Option<Control> {
    let [module, function, arity] = &**mfa.as_tuple()? else {
        return None;
    };
    Some(Control::SpawnRequest {
        request: reference(request)?,
        from: pid(from)?,
        group_leader: pid(leader)?,
        module: atom(module)?,
        function: atom(function)?,
        arity: byte(arity)?,
        options: options.clone(),
        token,
    })
}

fn spawn_reply(
    request: &Term,
    to: &Term,
    flags: &Term,
    result: &Term,
    token: Option<Term>,
) -> Option<Control> {
    let flags = byte(flags)?;
    Some(Control::SpawnReply {
        request: reference(request)?,
        to: pid(to)?,
        linked: flags & spawned::LINK != 0,
        monitored: flags & spawned::MONITOR != 0,
        result: process(result)?,
        token,
    })
}

fn pid(term: &Term) -> Option<Pid> {
    term.as_pid().cloned()
}

fn atom(term: &Term) -> Option<Atom> {
    term.as_atom().cloned()
}

fn reference(term: &Term) -> Option<Reference> {
    term.as_reference().cloned()
}

fn process(term: &Term) -> Option<Process> {
    match term {
        Term::Pid(pid) => Some(Process::Pid(pid.clone())),
        Term::Atom(name) => Some(Process::Name(name.clone())),
        _ => None,
    }
}

fn byte(term: &Term) -> Option<u8> {
    term.as_u64()?.try_into().ok()
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "an option that is there, in a row of those that may not be"
)]
fn some(term: &Term) -> Option<Term> {
    Some(term.clone())
}
