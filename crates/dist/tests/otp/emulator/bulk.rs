//! Many messages, small and large, in both directions: `bulk_send_small`, `bulk_send_big`, `bulk_send_bigbig`; and
//! many calls at a time.

use std::time::Duration;

use beamport_dist::node::{Config, Node, Received};
use beamport_term::{Term, atom};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, config, listener, name, pid_of, receive};
use crate::vm::Vm;

/// Sends `count` binaries of `bytes` bytes to a VM and has as many sent back; none is lost on either way.
async fn bulk(count: usize, bytes: usize) {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let sink = "spawn(fun() -> (fun F(N, Bytes) -> \
        receive \
            B when is_binary(B) -> F(N + 1, Bytes + byte_size(B)); \
            {done, From} -> From ! {N, Bytes} \
        end end)(0, 0) end)";
    let sink = pid_of(&mut vm, &mut mailbox, RUST, sink).await;
    let binary = Term::binary(vec![7; bytes]);
    for _ in 0..count {
        mailbox.send(&sink, binary.clone()).await.unwrap();
    }
    let done = Term::from((atom!("done"), mailbox.pid().clone()));
    mailbox.send(&sink, done).await.unwrap();
    let counted = Received::Message(Term::from((count, count * bytes)));
    assert_eq!(receive(&mut mailbox).await, counted);

    vm.begin(&format!(
        "begin B = binary:copy(<<7>>, {bytes}), [{{pids, '{RUST}'}} ! B || _ <- lists:seq(1, {count})], ok end"
    ))
    .await;
    for _ in 0..count {
        // Not printed when it differs: it is large.
        assert!(receive(&mut mailbox).await == Received::Message(binary.clone()));
    }
    assert_eq!(vm.line().await, "ok");
}

#[tokio::test]
async fn bulk_send_small() {
    bulk(10_000, 32).await;
}

#[tokio::test]
async fn bulk_send_big() {
    bulk(1_000, 32 << 10).await;
}

#[tokio::test]
async fn bulk_send_bigbig() {
    bulk(32, 1 << 20).await;
}

/// None is answered before all have come.
#[tokio::test]
async fn ten_thousand_calls_may_be_outstanding() {
    const CALLS: usize = 10_000;
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval(&format!(
        "register(hoard, spawn(fun() -> \
            All = [receive {{'$gen_call', From, N}} -> {{From, N}} end || _ <- lists:seq(1, {CALLS})], \
            [gen_server:reply(From, -N) || {{From, N}} <- All] end))"
    ))
    .await;
    let patient = Config {
        call_time: Duration::from_secs(60),
        ..config(&mapper)
    };
    let node = Node::start(name(RUST), patient).await.unwrap();
    let calls: Vec<_> = (0..CALLS)
        .map(|n| {
            let node = node.clone();
            // The process that does it there waits too.
            let arguments = Term::list([
                Term::from(atom!("hoard")),
                n.into(),
                atom!("infinity").into(),
            ]);
            tokio::spawn(async move {
                node.rpc(&name(VM), atom!("gen_server"), atom!("call"), arguments)
                    .await
            })
        })
        .collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), Term::from(-(n as i64)));
    }
}
