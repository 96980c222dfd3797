//! Group leaders, which processes of other nodes may be.

use beamport_dist::control::{Control, Process};
use beamport_term::{Term, atom};

use crate::mapper::Mapper;
use crate::node::VM;
use crate::raw::{EVERYTHING, Raw};
use crate::vm::Vm;

const WORKER: &str = "register(worker, spawn(fun F() -> receive \
    {lead, P} -> group_leader(self(), P); \
    {print, P} -> P ! {printed, io:put_chars(\"hello\")} end, F() end))";

/// A process of a VM is given a leader elsewhere, and prints there.
#[tokio::test]
async fn a_process_prints_where_its_leader_is() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval(WORKER).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    let worker = raw.whereis(atom!("worker")).await;
    let leader = raw.pid();
    let lead = Control::GroupLeader {
        from: leader.clone(),
        to: worker.clone(),
    };
    raw.send(lead, None).await;
    let info = Term::list([Term::from(worker.clone()), atom!("group_leader").into()]);
    let led = Term::from((atom!("group_leader"), leader.clone()));
    // A signal from one process and a call by another need not arrive in order.
    while raw
        .rpc(atom!("erlang"), atom!("process_info"), info.clone())
        .await
        != led
    {}
    let print = Term::from((atom!("print"), leader.clone()));
    raw.send_to_name(atom!("worker"), print).await;
    let (monitor, _) = raw.receive().await;
    assert!(
        matches!(&monitor, Control::Monitor { to: Process::Pid(to), .. } if *to == leader),
        "{monitor:?}"
    );
    let (_, request) = raw.receive_payload().await;
    let Some([from, reply_as, _]) = request.tagged("io_request") else {
        panic!("{request}");
    };
    assert_eq!(from.as_pid(), Some(&worker));
    let answer = Control::Send {
        from: None,
        to: worker,
        token: None,
    };
    let reply = (atom!("io_reply"), reply_as.clone(), atom!("ok"));
    raw.send(answer, Term::from(reply)).await;
    let (demonitor, _) = raw.receive().await;
    assert!(matches!(demonitor, Control::Demonitor { .. }));
    let (_, printed) = raw.receive_payload().await;
    assert_eq!(printed, Term::from((atom!("printed"), atom!("ok"))));
}

/// A process of a VM becomes the leader of one elsewhere.
#[tokio::test]
async fn a_vm_gives_a_process_a_leader() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval(WORKER).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    let worker = raw.whereis(atom!("worker")).await;
    let us = raw.pid();
    let lead = Term::from((atom!("lead"), us.clone()));
    raw.send_to_name(atom!("worker"), lead).await;
    let given = Control::GroupLeader {
        from: worker,
        to: us,
    };
    assert_eq!(raw.receive().await, (given, None));
}
