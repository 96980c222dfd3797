//! Links, monitors, exits and processes.

use std::net::{Ipv4Addr, SocketAddr};

use beamport_dist::node::{Address, Config, Node, Process, Received, Spawn};
use beamport_term::{Term, atom};

use super::{RUST, VM, config, dialler, listener, name, pid_of, receive};
use crate::mapper::Mapper;
use crate::vm::Vm;

#[tokio::test]
async fn exits_are_told_in_both_directions() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let sleeper = "spawn(fun() -> receive X -> exit(X) end end)";

    // A monitor, and one that is undone.
    let remote = pid_of(&mut vm, &mut mailbox, RUST, sleeper).await;
    let undone = mailbox.monitor(&remote).await.unwrap();
    mailbox.demonitor(&undone).await;
    let monitor = mailbox.monitor(&remote).await.unwrap();
    mailbox
        .send(&remote, Term::from((atom!("bye"), 1)))
        .await
        .unwrap();
    let Address::Pid(pid) = remote else { panic!() };
    let down = Received::Down {
        reference: monitor,
        process: Process::Pid(pid),
        reason: Term::from((atom!("bye"), 1)),
    };
    assert_eq!(receive(&mut mailbox).await, down);

    // Links: the VM's process ends, a link is undone, and ours ends.
    let Address::Pid(first) = pid_of(&mut vm, &mut mailbox, RUST, sleeper).await else {
        panic!()
    };
    let Address::Pid(second) = pid_of(&mut vm, &mut mailbox, RUST, sleeper).await else {
        panic!()
    };
    mailbox.link(&first).await.unwrap();
    mailbox.link(&second).await.unwrap();
    mailbox.unlink(&second).await;
    mailbox
        .exit(&second, Term::from(atom!("unlinked")))
        .await
        .unwrap();
    mailbox
        .exit(&first, Term::from(atom!("linked")))
        .await
        .unwrap();
    let exit = Received::Exit {
        from: first,
        reason: Term::from(atom!("linked")),
    };
    assert_eq!(receive(&mut mailbox).await, exit);

    // The VM watches us.
    vm.begin(&format!(
        "P = {{pids, '{RUST}'}}, M = monitor(process, P), P ! watched, \
         receive {{'DOWN', M, _, _, R}} -> R end"
    ))
    .await;
    let watched = Received::Message(Term::from(atom!("watched")));
    assert_eq!(receive(&mut mailbox).await, watched);
    drop(mailbox);
    assert_eq!(vm.line().await, "normal");
}

#[tokio::test]
async fn a_vm_starts_processes_for_a_node() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let mut mailbox = node.mailbox();
    let peer = name(VM);

    let hello = vec![
        mailbox.pid().clone().into(),
        Term::from((atom!("hello"), 1)),
    ];
    let send = Spawn::new(atom!("erlang"), atom!("send"), hello);
    let spawned = mailbox.spawn(&peer, send).await.unwrap();
    assert_eq!(spawned.pid.node, peer.to_atom());
    assert_eq!(spawned.monitor, None);
    let hello = Received::Message(Term::from((atom!("hello"), 1)));
    assert_eq!(receive(&mut mailbox).await, hello);

    // Held from the beginning, however soon the process exits.
    let exit = vec![Term::from(atom!("soon"))];
    let exit = Spawn {
        monitor: true,
        link: true,
        ..Spawn::new(atom!("erlang"), atom!("exit"), exit)
    };
    for _ in 0..50 {
        let spawned = mailbox.spawn(&peer, exit.clone()).await.unwrap();
        let mut told = [receive(&mut mailbox).await, receive(&mut mailbox).await];
        told.sort_by_key(|received| matches!(received, Received::Down { .. }));
        let reason = || Term::from(atom!("soon"));
        let expected = [
            Received::Exit {
                from: spawned.pid.clone(),
                reason: reason(),
            },
            Received::Down {
                reference: spawned.monitor.unwrap(),
                process: Process::Pid(spawned.pid),
                reason: reason(),
            },
        ];
        assert_eq!(told, expected);
    }

    // What was abandoned is let go of.
    let sleep = Spawn {
        monitor: true,
        link: true,
        ..Spawn::new(
            atom!("timer"),
            atom!("sleep"),
            vec![Term::from(atom!("infinity"))],
        )
    };
    let abandoned = tokio::select! {
        biased;
        never = mailbox.spawn(&peer, sleep.clone()) => Some(never),
        () = tokio::task::yield_now() => None,
    };
    assert!(abandoned.is_none());
    let spawned = mailbox.spawn(&peer, sleep).await.unwrap();
    let one_is_linked = "(fun F() -> \
        Sleeping = [P || P <- processes(), process_info(P, current_function) =:= \
                         {current_function, {timer, sleep, 1}}], \
        case [P || P <- Sleeping, process_info(P, links) =/= {links, []}] of \
            [_] when length(Sleeping) =:= 2 -> ok; \
            _ -> F() \
        end end)()";
    assert_eq!(vm.eval(one_is_linked).await, "ok");
    mailbox
        .exit(&spawned.pid, Term::from(atom!("kill")))
        .await
        .unwrap();
    let Received::Exit { reason, .. } = receive(&mut mailbox).await else {
        panic!("not told first");
    };
    assert!(reason.is_atom("killed"), "{reason}");
}

#[tokio::test]
async fn a_vm_that_dies_is_noticed_by_links_and_monitors() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let init = pid_of(&mut vm, &mut mailbox, RUST, "whereis(init)").await;
    let Address::Pid(pid) = init.clone() else {
        panic!()
    };
    let monitor = mailbox.monitor(&init).await.unwrap();
    mailbox.link(&pid).await.unwrap();
    node.ping(&name(VM)).await.unwrap();
    drop(vm);
    let reason = || Term::from(atom!("noconnection"));
    let exit = Received::Exit {
        from: pid.clone(),
        reason: reason(),
    };
    assert_eq!(receive(&mut mailbox).await, exit);
    let down = Received::Down {
        reference: monitor,
        process: Process::Pid(pid),
        reason: reason(),
    };
    assert_eq!(receive(&mut mailbox).await, down);
    assert!(node.connected().is_empty());
}

#[tokio::test]
async fn a_mailbox_that_is_not_read_ends_alone() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let small = Config {
        inbox: 4,
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ..config(&mapper)
    };
    let node = Node::start(name(RUST), small).await.unwrap();
    let mut full = node.mailbox();
    full.register(atom!("full")).unwrap();
    vm.begin(&format!(
        "M = monitor(process, {{full, '{RUST}'}}), [{{full, '{RUST}'}} ! N || N <- [1,2,3,4,5]], \
         receive {{'DOWN', M, _, _, R}} -> R end"
    ))
    .await;
    assert_eq!(vm.line().await, "system_limit");
    for n in 1..=4 {
        assert_eq!(receive(&mut full).await, Received::Message(Term::from(n)));
    }
    assert_eq!(full.receive().await, None);
    assert_eq!(vm.eval(&format!("net_adm:ping('{RUST}')")).await, "pong");
}

/// A node ends with its last handle, and its mailboxes with it.
#[tokio::test]
async fn mailboxes_end_with_their_node() {
    let mapper = Mapper::start();
    let node = dialler(&mapper).await;
    let mut mailbox = node.mailbox();
    drop(node);
    assert_eq!(mailbox.receive().await, None);
}
