//! Processes that one node starts on another: `spawn_request` with every option, and how it fails.

use beamport_dist::Flags;
use beamport_dist::control::{Control, Process};
use beamport_dist::node::{CallError, Received, Spawn};
use beamport_term::{Atom, Pid, Reference, Term, atom};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, dialler, listener, name, receive};
use crate::raw::{EVERYTHING, RAW, Raw};
use crate::vm::Vm;

fn pair(key: Atom, value: impl Into<Term>) -> Term {
    Term::from((key, value.into()))
}

/// Asks for a process that sleeps.
async fn ask(raw: &mut Raw, from: &Pid, options: Term, token: Option<Term>) -> Reference {
    let request = raw.reference();
    let control = Control::SpawnRequest {
        request: request.clone(),
        from: from.clone(),
        group_leader: from.clone(),
        module: atom!("timer"),
        function: atom!("sleep"),
        arity: 1,
        options,
        token,
    };
    let arguments = Term::list([atom!("infinity")]);
    raw.send(control, arguments).await;
    request
}

/// What a process says of itself.
async fn info(raw: &mut Raw, pid: &Pid, item: Atom) -> Term {
    let arguments = Term::list([Term::from(pid.clone()), item.into()]);
    let info = raw
        .rpc(atom!("erlang"), atom!("process_info"), arguments)
        .await;
    let info = info.as_tuple().and_then(|info| info.get(1));
    info.expect("the process is gone").clone()
}

#[tokio::test]
async fn a_vm_starts_a_process_with_every_option() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    let us = raw.pid();
    let options = Term::list([
        atom!("link").into(),
        atom!("monitor").into(),
        pair(atom!("priority"), atom!("high")),
        pair(atom!("fullsweep_after"), 5),
        pair(atom!("min_heap_size"), 5000),
        pair(atom!("min_bin_vheap_size"), 100_000),
        pair(atom!("max_heap_size"), 10_000_000),
        pair(atom!("message_queue_data"), atom!("off_heap")),
    ]);
    let token = Term::from((0, 17, 1, us.clone(), 0));
    for token in [None, Some(token)] {
        let traced = token.is_some();
        let request = ask(&mut raw, &us, options.clone(), token).await;
        let (reply, _) = raw.receive().await;
        let Control::SpawnReply {
            request: of,
            to,
            linked,
            monitored,
            result: Process::Pid(pid),
            token,
        } = reply
        else {
            panic!("{reply:?}");
        };
        assert_eq!((&of, &to), (&request, &us));
        assert!(linked && monitored);
        assert_eq!(token.is_some(), traced);
        assert!(
            info(&mut raw, &pid, atom!("priority"))
                .await
                .is_atom("high")
        );
        let leader = info(&mut raw, &pid, atom!("group_leader")).await;
        assert_eq!(leader, Term::from(us.clone()));
        let queue = info(&mut raw, &pid, atom!("message_queue_data")).await;
        assert!(queue.is_atom("off_heap"));
        let collection = info(&mut raw, &pid, atom!("garbage_collection")).await;
        let collection = collection.to_string();
        assert!(collection.contains("{fullsweep_after,5}"), "{collection}");

        let kill = Control::Exit2 {
            from: us.clone(),
            to: pid.clone(),
            token: None,
            reason: Some(atom!("kill").into()),
        };
        raw.send(kill, None).await;
        let mut told = [raw.receive().await.0, raw.receive().await.0];
        told.sort_by_key(|control| matches!(control, Control::MonitorExit { .. }));
        let [exit, down] = told;
        assert!(matches!(exit, Control::Exit { from, .. } if from == pid));
        // The request is the monitor.
        assert!(matches!(down, Control::MonitorExit { reference, .. } if reference == request));
    }
}

#[tokio::test]
async fn a_vm_says_why_it_starts_no_process() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    let us = raw.pid();
    for options in [
        Term::list([atom!("no_option")]),
        Term::list([pair(atom!("priority"), atom!("no_priority"))]),
        Term::from(atom!("no_list")),
    ] {
        let request = ask(&mut raw, &us, options.clone(), None).await;
        let reply = Control::SpawnReply {
            request,
            to: us.clone(),
            linked: false,
            monitored: false,
            result: Process::Name(atom!("badopt")),
            token: None,
        };
        assert_eq!(raw.receive().await, (reply, None), "{options}");
    }
    // It is still connected.
    assert_eq!(vm.eval("nodes(hidden)").await, format!("['{RAW}']"));
}

/// A node's own spawning: what is not there is told by the monitor, as the process starts and then fails.
#[tokio::test]
async fn a_function_that_is_not_there_ends_its_process() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let mut mailbox = node.mailbox();
    let spawn = Spawn {
        monitor: true,
        ..Spawn::new(atom!("no_module"), atom!("no_function"), vec![])
    };
    let spawned = mailbox.spawn(&name(VM), spawn).await.unwrap();
    let Received::Down {
        reference, reason, ..
    } = receive(&mut mailbox).await
    else {
        panic!("not told");
    };
    assert_eq!(Some(reference), spawned.monitor);
    let reason = reason.to_string();
    assert!(reason.starts_with("{undef,"), "{reason}");
}

