//! When connections are made again, and when a VM is told not to.

use beamport_dist::node::{Address, NodeEvent, NodeKind, Received};
use beamport_term::{Term, atom};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, listener, name, next_event, receive, up};
use crate::vm::Vm;

/// `dist_auto_connect never`: a VM dials nobody because of a message, but takes who dials it, and dials when told to.
#[tokio::test]
async fn a_vm_that_never_connects_by_itself_takes_who_connects() {
    let mapper = Mapper::start();
    let flags = ["-kernel", "dist_auto_connect", "never"];
    let mut vm = Vm::start_with(&mapper, VM, &flags).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("name")).unwrap();
    let ping = format!("net_adm:ping('{RUST}')");
    assert_eq!(vm.eval(&ping).await, "pang");
    vm.eval(&format!("{{name, '{RUST}'}} ! lost")).await;
    node.ping(&name(VM)).await.unwrap();
    vm.eval(&format!("{{name, '{RUST}'}} ! arrives")).await;
    let arrives = Received::Message(atom!("arrives").into());
    assert_eq!(receive(&mut mailbox).await, arrives);

    node.disconnect(&name(VM));
    let alone = "(fun F() -> case nodes(hidden) of [] -> alone; _ -> F() end end)()";
    assert_eq!(vm.eval(alone).await, "alone");
    assert_eq!(vm.eval(&ping).await, "pang");
    let connect = format!("net_kernel:connect_node('{RUST}')");
    assert_eq!(vm.eval(&connect).await, "true");
    assert_eq!(vm.eval(&ping).await, "pong");
}

/// `dist_auto_connect once`: after a connection is lost the VM does not dial by itself again until it is told to.
#[tokio::test]
async fn a_vm_that_connects_once_does_not_connect_again_by_itself() {
    let mapper = Mapper::start();
    let flags = ["-kernel", "dist_auto_connect", "once"];
    let mut vm = Vm::start_with(&mapper, VM, &flags).await;
    let node = listener(&mapper, RUST).await;
    let ping = format!("net_adm:ping('{RUST}')");
    assert_eq!(vm.eval(&ping).await, "pong");
    node.disconnect(&name(VM));
    let alone = "(fun F() -> case nodes(hidden) of [] -> alone; _ -> F() end end)()";
    assert_eq!(vm.eval(alone).await, "alone");
    assert_eq!(vm.eval(&ping).await, "pang");
    let connect = format!("net_kernel:connect_node('{RUST}')");
    assert_eq!(vm.eval(&connect).await, "true");
    assert_eq!(vm.eval(&ping).await, "pong");
}

/// A VM that dies and comes again under its name is another one: what was known of the first is told as gone.
#[tokio::test]
async fn a_vm_that_is_started_again_is_another_one() {
    let mapper = Mapper::start();
    let vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut events = node.events();
    let mut mailbox = node.mailbox();
    let init = Address::name(atom!("init"), &name(VM));
    for _ in 0..2 {
        mailbox.monitor(&init).await.unwrap();
    }
    assert_eq!(next_event(&mut events).await, up(VM, NodeKind::Visible));
    node.ping(&name(VM)).await.unwrap();
    drop(vm);
    let down = next_event(&mut events).await;
    assert!(
        matches!(&down, NodeEvent::Down { node, .. } if *node == name(VM)),
        "{down:?}"
    );
    for _ in 0..2 {
        let down = receive(&mut mailbox).await;
        assert!(
            matches!(&down, Received::Down { reason, .. } if reason.is_atom("noconnection")),
            "{down:?}"
        );
    }
    let mut again = Vm::start(&mapper, VM).await;
    let pong = node
        .rpc(&name(VM), atom!("erlang"), atom!("abs"), Term::list([-1]))
        .await;
    assert_eq!(pong.unwrap(), Term::from(1));
    assert_eq!(next_event(&mut events).await, up(VM, NodeKind::Visible));
    assert_eq!(again.eval("nodes(hidden)").await, format!("['{RUST}']"));
}

/// As it is hidden, a VM tells it of nobody, and nobody of it.
#[tokio::test]
async fn a_node_connects_to_no_others_of_its_peers() {
    let mapper = Mapper::start();
    let mut first = Vm::start(&mapper, VM).await;
    let mut second = Vm::start(&mapper, "other@127.0.0.1").await;
    assert_eq!(first.eval("net_adm:ping('other@127.0.0.1')").await, "pong");
    let node = listener(&mapper, RUST).await;
    node.ping(&name(VM)).await.unwrap();
    assert_eq!(node.connected(), [name(VM)]);
    assert_eq!(second.eval("nodes(connected)").await, format!("['{VM}']"));
    assert_eq!(first.eval("nodes(hidden)").await, format!("['{RUST}']"));
}
