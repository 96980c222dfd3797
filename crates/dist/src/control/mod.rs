//! What a message is to do: the control term, with names.
//!
//! Every control that OTP 23 to 29 know can be read and written. Where OTP has an operation with a trace token and
//! one without, or one with the reason in the control term and one with the reason as payload, there is one
//! [`Control`] here with an option: what was read is written as it was.
//!
//! Source: "Protocol between Connected Nodes" of OTP's *Distribution Protocol*, and `enum dop` in
//! `erts/emulator/beam/dist.h`.

mod decode;
mod encode;

use beamport_term::{Atom, Pid, Reference, Term};

pub use decode::ControlError;

use crate::Flags;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Deliver the payload. (`SEND`, `SEND_SENDER`)
    Send {
        /// Who sends, if that is told: [`SEND_SENDER`](Flags::SEND_SENDER).
        from: Option<Pid>,
        /// The process that is to have it.
        to: Pid,
        /// A sequential trace token.
        token: Option<Term>,
    },
    /// Deliver the payload to a registered name. (`REG_SEND`)
    RegSend {
        /// Who sends.
        from: Pid,
        /// The name that is to have it.
        to: Atom,
        /// A sequential trace token.
        token: Option<Term>,
    },
    /// Deliver the payload by an alias. (`ALIAS_SEND`)
    AliasSend {
        /// Who sends.
        from: Pid,
        /// The alias of a process.
        to: Reference,
        /// A sequential trace token.
        token: Option<Term>,
    },
    /// Deliver the payload, or exit with it as reason, in ways that came with OTP 28. (`ALTACT_SIG_SEND`)
    AltAct {
        /// Whether it goes before other signals.
        priority: bool,
        /// Whether the payload is the reason of an exit signal.
        exit: bool,
        /// Who sends.
        from: Pid,
        /// Who is to have it.
        to: Recipient,
        /// A sequential trace token.
        token: Option<Term>,
    },
    /// Link two processes. (`LINK`)
    Link {
        /// Who links.
        from: Pid,
        /// With whom.
        to: Pid,
    },
    /// Undo a link, unacknowledged, as nodes of before OTP 25 may. (`UNLINK`)
    Unlink {
        /// Who undoes it.
        from: Pid,
        /// With whom.
        to: Pid,
    },
    /// Undo a link. (`UNLINK_ID`)
    UnlinkId {
        /// What the acknowledgement is to repeat.
        id: u64,
        /// Who undoes it.
        from: Pid,
        /// With whom.
        to: Pid,
    },
    /// A link is undone. To be sent before any other signal to the process that asked. (`UNLINK_ID_ACK`)
    UnlinkIdAck {
        /// What was to be repeated.
        id: u64,
        /// Who was linked.
        from: Pid,
        /// Who undid it.
        to: Pid,
    },
    /// A linked process has exited. (`EXIT`)
    Exit {
        /// Who has exited.
        from: Pid,
        /// Who was linked.
        to: Pid,
        /// A sequential trace token.
        token: Option<Term>,
        /// Why; none if the payload says it.
        reason: Option<Term>,
    },
    /// A process wants another to exit: `exit/2`. (`EXIT2`)
    Exit2 {
        /// Who wants it.
        from: Pid,
        /// Who is to exit.
        to: Pid,
        /// A sequential trace token.
        token: Option<Term>,
        /// Why; none if the payload says it.
        reason: Option<Term>,
    },
    /// Tell when a process exits. (`MONITOR_P`)
    Monitor {
        /// Who is to be told.
        from: Pid,
        /// Of whom.
        to: Process,
        /// The monitor.
        reference: Reference,
    },
    /// Undo a monitor. (`DEMONITOR_P`)
    Demonitor {
        /// Who would have been told.
        from: Pid,
        /// Of whom.
        to: Process,
        /// The monitor.
        reference: Reference,
    },
    /// A monitored process has exited, or was not there. (`MONITOR_P_EXIT`)
    MonitorExit {
        /// Who has exited, as it was monitored.
        from: Process,
        /// Who is to be told.
        to: Pid,
        /// The monitor.
        reference: Reference,
        /// Why; none if the payload says it.
        reason: Option<Term>,
    },
    /// Give a process another group leader. (`GROUP_LEADER`)
    GroupLeader {
        /// The group leader.
        from: Pid,
        /// Who is to have it.
        to: Pid,
    },
    /// Start a process, with the payload as its arguments. (`SPAWN_REQUEST`)
    SpawnRequest {
        /// What the reply is to repeat.
        request: Reference,
        /// Who asks.
        from: Pid,
        /// The group leader it is to have.
        group_leader: Pid,
        /// The module of the function it is to run.
        module: Atom,
        /// The name of that function.
        function: Atom,
        /// How many arguments it takes.
        arity: u8,
        /// `monitor`, `link` and the like.
        options: Term,
        /// A sequential trace token.
        token: Option<Term>,
    },
    /// A process has been started, or not. (`SPAWN_REPLY`)
    SpawnReply {
        /// What was to be repeated.
        request: Reference,
        /// Who asked.
        to: Pid,
        /// Whether the process is linked with who asked.
        linked: bool,
        /// Whether the process is monitored by who asked.
        monitored: bool,
        /// The process, or why there is none: an atom.
        result: Process,
        /// A sequential trace token.
        token: Option<Term>,
    },
}

