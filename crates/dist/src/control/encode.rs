//! From [`Control`] to control terms.

use beamport_term::{Atom, Term, atom};

use super::{Control, Recipient, altact, op, spawned};

/// Where there was a cookie once.
fn nothing() -> Atom {
    atom!("")
}

impl From<Control> for Term {
    fn from(control: Control) -> Self {
        match control {
            Control::Send { from, to, token } => match (from, token) {
                (None, None) => Self::from((op::SEND, nothing(), to)),
                (None, Some(token)) => Self::from((op::SEND_TT, nothing(), to, token)),
                (Some(from), None) => Self::from((op::SEND_SENDER, from, to)),
                (Some(from), Some(token)) => Self::from((op::SEND_SENDER_TT, from, to, token)),
            },
            Control::RegSend { from, to, token } => match token {
                None => Self::from((op::REG_SEND, from, nothing(), to)),
                Some(token) => Self::from((op::REG_SEND_TT, from, nothing(), to, token)),
            },
            Control::AliasSend { from, to, token } => match token {
                None => Self::from((op::ALIAS_SEND, from, to)),
                Some(token) => Self::from((op::ALIAS_SEND_TT, from, to, token)),
            },
            Control::AltAct {
                priority,
                exit,
                from,
                to,
                token,
            } => {
                let set = |condition, bit| if condition { bit } else { 0 };
                let flags = set(priority, altact::PRIO)
                    | set(exit, altact::EXIT)
                    | set(token.is_some(), altact::TOKEN);
                let (flags, to) = match to {
                    Recipient::Pid(pid) => (flags, Self::from(pid)),
                    Recipient::Name(name) => (flags | altact::NAME, Self::from(name)),
                    Recipient::Alias(alias) => (flags | altact::ALIAS, Self::from(alias)),
                };
                match token {
                    None => Self::from((op::ALTACT_SIG_SEND, flags, from, to)),
                    Some(token) => Self::from((op::ALTACT_SIG_SEND, flags, from, to, token)),
                }
            }
            Control::Link { from, to } => Self::from((op::LINK, from, to)),
            Control::Unlink { from, to } => Self::from((op::UNLINK, from, to)),
            Control::UnlinkId { id, from, to } => Self::from((op::UNLINK_ID, id, from, to)),
            Control::UnlinkIdAck { id, from, to } => Self::from((op::UNLINK_ID_ACK, id, from, to)),
            Control::Exit {
                from,
                to,
                token,
                reason,
            } => match (token, reason) {
                (None, None) => Self::from((op::PAYLOAD_EXIT, from, to)),
                (Some(token), None) => Self::from((op::PAYLOAD_EXIT_TT, from, to, token)),
                (None, Some(reason)) => Self::from((op::EXIT, from, to, reason)),
                (Some(token), Some(reason)) => Self::from((op::EXIT_TT, from, to, token, reason)),
            },
            Control::Exit2 {
                from,
                to,
                token,
                reason,
            } => match (token, reason) {
                (None, None) => Self::from((op::PAYLOAD_EXIT2, from, to)),
                (Some(token), None) => Self::from((op::PAYLOAD_EXIT2_TT, from, to, token)),
                (None, Some(reason)) => Self::from((op::EXIT2, from, to, reason)),
                (Some(token), Some(reason)) => Self::from((op::EXIT2_TT, from, to, token, reason)),
            },
            Control::Monitor {
                from,
                to,
                reference,
            } => Self::from((op::MONITOR_P, from, to, reference)),
            Control::Demonitor {
                from,
                to,
                reference,
            } => Self::from((op::DEMONITOR_P, from, to, reference)),
            Control::MonitorExit {
                from,
                to,
                reference,
                reason,
            } => match reason {
                None => Self::from((op::PAYLOAD_MONITOR_P_EXIT, from, to, reference)),
                Some(reason) => Self::from((op::MONITOR_P_EXIT, from, to, reference, reason)),
            },
            Control::GroupLeader { from, to } => Self::from((op::GROUP_LEADER, from, to)),
            Control::SpawnRequest {
                request,
                from,
                group_leader,
                module,
                function,
                arity,
                options,
                token,
            } => {
                let mfa = Self::from((module, function, arity));
                let leader = group_leader;
                match token {
                    None => Self::from((op::SPAWN_REQUEST, request, from, leader, mfa, options)),
                    Some(token) => {
                        let op = op::SPAWN_REQUEST_TT;
                        Self::from((op, request, from, leader, mfa, options, token))
                    }
                }
            }
            Control::SpawnReply {
                request,
                to,
                linked,
                monitored,
                result,
                token,
            } => {
                let flags = if linked { spawned::LINK } else { 0 }
                    | if monitored { spawned::MONITOR } else { 0 };
                match token {
                    None => Self::from((op::SPAWN_REPLY, request, to, flags, result)),
                    Some(token) => {
                        Self::from((op::SPAWN_REPLY_TT, request, to, flags, result, token))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use beamport_term::{Pid, Reference};

    use super::*;
    use crate::Flags;

    /// Every operation of OTP, as its documentation spells it.
    fn all() -> Vec<Term> {
        let pid = |id| {
            Term::from(Pid {
                node: atom!("a@b"),
                id,
                serial: 0,
                creation: 4,
            })
        };
        let (from, to) = (&pid(1), &pid(2));
        let reference = &Term::from(Reference::new(atom!("a@b"), 4, [1, 2, 3]).unwrap());
        let none = &Term::from(atom!(""));
        let name = &Term::from(atom!("name"));
        let token = &Term::from((0, 1, 2));
        let reason = &Term::from((atom!("why"), 1));
        let mfa = &Term::from((atom!("m"), atom!("f"), 2));
        let options = &Term::list([atom!("monitor")]);
        let n = Term::from;
        let id = &Term::from(u64::MAX);
        let parts: Vec<(u8, Vec<&Term>)> = vec![
            (1, vec![from, to]),
            (2, vec![none, to]),
            (3, vec![from, to, reason]),
            (4, vec![from, to]),
            (6, vec![from, none, name]),
            (7, vec![from, to]),
            (8, vec![from, to, reason]),
            (12, vec![none, to, token]),
            (13, vec![from, to, token, reason]),
            (16, vec![from, none, name, token]),
            (18, vec![from, to, token, reason]),
            (19, vec![from, to, reference]),
            (19, vec![from, name, reference]),
            (20, vec![from, name, reference]),
            (21, vec![from, to, reference, reason]),
            (21, vec![name, to, reference, reason]),
            (22, vec![from, to]),
            (23, vec![from, to, token]),
            (24, vec![from, to]),
            (25, vec![from, to, token]),
            (26, vec![from, to]),
            (27, vec![from, to, token]),
            (28, vec![name, to, reference]),
            (29, vec![reference, from, to, mfa, options]),
            (30, vec![reference, from, to, mfa, options, token]),
            (33, vec![from, reference]),
            (34, vec![from, reference, token]),
            (35, vec![id, from, to]),
            (36, vec![id, from, to]),
        ];
        let with_number = |op: u8, parts: &[Term]| Term::tuple([&[n(op)], parts].concat());
        let mut all: Vec<Term> = parts
            .into_iter()
            .map(|(op, parts)| with_number(op, &parts.into_iter().cloned().collect::<Vec<_>>()))
            .collect();
        for flags in 0..4_u8 {
            let [reference, to, from] = [reference, to, from].map(Term::clone);
            let reply = [reference, to, n(flags), from];
            all.push(with_number(31, &reply));
            all.push(with_number(
                32,
                &[&reply[..], std::slice::from_ref(token)].concat(),
            ));
        }
        for flags in [0_u8, 1, 4, 5, 8, 9, 0x10, 0x11, 0x14, 0x15] {
            let to = match flags & 0xC {
                4 => reference,
                8 => name,
                _ => to,
            };
            let send = |flags: u8| [n(flags), from.clone(), to.clone()];
            all.push(with_number(37, &send(flags)));
            all.push(with_number(
                37,
                &[&send(flags | 2)[..], std::slice::from_ref(token)].concat(),
            ));
        }
        all
    }

    #[test]
    fn every_operation_is_read_and_written_as_it_was() {
        for term in all() {
            let control = Control::try_from(&term).unwrap();
            assert_eq!(Term::from(control), term);
        }
    }

    #[test]
    fn what_lacks_a_part_or_has_another_is_refused() {
        for term in all() {
            let parts = term.as_tuple().unwrap();
            let (_, short) = parts.split_last().unwrap();
            let short = Term::tuple(short.to_vec());
            // The shorter is another operation's only where a trace token or a reason is optional.
            if let Ok(control) = Control::try_from(&short) {
                panic!("{term} without its end is {control:?}");
            }
            for wrong in 1..parts.len() {
                let mut parts = parts.to_vec();
                parts[wrong] = Term::float(0.5).unwrap();
                // Nothing is asked of cookies, tokens, reasons and options; nothing panics on anything.
                let _ = Control::try_from(&Term::tuple(parts));
            }
        }
    }

    /// Nodes of before OTP 25 know no other.
    #[test]
    fn links_are_undone_in_the_old_way_where_the_new_one_is_unknown() {
        for term in all() {
            let control = Control::try_from(&term).unwrap();
            let said = |flags| Term::from(control.clone().for_peer(None, flags).0);
            let (old, new) = (said(Flags::MANDATORY_25), said(Flags::MANDATORY_26));
            let parts = term.as_tuple().unwrap();
            match control {
                Control::UnlinkId { .. } => {
                    assert_eq!(old, Term::from((4, parts[2].clone(), parts[3].clone())));
                }
                _ => assert_eq!(old, term),
            }
            assert_eq!(new, term);
        }
    }

    #[test]
    fn what_is_no_operation_says_so() {
        use super::super::ControlError;

        let refused = |term: Term| Control::try_from(&term).unwrap_err();
        assert_eq!(refused(Term::from(1)), ControlError::NoOperation);
        assert_eq!(refused(Term::tuple::<Term>([])), ControlError::NoOperation);
        assert_eq!(
            refused(Term::from((atom!("x"), 1))),
            ControlError::NoOperation
        );
        assert_eq!(refused(Term::from((5, 1))), ControlError::Unknown(5));
        assert_eq!(refused(Term::from((1, 1))), ControlError::Malformed(1));
    }
}
