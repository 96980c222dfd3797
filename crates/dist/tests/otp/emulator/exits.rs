//! Exit signals: `exit/2` in every way, and none that is lost. `lost_exit`.

use beamport_dist::Flags;
use beamport_dist::control::{Control, Process};
use beamport_dist::node::{Address, Received};
use beamport_term::{Term, atom};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, dialler, listener, name, receive};
use crate::raw::{EVERYTHING, RAW, Raw};
use crate::vm::Vm;

pub(super) const TRAPPER: &str = "register(trapper, spawn(fun() -> process_flag(trap_exit, true), \
    (fun F() -> receive \
        {'EXIT', From, R} -> {name, node(From)} ! R, F(); \
        {link, P} -> link(P), F(); \
        {exit, P, R} -> exit(P, R), F(); \
        {die, R} -> exit(R) \
    end end)() end))";

/// `EXIT2` with and without token, with its reason inside or as payload.
#[tokio::test]
async fn exit_signals_reach_a_vm_in_every_way() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval(TRAPPER).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    let (to, from) = (raw.whereis(atom!("trapper")).await, raw.pid());
    let token = Term::from((0, 17, 1, raw.pid(), 0));
    for token in [None, Some(token)] {
        for as_payload in [false, true] {
            let reason = Term::from((atom!("why"), as_payload));
            let exit = Control::Exit2 {
                from: from.clone(),
                to: to.clone(),
                token: token.clone(),
                reason: (!as_payload).then(|| reason.clone()),
            };
            raw.send(exit, as_payload.then(|| reason.clone())).await;
            let (_, told) = raw.receive_payload().await;
            assert_eq!(told, reason);
        }
    }
}

