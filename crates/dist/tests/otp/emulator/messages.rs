//! Messages, however they are addressed, with and without a token of sequential tracing.

use beamport_dist::Flags;
use beamport_dist::control::{Control, Recipient};
use beamport_dist::node::Received;
use beamport_term::{Atom, Reference, Term, atom};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, listener, receive};
use crate::raw::{EVERYTHING, RAW, Raw};
use crate::vm::Vm;

/// Answers to whoever a message names, with the label of the token that came with it.
const ECHO: &str = "register(echo, spawn(fun F() -> \
    receive \
        {To, alias} -> To ! erlang:alias(); \
        {To, Term} -> To ! {seq_trace:get_token(label), Term} \
    end, F() end))";

const LABEL: u8 = 17;

fn echo() -> Atom {
    atom!("echo")
}

/// A token as VMs send it: flags, label, serial number, who sent last, and its serial number.
fn token(raw: &mut Raw) -> Term {
    Term::from((0, LABEL, 1, raw.pid(), 0))
}

fn label_of(token: &Term) -> Option<&Term> {
    token.as_tuple()?.get(1)
}

/// Every way to send a message with `flags` in force: each arrives, and the answer comes in the way that it should.
async fn exchange(offered: Flags) {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval(ECHO).await;
    let mut raw = Raw::dial(&mapper, VM, offered).await;
    let pid = raw.whereis(echo()).await;
    let (us, me) = (raw.pid(), raw.pid());
    let mut ways: Vec<fn(&Ways) -> Control> = vec![
        |w| Control::Send {
            from: None,
            to: w.pid.clone(),
            token: w.token.clone(),
        },
        |w| Control::Send {
            from: Some(w.from.clone()),
            to: w.pid.clone(),
            token: w.token.clone(),
        },
        |w| Control::RegSend {
            from: w.from.clone(),
            to: echo(),
            token: w.token.clone(),
        },
    ];
    let mut alias = None;
    if raw.flags.contains(Flags::ALIAS) {
        raw.send_to_name(echo(), Term::from((us.clone(), atom!("alias"))))
            .await;
        let (_, given) = raw.receive_payload().await;
        alias = given.as_reference().cloned();
        ways.push(|w| Control::AliasSend {
            from: w.from.clone(),
            to: w.alias(),
            token: w.token.clone(),
        });
    }
    if raw.flags.contains(Flags::ALTACT_SIG) {
        ways.push(|w| w.altact(Recipient::Pid(w.pid.clone())));
        ways.push(|w| w.altact(Recipient::Name(echo())));
        ways.push(|w| w.altact(Recipient::Alias(w.alias())));
    }
    let sender = raw.flags.contains(Flags::SEND_SENDER);
    for traced in [false, true] {
        for (number, way) in ways.iter().enumerate() {
            let control = way(&Ways {
                from: me.clone(),
                pid: pid.clone(),
                alias: alias.clone(),
                token: traced.then(|| token(&mut raw)),
            });
            let message = Term::from((us.clone(), number));
            raw.send(control.clone(), message).await;
            let (answer, echoed) = raw.receive_payload().await;
            let label = if traced {
                Term::from((atom!("label"), LABEL))
            } else {
                Term::NIL
            };
            assert_eq!(echoed, Term::from((label, number)), "{control:?}");
            let Control::Send { from, to, token } = answer else {
                panic!("{control:?} is answered by {answer:?}");
            };
            assert_eq!(from, sender.then(|| pid.clone()), "{control:?}");
            assert_eq!(to, us);
            assert_eq!(token.is_some(), traced, "{control:?}");
            assert!(token.is_none_or(|token| label_of(&token) == Some(&LABEL.into())));
        }
    }
}

/// What a way to send may use.
struct Ways {
    from: beamport_term::Pid,
    pid: beamport_term::Pid,
    alias: Option<Reference>,
    token: Option<Term>,
}

impl Ways {
    fn alias(&self) -> Reference {
        self.alias.clone().expect("the VM has aliases")
    }

    fn altact(&self, to: Recipient) -> Control {
        Control::AltAct {
            priority: false,
            exit: false,
            from: self.from.clone(),
            to,
            token: self.token.clone(),
        }
    }
}

#[tokio::test]
async fn messages_are_sent_in_every_way() {
    exchange(EVERYTHING).await;
}

#[tokio::test]
async fn messages_are_sent_in_every_way_without_their_sender() {
    exchange(EVERYTHING.without(Flags::SEND_SENDER)).await;
}

/// No header, no fragments: each message is complete in itself.
#[tokio::test]
async fn messages_are_sent_with_no_more_flags_than_a_vm_demands() {
    exchange(Flags::MANDATORY_26).await;
}

#[tokio::test]
async fn messages_to_nobody_go_nowhere() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval(ECHO).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    vm.eval("register(dead, spawn(fun() -> receive _ -> ok end end))")
        .await;
    let dead = raw.whereis(atom!("dead")).await;
    vm.eval(
        "begin M = monitor(process, dead), dead ! die, receive {'DOWN', M, _, _, R} -> R end end",
    )
    .await;
    for control in [
        Control::Send {
            from: None,
            to: dead.clone(),
            token: None,
        },
        Control::RegSend {
            from: raw.pid(),
            to: atom!("nobody has this name"),
            token: None,
        },
    ] {
        raw.send(control, Term::from(1)).await;
    }
    let us = raw.pid();
    raw.send_to_name(echo(), Term::from((us, 2))).await;
    let (_, answer) = raw.receive_payload().await;
    assert_eq!(answer, Term::from((Term::NIL, 2)));
}

/// Messages of a VM to a name, which carries the token of who sends.
#[tokio::test]
async fn a_vm_sends_to_names() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    vm.eval(&format!("{{name, '{RAW}'}} ! plain")).await;
    let (control, message) = raw.receive_payload().await;
    let Control::RegSend { to, token, .. } = control else {
        panic!("{control:?}");
    };
    assert_eq!((to, token), (atom!("name"), None));
    assert!(message.is_atom("plain"));
    vm.eval(&format!(
        "begin seq_trace:set_token(label, {LABEL}), {{name, '{RAW}'}} ! traced end"
    ))
    .await;
    let (control, message) = raw.receive_payload().await;
    let Control::RegSend { to, token, .. } = control else {
        panic!("{control:?}");
    };
    assert_eq!(to, atom!("name"));
    assert_eq!(label_of(&token.unwrap()), Some(&LABEL.into()));
    assert!(message.is_atom("traced"));
}

/// A node takes messages with a token as it takes those without, labels that are no integers too.
#[tokio::test]
async fn a_node_takes_messages_that_are_traced() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("name")).unwrap();
    for label in ["17", "{any,term}"] {
        vm.eval(&format!(
            "begin seq_trace:set_token(label, {label}), {{name, '{RUST}'}} ! {label}, ok end"
        ))
        .await;
        let Received::Message(message) = receive(&mut mailbox).await else {
            panic!("no message");
        };
        assert_eq!(message.to_string(), label);
    }
}
