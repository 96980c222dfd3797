//! Mailboxes of one node among themselves, and how many there may be.

use beamport_dist::node::{Address, Config, Process, ProcessLimits, Received, Request};
use beamport_term::{Pid, Term, atom};

use super::{RUST, VM, config, dialler, listener_with, name, receive};
use crate::mapper::Mapper;
use crate::vm::Vm;

fn exit(from: &Pid, reason: impl Into<Term>) -> Received {
    Received::Exit {
        from: from.clone(),
        reason: reason.into(),
    }
}

#[tokio::test]
async fn mailboxes_of_a_node_are_linked_monitored_and_called() {
    let mapper = Mapper::start();
    let node = dialler(&mapper).await;
    let mut one = node.mailbox();
    let mut two = node.mailbox();

    // Names.
    two.register(atom!("two")).unwrap();
    assert_eq!(node.whereis(&atom!("two")).as_ref(), Some(two.pid()));
    let by_name = Address::name(atom!("two"), node.name());
    one.send(&by_name, Term::from(1)).await.unwrap();
    assert_eq!(receive(&mut two).await, Received::Message(Term::from(1)));

    // Exit signals and links.
    one.exit(two.pid(), atom!("please").into()).await.unwrap();
    assert_eq!(receive(&mut two).await, exit(one.pid(), atom!("please")));
    one.link(two.pid()).await.unwrap();
    one.unlink(two.pid()).await;
    two.link(one.pid()).await.unwrap();
    let monitor = one.monitor(&by_name).await.unwrap();

    // Calls.
    let serving = tokio::spawn(async move {
        let Received::Message(message) = receive(&mut two).await else {
            panic!("no message");
        };
        let Some(Request::Call { caller, request }) = Request::read(&message) else {
            panic!("no call");
        };
        caller.reply(&two, request).await.unwrap();
        two
    });
    let reply = one.call(&by_name, atom!("hello").into()).await;
    assert!(reply.unwrap().is_atom("hello"));
    let two = serving.await.unwrap();

    // The end, and what follows it.
    assert_eq!(two.unregister(), Some(atom!("two")));
    let pid = two.pid().clone();
    two.end(&atom!("done").into());
    assert_eq!(receive(&mut one).await, exit(&pid, atom!("done")));
    let down = Received::Down {
        reference: monitor,
        process: Process::Name(atom!("two")),
        reason: atom!("done").into(),
    };
    assert_eq!(receive(&mut one).await, down);
    one.link(&pid).await.unwrap();
    assert_eq!(receive(&mut one).await, exit(&pid, atom!("noproc")));
    let monitor = one.monitor(&by_name).await.unwrap();
    let Received::Down {
        reference, reason, ..
    } = receive(&mut one).await
    else {
        panic!("not told");
    };
    assert_eq!((reference, reason), (monitor, atom!("noproc").into()));
}

#[tokio::test]
async fn there_are_no_more_mailboxes_than_there_may_be() {
    let mapper = Mapper::start();
    // One is the node's own.
    let few = Config {
        processes: ProcessLimits {
            mailboxes: 2,
            ..ProcessLimits::default()
        },
        ..config(&mapper)
    };
    let node = listener_with(RUST, few).await;
    let first = node.mailbox();
    let mut second = node.mailbox();
    assert_eq!(second.receive().await, None);
    drop(first);
    let mut third = node.mailbox();
    let own = third.pid().clone();
    third.send(&own.into(), Term::from(3)).await.unwrap();
    assert_eq!(receive(&mut third).await, Received::Message(Term::from(3)));
}

#[tokio::test]
async fn a_peer_has_no_more_monitors_and_links_than_it_may() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let few = Config {
        processes: ProcessLimits {
            watchers_of_peer: 2,
            ..ProcessLimits::default()
        },
        ..config(&mapper)
    };
    let node = listener_with(RUST, few).await;
    let mut mailbox = node.mailbox();
    let puppet = super::pid_of(&mut vm, &mut mailbox, RUST, "self()").await;
    drop(puppet);
    let watch = format!(
        "Watch = fun() -> monitor(process, {{pids, '{RUST}'}}) end, \
         [A, B, C] = [Watch() || _ <- [1, 2, 3]], \
         Refused = receive {{'DOWN', C, _, _, R}} -> R end, \
         demonitor(A), D = Watch(), \
         {{pids, '{RUST}'}} ! now, \
         [Refused | [receive {{'DOWN', M, _, _, Reason}} -> Reason end || M <- [B, D]]]"
    );
    vm.begin(&watch).await;
    assert_eq!(
        receive(&mut mailbox).await,
        Received::Message(atom!("now").into())
    );
    mailbox.end(&atom!("done").into());
    assert_eq!(vm.line().await, "[system_limit,done,done]");
    assert_eq!(node.connected(), [name(VM)]);
}
