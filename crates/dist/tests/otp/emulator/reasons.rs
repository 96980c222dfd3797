//! Reasons of exits, which go as payload and thereby in fragments: `exit_dist_fragments`.

use beamport_dist::Flags;
use beamport_dist::control::{Control, Process};
use beamport_dist::node::{Address, Received};
use beamport_term::{Term, atom};

use super::exits::TRAPPER;
use crate::mapper::Mapper;
use crate::node::{RUST, VM, listener, pid_of, receive};
use crate::raw::{EVERYTHING, RAW, Raw};
use crate::vm::Vm;

/// More than a fragment has.
const LARGE: usize = 1 << 20;

fn large() -> Term {
    Term::from((atom!("why"), Term::binary(vec![7; LARGE])))
}

/// From a VM, in every signal that has a reason.
#[tokio::test]
async fn exit_reasons_come_in_fragments() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let mortal = "spawn(fun() -> receive {exit, P, R} -> exit(P, R), exit(R) end end)";
    let mortal = pid_of(&mut vm, &mut mailbox, RUST, mortal).await;
    let Address::Pid(pid) = mortal.clone() else {
        panic!()
    };
    let reference = mailbox.monitor(&mortal).await.unwrap();
    mailbox.link(&pid).await.unwrap();
    let exit = (atom!("exit"), mailbox.pid().clone(), large());
    mailbox.send(&mortal, Term::from(exit)).await.unwrap();
    let exit = Received::Exit {
        from: pid.clone(),
        reason: large(),
    };
    let down = Received::Down {
        reference,
        process: Process::Pid(pid),
        reason: large(),
    };
    // That of `exit/2` comes first; the order of the other two is up to the VM.
    assert!(receive(&mut mailbox).await == exit);
    let both = [receive(&mut mailbox).await, receive(&mut mailbox).await];
    assert!(both.contains(&exit) && both.contains(&down));
}

/// From us, by `exit/2` of a mailbox and by every signal that a peer may send.
#[tokio::test]
async fn exit_reasons_go_in_fragments() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval(TRAPPER).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("name")).unwrap();
    let Address::Pid(trapper) =
        pid_of(&mut vm, &mut node.mailbox(), RUST, "whereis(trapper)").await
    else {
        panic!()
    };
    mailbox.exit(&trapper, large()).await.unwrap();
    assert!(receive(&mut mailbox).await == Received::Message(large()));

    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    let us = raw.pid();
    let link = Control::Link {
        from: us.clone(),
        to: trapper.clone(),
    };
    raw.send(link, None).await;
    let exit = Control::Exit {
        from: us,
        to: trapper,
        token: None,
        reason: None,
    };
    raw.send(exit, large()).await;
    let (_, told) = raw.receive_payload().await;
    assert!(told == large());
    assert!(raw.fragments() > LARGE >> 16);

    vm.begin(&format!(
        "(fun() -> M = monitor(process, {{name, '{RAW}'}}), \
         receive {{'DOWN', M, _, _, {{why, B}}}} -> byte_size(B) end end)()"
    ))
    .await;
    let (control, _) = raw.receive().await;
    let Control::Monitor {
        from,
        to,
        reference,
    } = control
    else {
        panic!("{control:?}");
    };
    let exit = Control::MonitorExit {
        from: to,
        to: from,
        reference,
        reason: None,
    };
    raw.send(exit, large()).await;
    assert_eq!(vm.line().await, LARGE.to_string());
}

/// A mailbox ends with such a reason, and a VM is told by link and by monitor.
#[tokio::test]
async fn the_large_reason_of_a_mailbox_reaches_a_vm() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("mortal")).unwrap();
    vm.begin(&format!(
        "(fun() -> process_flag(trap_exit, true), M = monitor(process, {{mortal, '{RUST}'}}), \
         {{mortal, '{RUST}'}} ! self(), receive linked -> ok end, \
         R = [receive {{'DOWN', M, _, _, {{why, B}}}} -> byte_size(B) end, \
              receive {{'EXIT', _, {{why, C}}}} -> byte_size(C) end], \
         process_flag(trap_exit, false), R end)()"
    ))
    .await;
    let Received::Message(Term::Pid(watcher)) = receive(&mut mailbox).await else {
        panic!("no pid");
    };
    mailbox.link(&watcher).await.unwrap();
    mailbox
        .send(&watcher.into(), atom!("linked").into())
        .await
        .unwrap();
    mailbox.end(&large());
    assert_eq!(vm.line().await, format!("[{LARGE},{LARGE}]"));
}

/// Every signal with a reason goes from a mailbox as a VM sends it: in fragments to who takes reasons as payload, and
/// within the control to who does not.
#[tokio::test]
async fn the_reasons_of_a_mailbox_are_payloads_where_they_may_be() {
    let mapper = Mapper::start();
    let node = listener(&mapper, RUST).await;
    for offered in [EVERYTHING, EVERYTHING.without(Flags::EXIT_PAYLOAD)] {
        let mut raw = Raw::dial(&mapper, RUST, offered).await;
        let as_payload = raw.flags.contains(Flags::EXIT_PAYLOAD);
        let mut mailbox = node.mailbox();
        mailbox.register(atom!("mortal")).unwrap();
        let (from, reference) = (raw.pid(), raw.reference());
        let monitor = Control::Monitor {
            from: from.clone(),
            to: Process::Name(atom!("mortal")),
            reference,
        };
        raw.send(monitor, None).await;
        raw.send_to_name(atom!("mortal"), atom!("monitored").into())
            .await;
        receive(&mut mailbox).await;
        mailbox.link(&from).await.unwrap();
        assert!(matches!(raw.receive().await, (Control::Link { .. }, None)));
        mailbox.exit(&from, large()).await.unwrap();
        mailbox.end(&large());
        for _ in 0..3 {
            let reason = match raw.receive().await {
                (Control::Exit { reason, .. }, payload)
                | (Control::Exit2 { reason, .. }, payload)
                | (Control::MonitorExit { reason, .. }, payload) => {
                    assert_eq!(payload.is_some(), as_payload);
                    reason.or(payload)
                }
                other => panic!("{other:?}"),
            };
            assert!(reason == Some(large()));
        }
        let fragments = if as_payload { 3 * (LARGE >> 16) } else { 0 };
        assert!(raw.fragments() >= fragments);
    }
}