/// A process by its pid or by a name. Where it is the result of a spawn, a name is the error.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Process {
    /// By pid.
    Pid(Pid),
    /// By registered name.
    Name(Atom),
}

/// Who is to have what is sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// A process by its pid.
    Pid(Pid),
    /// A process by its registered name.
    Name(Atom),
    /// A process by an alias.
    Alias(Reference),
}

impl Control {
    /// Whether a payload has to follow; otherwise there must be none.
    pub fn has_payload(&self) -> bool {
        match self {
            Self::Send { .. }
            | Self::RegSend { .. }
            | Self::AliasSend { .. }
            | Self::AltAct { .. }
            | Self::SpawnRequest { .. } => true,
            Self::Exit { reason, .. }
            | Self::Exit2 { reason, .. }
            | Self::MonitorExit { reason, .. } => reason.is_none(),
            _ => false,
        }
    }

    /// The same in words that a peer understands with which `flags` are in force, and the payload that goes with it.
    ///
    /// A reason becomes the payload where the peer takes it so: then it can be sent in fragments.
    #[must_use]
    pub fn for_peer(mut self, payload: Option<Term>, flags: Flags) -> (Self, Option<Term>) {
        let reason = if flags.contains(Flags::EXIT_PAYLOAD) {
            self.take_reason()
        } else {
            None
        };
        (self.in_words_for(flags), reason.or(payload))
    }

    /// Takes the reason out, which the payload then has to say.
    fn take_reason(&mut self) -> Option<Term> {
        match self {
            Self::Exit { reason, .. }
            | Self::Exit2 { reason, .. }
            | Self::MonitorExit { reason, .. } => reason.take(),
            _ => None,
        }
    }

    fn in_words_for(self, flags: Flags) -> Self {
        match self {
            Self::UnlinkId { from, to, .. } if !flags.contains(Flags::UNLINK_ID) => {
                Self::Unlink { from, to }
            }
            // The older form goes with OTP 30.
            Self::AliasSend { from, to, token } if flags.contains(Flags::ALTACT_SIG) => {
                Self::AltAct {
                    priority: false,
                    exit: false,
                    from,
                    to: Recipient::Alias(to),
                    token,
                }
            }
            other => other,
        }
    }
}

impl From<Process> for Term {
    fn from(process: Process) -> Self {
        match process {
            Process::Pid(pid) => pid.into(),
            Process::Name(name) => name.into(),
        }
    }
}