/// The same from a VM: as payload where the flag is in force, and inside where it is not.
#[tokio::test]
async fn exit_signals_come_from_a_vm_in_every_way() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    for offered in [EVERYTHING, EVERYTHING.without(Flags::EXIT_PAYLOAD)] {
        let mut raw = Raw::dial(&mapper, VM, offered).await;
        let as_payload = raw.flags.contains(Flags::EXIT_PAYLOAD);
        let us = raw.pid();
        let why = |reason: Option<Term>, payload: Option<Term>| {
            assert_eq!(reason.is_none(), as_payload);
            assert!(reason.or(payload).unwrap().is_atom("why"));
        };
        for traced in [false, true] {
            vm.eval(TRAPPER).await;
            let pid = raw.whereis(atom!("trapper")).await;
            let reference = raw.reference();
            let token = traced.then(|| Term::from((0, 17, 1, raw.pid(), 0)));
            let by_name = |token: &Option<Term>| Control::RegSend {
                from: us.clone(),
                to: atom!("trapper"),
                token: token.clone(),
            };
            let exit = Term::from((atom!("exit"), us.clone(), atom!("why")));
            raw.send(by_name(&token), exit).await;
            let (exit, payload) = raw.receive().await;
            let Control::Exit2 {
                token: told,
                reason,
                ..
            } = exit
            else {
                panic!("{exit:?}");
            };
            // No VM traces `exit/2`.
            assert_eq!(told, None);
            why(reason, payload);

            let link = Control::Link {
                from: us.clone(),
                to: pid.clone(),
            };
            let monitor = Control::Monitor {
                from: us.clone(),
                to: Process::Pid(pid),
                reference,
            };
            raw.send(link, None).await;
            raw.send(monitor, None).await;
            let die = Term::from((atom!("die"), atom!("why")));
            raw.send(by_name(&token), die).await;
            let (mut exits, mut downs) = (0, 0);
            for _ in 0..2 {
                match raw.receive().await {
                    (
                        Control::Exit {
                            token: told,
                            reason,
                            ..
                        },
                        payload,
                    ) => {
                        exits += 1;
                        assert_eq!(told.is_some(), traced);
                        why(reason, payload);
                    }
                    (Control::MonitorExit { reason, .. }, payload) => {
                        downs += 1;
                        why(reason, payload);
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!((exits, downs), (1, 1));
        }
    }
}

/// Who exits while a connection is full is not forgotten.
#[tokio::test]
async fn exits_over_a_full_connection_are_not_lost() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    if vm.release().await == 23 {
        // OTP 23.2 tells neither, however long one waits.
        return;
    }
    vm.eval("register(mortal, spawn(fun() -> receive R -> exit(R) end end))")
        .await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    let pid = raw.whereis(atom!("mortal")).await;
    let (us, reference) = (raw.pid(), raw.reference());
    let link = Control::Link {
        from: us.clone(),
        to: pid.clone(),
    };
    let monitor = Control::Monitor {
        from: us,
        to: Process::Pid(pid.clone()),
        reference,
    };
    raw.send(link, None).await;
    raw.send(monitor, None).await;
    // Once it answers, the VM has seen both.
    raw.rpc(atom!("erlang"), atom!("abs"), Term::list([1]))
        .await;
    let fill = format!(
        "begin \
         Filler = spawn(fun F() -> {{filler, '{RAW}'}} ! binary:copy(<<7>>, 65536), \
             receive stop -> ok after 0 -> F() end end), \
         (fun F() -> case process_info(Filler, status) of {{status, suspended}} -> ok; _ -> F() end end)(), \
         mortal ! why, Filler ! stop, ok end"
    );
    assert_eq!(vm.eval(&fill).await, "ok");
    let (mut exits, mut downs) = (0, 0);
    while (exits, downs) != (1, 1) {
        match raw.receive().await {
            (Control::RegSend { .. }, _) => {}
            (Control::Exit { from, .. }, Some(why)) if why.is_atom("why") => {
                assert_eq!(from, pid);
                exits += 1;
            }
            (Control::MonitorExit { .. }, Some(why)) if why.is_atom("why") => downs += 1,
            other => panic!("{other:?}"),
        }
    }
}

/// The same the other way: a mailbox ends while its node cannot get rid of what it has to send.
#[tokio::test]
async fn exits_of_a_node_over_a_full_connection_are_not_lost() {
    let mapper = Mapper::start();
    let node = listener(&mapper, RUST).await;
    let mut raw = Raw::dial(&mapper, RUST, EVERYTHING).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("mortal")).unwrap();
    raw.send_to_name(atom!("mortal"), atom!("hello").into())
        .await;
    receive(&mut mailbox).await;
    let link = Control::Link {
        from: raw.pid(),
        to: mailbox.pid().clone(),
    };
    let monitor = Control::Monitor {
        from: raw.pid(),
        to: Process::Name(atom!("mortal")),
        reference: raw.reference(),
    };
    raw.send(link, None).await;
    raw.send(monitor, None).await;
    raw.send_to_name(atom!("mortal"), atom!("hello").into())
        .await;
    receive(&mut mailbox).await;
    let filler = node.mailbox();
    let somebody = Address::name(atom!("filler"), &name(RAW));
    let full = Term::binary(vec![7; 1 << 20]);
    // Until it has to wait: by then everything between the two is full.
    loop {
        let send = filler.send(&somebody, full.clone());
        tokio::select! {
            biased;
            sent = send => sent.unwrap(),
            () = idle() => break,
        }
    }
    drop(mailbox);
    let (mut exits, mut downs) = (0, 0);
    while (exits, downs) != (1, 1) {
        match raw.receive().await {
            (Control::RegSend { .. }, _) => {}
            (Control::Exit { .. }, _) => exits += 1,
            (Control::MonitorExit { .. }, _) => downs += 1,
            other => panic!("{other:?}"),
        }
    }
}

/// Lets everything else go on until it can go on no more.
async fn idle() {
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
}

/// A VM that dies takes all links and monitors with it, however many.
#[tokio::test]
async fn the_death_of_a_vm_is_told_to_all() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let init = Address::name(atom!("init"), &name(VM));
    let mut mailboxes = Vec::new();
    for _ in 0..100 {
        let mailbox = node.mailbox();
        let monitor = mailbox.monitor(&init).await.unwrap();
        mailboxes.push((mailbox, monitor));
    }
    vm.begin("erlang:halt(0, [{flush, false}])").await;
    for (mailbox, monitor) in &mut mailboxes {
        let Received::Down {
            reference, reason, ..
        } = receive(mailbox).await
        else {
            panic!("not told");
        };
        assert_eq!(reference, *monitor);
        assert!(reason.is_atom("noconnection"));
    }
    // What is asked of it from now on fails for the same reason, and not by waiting.
    assert!(node.ping(&name(VM)).await.is_err());
}