/// An argument of more than a fragment has.
#[tokio::test]
async fn arguments_of_a_process_go_in_fragments() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let mut mailbox = node.mailbox();
    let large = Term::binary(vec![7; 3 << 20]);
    let arguments = vec![mailbox.pid().clone().into(), large.clone()];
    let spawn = Spawn::new(atom!("erlang"), atom!("send"), arguments);
    mailbox.spawn(&name(VM), spawn).await.unwrap();
    assert!(receive(&mut mailbox).await == Received::Message(large));
}

/// `SPAWN_REQUEST` as a VM sends it, and what it makes of the reply.
#[tokio::test]
async fn a_vm_asks_for_a_process_with_every_option() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    for traced in [false, true] {
        let token = if traced { "label, 17" } else { "[]" };
        vm.begin(&format!(
            "(fun() -> seq_trace:set_token({token}), process_flag(trap_exit, true), \
             R = spawn_request('{RAW}', m, f, [a, b], \
                 [link, monitor, {{priority, high}}, {{reply_tag, started}}, {{min_heap_size, 5000}}]), \
             receive {{started, R, ok, P}} -> \
                 receive {{'DOWN', R, process, P, why}} -> ok end, \
                 receive {{'EXIT', P, why}} -> both end \
             end end)()"
        ))
        .await;
        let (control, arguments) = raw.receive_payload().await;
        let Control::SpawnRequest {
            request,
            from,
            module,
            function,
            arity,
            options,
            token,
            ..
        } = control
        else {
            panic!("{control:?}");
        };
        assert_eq!((module, function, arity), (atom!("m"), atom!("f"), 2));
        assert_eq!(arguments, Term::list([atom!("a"), atom!("b")]));
        assert_eq!(token.is_some(), traced);
        let options = options.to_string();
        for option in ["link", "monitor", "{priority,high}", "{min_heap_size,5000}"] {
            assert!(options.contains(option), "{options}");
        }
        let pid = raw.pid();
        let reply = Control::SpawnReply {
            request: request.clone(),
            to: from.clone(),
            linked: true,
            monitored: true,
            result: Process::Pid(pid.clone()),
            token,
        };
        raw.send(reply, None).await;
        let down = Control::MonitorExit {
            from: Process::Pid(pid.clone()),
            to: from.clone(),
            reference: request,
            reason: Some(atom!("why").into()),
        };
        raw.send(down, None).await;
        let exit = Control::Exit {
            from: pid,
            to: from,
            token: None,
            reason: Some(atom!("why").into()),
        };
        raw.send(exit, None).await;
        assert_eq!(vm.line().await, "both");
    }
}

/// A peer may refuse, with a reason of its own.
#[tokio::test]
async fn a_vm_is_told_that_no_process_was_started() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    vm.begin(&format!(
        "(fun() -> R = spawn_request('{RAW}', m, f, []), \
         receive {{spawn_reply, R, error, Why}} -> Why end end)()"
    ))
    .await;
    let (control, _) = raw.receive_payload().await;
    let Control::SpawnRequest { request, from, .. } = control else {
        panic!("{control:?}");
    };
    let reply = Control::SpawnReply {
        request,
        to: from,
        linked: false,
        monitored: false,
        result: Process::Name(atom!("too_late")),
        token: None,
    };
    raw.send(reply, None).await;
    assert_eq!(vm.line().await, "too_late");
}

/// A node in Rust has no functions by name: it does not offer to start processes, and says so when asked all the same.
#[tokio::test]
async fn a_node_starts_no_processes_for_others() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let _node = listener(&mapper, RUST).await;
    vm.eval(&format!("net_adm:ping('{RUST}')")).await;
    let refused = vm
        .eval(&format!(
            "(fun() -> R = spawn_request('{RUST}', m, f, []), \
             receive {{spawn_reply, R, error, Why}} -> Why end end)()"
        ))
        .await;
    assert_eq!(refused, "notsup");

    let mut raw = Raw::dial(&mapper, RUST, EVERYTHING).await;
    assert!(!raw.flags.contains(Flags::SPAWN));
    let us = raw.pid();
    let request = ask(&mut raw, &us, Term::NIL, None).await;
    let reply = Control::SpawnReply {
        request,
        to: us,
        linked: false,
        monitored: false,
        result: Process::Name(atom!("notsup")),
        token: None,
    };
    assert_eq!(raw.receive().await, (reply, None));
}

#[tokio::test]
async fn a_vm_that_goes_away_starts_no_process() {
    let mapper = Mapper::start();
    let vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let mailbox = node.mailbox();
    node.ping(&name(VM)).await.unwrap();
    drop(vm);
    let spawn = Spawn::new(atom!("erlang"), atom!("self"), vec![]);
    let failed = mailbox.spawn(&name(VM), spawn).await;
    assert!(
        matches!(failed, Err(CallError::Connect(_) | CallError::Down(_))),
        "{failed:?}"
    );
}