/// The numbers that control terms begin with.
mod op {
    pub(super) const LINK: u8 = 1;
    pub(super) const SEND: u8 = 2;
    pub(super) const EXIT: u8 = 3;
    pub(super) const UNLINK: u8 = 4;
    pub(super) const REG_SEND: u8 = 6;
    pub(super) const GROUP_LEADER: u8 = 7;
    pub(super) const EXIT2: u8 = 8;
    pub(super) const SEND_TT: u8 = 12;
    pub(super) const EXIT_TT: u8 = 13;
    pub(super) const REG_SEND_TT: u8 = 16;
    pub(super) const EXIT2_TT: u8 = 18;
    pub(super) const MONITOR_P: u8 = 19;
    pub(super) const DEMONITOR_P: u8 = 20;
    pub(super) const MONITOR_P_EXIT: u8 = 21;
    pub(super) const SEND_SENDER: u8 = 22;
    pub(super) const SEND_SENDER_TT: u8 = 23;
    pub(super) const PAYLOAD_EXIT: u8 = 24;
    pub(super) const PAYLOAD_EXIT_TT: u8 = 25;
    pub(super) const PAYLOAD_EXIT2: u8 = 26;
    pub(super) const PAYLOAD_EXIT2_TT: u8 = 27;
    pub(super) const PAYLOAD_MONITOR_P_EXIT: u8 = 28;
    pub(super) const SPAWN_REQUEST: u8 = 29;
    pub(super) const SPAWN_REQUEST_TT: u8 = 30;
    pub(super) const SPAWN_REPLY: u8 = 31;
    pub(super) const SPAWN_REPLY_TT: u8 = 32;
    pub(super) const ALIAS_SEND: u8 = 33;
    pub(super) const ALIAS_SEND_TT: u8 = 34;
    pub(super) const UNLINK_ID: u8 = 35;
    pub(super) const UNLINK_ID_ACK: u8 = 36;
    pub(super) const ALTACT_SIG_SEND: u8 = 37;
}

/// The bits of [`op::ALTACT_SIG_SEND`]'s flags.
mod altact {
    pub(super) const PRIO: u8 = 0x1;
    pub(super) const TOKEN: u8 = 0x2;
    pub(super) const ALIAS: u8 = 0x4;
    pub(super) const NAME: u8 = 0x8;
    pub(super) const EXIT: u8 = 0x10;
}

/// The bits of [`op::SPAWN_REPLY`]'s flags.
mod spawned {
    pub(super) const LINK: u8 = 0x1;
    pub(super) const MONITOR: u8 = 0x2;
}

#[cfg(test)]
mod tests {
    use beamport_term::atom;

    use super::*;

    #[test]
    fn what_a_peer_does_not_know_yet_or_any_more_is_said_in_other_words() {
        let pid = |id| Pid {
            node: atom!("a@b"),
            id,
            serial: 0,
            creation: 7,
        };
        let (from, to) = (pid(1), pid(2));
        let unlink = Control::UnlinkId {
            id: 1,
            from: from.clone(),
            to: to.clone(),
        };
        let old = Control::Unlink {
            from: from.clone(),
            to,
        };
        let said = |control: &Control, flags| control.clone().for_peer(None, flags).0;
        assert_eq!(said(&unlink, Flags::NONE), old);
        assert_eq!(said(&unlink, Flags::UNLINK_ID), unlink);

        let alias = Reference::new(atom!("a@b"), 7, [1, 2, 3]).unwrap();
        let send = Control::AliasSend {
            from: from.clone(),
            to: alias.clone(),
            token: None,
        };
        let new = Control::AltAct {
            priority: false,
            exit: false,
            from,
            to: Recipient::Alias(alias),
            token: None,
        };
        assert_eq!(said(&send, Flags::ALIAS), send);
        assert_eq!(said(&send, Flags::ALIAS | Flags::ALTACT_SIG), new);
    }

    #[test]
    fn a_reason_is_the_payload_where_the_peer_takes_it_so() {
        let pid = |id| Pid {
            node: atom!("a@b"),
            id,
            serial: 0,
            creation: 7,
        };
        let exit = |reason| Control::Exit {
            from: pid(1),
            to: pid(2),
            token: None,
            reason,
        };
        let why = || Some(Term::from(atom!("why")));
        let inside = exit(why()).for_peer(None, Flags::NONE);
        assert_eq!(inside, (exit(why()), None));
        let beside = exit(why()).for_peer(None, Flags::EXIT_PAYLOAD);
        assert_eq!(beside, (exit(None), why()));
    }
}
