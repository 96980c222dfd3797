//! Large messages, which go in fragments so that small ones overtake them: `message_latency_large_message`.

use beamport_dist::control::Control;
use beamport_dist::node::Received;
use beamport_term::{Term, atom};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, listener, pid_of, receive};
use crate::raw::{EVERYTHING, RAW, Raw};
use crate::vm::Vm;

const HUGE: usize = 100 << 20;

/// What a process writes before others are let in is less.
const LARGE: usize = 32 << 20;

#[tokio::test]
async fn a_small_message_overtakes_a_huge_one_to_a_vm() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let order = "spawn(fun F() -> receive {From, Term} -> \
        Whole = Term =:= binary:copy(binary:part(Term, 0, 1), byte_size(Term)), \
        From ! {byte_size(Term), Whole}, F() end end)";
    let order = pid_of(&mut vm, &mut mailbox, RUST, order).await;
    let other = node.mailbox();
    let from = Term::from(mailbox.pid().clone());
    for (mailbox, size) in [(&mailbox, HUGE), (&other, 1)] {
        let message = Term::from((from.clone(), bytes(vec![7; size])));
        mailbox.send(&order, message).await.unwrap();
    }
    for size in [1, HUGE] {
        let whole = Term::from((size, true));
        assert_eq!(receive(&mut mailbox).await, Received::Message(whole));
    }
}

#[tokio::test]
async fn a_small_message_overtakes_a_large_one_from_a_vm() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    stuck_sender(&mut vm).await;
    // It waits too, as the connection is full.
    vm.eval(&format!(
        "begin spawn(fun() -> {{small, '{RAW}'}} ! small end), ok end"
    ))
    .await;
    let (small, _) = raw.receive_payload().await;
    assert!(matches!(small, Control::RegSend { to, .. } if to == atom!("small")));
    let (_, large) = raw.receive_payload().await;
    // Not printed: it is large.
    assert!(large == bytes(vec![7; LARGE]));
    assert!(raw.fragments() > LARGE >> 16);
}

/// Who sends something large is killed in the midst of it, and the connection is none the worse.
#[tokio::test]
async fn a_sender_that_is_killed_within_a_message_leaves_the_connection_whole() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    stuck_sender(&mut vm).await;
    vm.eval("exit(whereis(sender), kill)").await;
    vm.eval(&format!(
        "begin spawn(fun() -> {{small, '{RAW}'}} ! small end), ok end"
    ))
    .await;
    loop {
        // Whether the rest of the large one comes is up to the VM.
        let (_, message) = raw.receive_payload().await;
        if message.is_atom("small") {
            break;
        }
        assert!(message == bytes(vec![7; LARGE]));
    }
    let pong = raw
        .rpc(atom!("erlang"), atom!("abs"), Term::list([-1]))
        .await;
    assert_eq!(pong, Term::from(1));
}

/// Large messages of several processes in both directions at once, and small ones between them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn huge_messages_of_several_senders_are_interleaved() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let echo =
        "spawn(fun F() -> receive {From, Term} -> spawn(fun() -> From ! Term end), F() end end)";
    let echo = pid_of(&mut vm, &mut mailbox, RUST, echo).await;
    let senders: Vec<_> = (1..=4_u8)
        .map(|n| {
            let (mut mailbox, echo) = (node.mailbox(), echo.clone());
            tokio::spawn(async move {
                let own = Term::from(mailbox.pid().clone());
                let large = bytes(vec![n; usize::from(n) * (HUGE / 16)]);
                for data in [large, bytes(vec![n])] {
                    let message = Term::from((own.clone(), data.clone()));
                    mailbox.send(&echo, message).await.unwrap();
                    assert!(receive(&mut mailbox).await == Received::Message(data));
                }
            })
        })
        .collect();
    let own = Term::from(mailbox.pid().clone());
    for n in 0..1000 {
        let message = Term::from((own.clone(), n));
        mailbox.send(&echo, message).await.unwrap();
        assert_eq!(
            receive(&mut mailbox).await,
            Received::Message(Term::from(n))
        );
    }
    for sender in senders {
        sender.await.unwrap();
    }
}

#[tokio::test]
async fn a_huge_message_comes_from_a_vm() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("huge")).unwrap();
    vm.begin(&format!(
        "begin {{huge, '{RUST}'}} ! binary:copy(<<0:2048,1:2048>>, {} div 512), ok end",
        HUGE
    ))
    .await;
    let Received::Message(Term::Binary(huge)) = receive(&mut mailbox).await else {
        panic!("no binary");
    };
    let mut part = [0; 512];
    part[511] = 1;
    assert_eq!(huge.len(), HUGE);
    assert!(huge.chunks(512).all(|chunk| chunk == part));
    assert_eq!(vm.line().await, "ok");
}

/// Has a process of the VM, `sender`, send a large message; it waits in the midst of it, as nobody reads.
async fn stuck_sender(vm: &mut Vm) {
    let waits = format!(
        "begin \
         register(sender, spawn(fun() -> {{large, '{RAW}'}} ! binary:copy(<<7>>, {LARGE}) end)), \
         (fun F() -> case process_info(whereis(sender), status) of {{status, suspended}} -> ok; _ -> F() end end)() \
         end"
    );
    assert_eq!(vm.eval(&waits).await, "ok");
}

fn bytes(bytes: Vec<u8>) -> Term {
    Term::binary(bytes)
}
