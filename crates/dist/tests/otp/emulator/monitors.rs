//! Monitors: of who lives, who is dead, whom nobody knows; told by every signal there is for it.

use beamport_dist::control::{Control, Process};
use beamport_dist::node::{Address, Received};
use beamport_term::{Pid, Term, atom};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, listener, name, pid_of, receive};
use crate::raw::{EVERYTHING, RAW, Raw};
use crate::vm::Vm;

#[tokio::test]
async fn a_monitor_of_who_is_dead_goes_off_at_once() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let dead = "(fun() -> {P, M} = spawn_monitor(fun() -> ok end), \
                receive {'DOWN', M, _, _, _} -> P end end)()";
    let dead = pid_of(&mut vm, &mut mailbox, RUST, dead).await;
    let Address::Pid(init) = pid_of(&mut vm, &mut mailbox, RUST, "whereis(init)").await else {
        panic!()
    };
    let earlier = Pid {
        creation: init.creation - 1,
        ..init
    };
    let nobody = Address::name(atom!("nobody"), &name(VM));
    for gone in [dead, earlier.into(), nobody] {
        let monitor = mailbox.monitor(&gone).await.unwrap();
        let Received::Down {
            reference, reason, ..
        } = receive(&mut mailbox).await
        else {
            panic!("not told");
        };
        assert_eq!(reference, monitor);
        assert!(reason.is_atom("noproc"), "{reason}");
    }
}

#[tokio::test]
async fn a_vm_monitors_who_is_dead_and_who_ends() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mailbox = node.mailbox();
    let keep = "register(keeper, spawn(fun F() -> receive P when is_pid(P) -> put(pid, P), F(); \
                {From, ask} -> From ! get(pid), F() end end))";
    vm.eval(keep).await;
    let keeper = Address::name(atom!("keeper"), &name(VM));
    let own = Term::from(mailbox.pid().clone());
    mailbox.send(&keeper, own).await.unwrap();
    node.ping(&name(VM)).await.unwrap();
    drop(mailbox);
    let by_pid = "begin keeper ! {self(), ask}, receive P when is_pid(P) -> M = monitor(process, P), \
                  receive {'DOWN', M, process, P, R} -> R end end end";
    assert_eq!(vm.eval(by_pid).await, "noproc");
    let by_name = format!(
        "begin N = {{nobody, '{RUST}'}}, MN = monitor(process, N), \
         receive {{'DOWN', MN, process, N, RN}} -> RN end end"
    );
    assert_eq!(vm.eval(&by_name).await, "noproc");
}

/// `MONITOR_P`, `DEMONITOR_P`, `MONITOR_P_EXIT` of a VM's process, by pid and by name.
#[tokio::test]
async fn a_vm_tells_who_monitors() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    let start = "register(mortal, spawn(fun() -> receive {exit, R} -> exit(R) end end))";
    vm.eval(start).await;
    let pid = raw.whereis(atom!("mortal")).await;
    let us = raw.pid();
    let mut monitors = Vec::new();
    for process in [Process::Pid(pid), Process::Name(atom!("mortal"))] {
        for undone in [false, true] {
            let reference = raw.reference();
            let monitor = Control::Monitor {
                from: us.clone(),
                to: process.clone(),
                reference: reference.clone(),
            };
            raw.send(monitor, None).await;
            if undone {
                let demonitor = Control::Demonitor {
                    from: us.clone(),
                    to: process.clone(),
                    reference,
                };
                raw.send(demonitor, None).await;
            } else {
                monitors.push((process.clone(), reference));
            }
        }
    }
    let why = Term::from((atom!("exit"), atom!("why")));
    raw.send_to_name(atom!("mortal"), why).await;
    for _ in 0..monitors.len() {
        let (control, payload) = raw.receive().await;
        let Control::MonitorExit {
            from,
            to,
            reference,
            reason,
        } = control
        else {
            panic!("{control:?}");
        };
        assert_eq!(to, us);
        // With the flag EXIT_PAYLOAD.
        assert_eq!((reason, payload), (None, Some(atom!("why").into())));
        let told = monitors
            .iter()
            .position(|m| *m == (from.clone(), reference.clone()));
        monitors.remove(told.unwrap());
    }
    // Nothing more comes.
    let one = raw
        .rpc(atom!("erlang"), atom!("abs"), Term::list([-1]))
        .await;
    assert_eq!(one, Term::from(1));
}

/// A VM's monitors of our processes, and what it does when they go off in either way.
#[tokio::test]
async fn a_vm_is_told_what_it_monitors() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    for as_payload in [false, true] {
        vm.begin(&format!(
            "(fun() -> P = {{name, '{RAW}'}}, \
             demonitor(monitor(process, P)), \
             M = monitor(process, P), receive {{'DOWN', M, process, P, R}} -> R end end)()"
        ))
        .await;
        let (undone, _) = raw.receive().await;
        let Control::Monitor {
            reference: undone, ..
        } = undone
        else {
            panic!("{undone:?}");
        };
        let (demonitor, _) = raw.receive().await;
        assert!(matches!(&demonitor, Control::Demonitor { reference, .. } if *reference == undone));
        let (monitor, _) = raw.receive().await;
        let Control::Monitor {
            from,
            to,
            reference,
        } = monitor
        else {
            panic!("{monitor:?}");
        };
        assert_eq!(to, Process::Name(atom!("name")));
        let reason = Term::from((atom!("why"), as_payload));
        // Of the one that is undone it wants to hear no more.
        for reference in [undone, reference] {
            let exit = Control::MonitorExit {
                from: to.clone(),
                to: from.clone(),
                reference,
                reason: (!as_payload).then(|| reason.clone()),
            };
            raw.send(exit, as_payload.then(|| reason.clone())).await;
        }
        assert_eq!(vm.line().await, reason.to_string());
    }
}
