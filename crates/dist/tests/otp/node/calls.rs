//! Calls and messages, in both directions.

use std::net::{Ipv4Addr, SocketAddr};

use beamport_dist::node::{Address, CallError, Config, Received, Request};
use beamport_term::{Atom, Term, atom};

use super::{RUST, VM, config, dialler, listener, name, pid_of, receive};
use crate::mapper::Mapper;
use crate::vm::Vm;

#[tokio::test]
async fn a_node_pings_and_calls_a_vm() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let peer = name(VM);
    node.ping(&peer).await.unwrap();
    assert_eq!(
        vm.eval("{nodes(), nodes(hidden)}").await,
        format!("{{[],['{RUST}']}}")
    );
    assert_eq!(node.connected(), [name(VM)]);

    let arguments = Term::list([Term::list([1, 2, 3])]);
    let sum = node
        .rpc(&peer, atom!("lists"), atom!("sum"), arguments)
        .await;
    assert_eq!(sum.unwrap(), Term::from(6));

    let failed = node
        .rpc(
            &peer,
            atom!("erlang"),
            atom!("error"),
            Term::list([atom!("oops")]),
        )
        .await;
    let Err(CallError::Raised(reason)) = failed else {
        panic!("{failed:?}");
    };
    assert!(reason.to_string().starts_with("{'EXIT',{oops,"), "{reason}");

    let nobody = Address::name(atom!("nobody"), &peer);
    let failed = node.call(&nobody, Term::from(1)).await;
    assert!(
        matches!(&failed, Err(CallError::Down(reason)) if reason.is_atom("noproc")),
        "{failed:?}"
    );
}

#[tokio::test]
async fn a_vm_calls_a_server_of_a_node() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("echo")).unwrap();
    assert!(node.mailbox().register(atom!("echo")).is_err());

    vm.begin(&format!(
        "gen_server:call({{echo, '{RUST}'}}, {{hello, 1}})"
    ))
    .await;
    let Received::Message(message) = receive(&mut mailbox).await else {
        panic!("no message");
    };
    let Some(Request::Call { caller, request }) = Request::read(&message) else {
        panic!("no call: {message}");
    };
    caller
        .reply(&mailbox, Term::from((atom!("echo"), request)))
        .await
        .unwrap();
    assert_eq!(vm.line().await, "{echo,{hello,1}}");

    vm.eval(&format!("gen_server:cast({{echo, '{RUST}'}}, note)"))
        .await;
    let Received::Message(message) = receive(&mut mailbox).await else {
        panic!("no message");
    };
    assert_eq!(
        Request::read(&message),
        Some(Request::Cast(atom!("note").into()))
    );

    // The call ends with the mailbox.
    vm.begin(&format!("catch gen_server:call({{echo, '{RUST}'}}, bye)"))
        .await;
    receive(&mut mailbox).await;
    drop(mailbox);
    assert!(vm.line().await.contains("normal"), "the caller is told");
    let nobody = vm
        .eval(&format!("gen_server:call({{echo, '{RUST}'}}, hello)"))
        .await;
    assert!(nobody.contains("noproc"), "{nobody}");
}

/// Everything that makes messages different: large and small, many atoms, in both directions, at the same time.
#[tokio::test]
async fn messages_arrive_as_they_were_sent() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let echo = "spawn(fun F() -> receive {From, Term} -> From ! Term, F() end end)";
    let echo = pid_of(&mut vm, &mut mailbox, RUST, echo).await;

    let atoms = |from: u32| {
        let atoms = (from..from + 400).map(|n| Atom::new(&format!("atom_{n}")).unwrap());
        Term::tuple(atoms)
    };
    let large = Term::binary(vec![7_u8; 3 << 20]);
    let sent: Vec<Term> = (0..40_u32)
        .map(|n| match n % 4 {
            0 => Term::from((n, large.clone())),
            1 => Term::from((n, atoms(n * 100))),
            2 => Term::from((n, "\u{1F608}", Term::map([(atom!("k"), n)]))),
            _ => Term::from((n, mailbox.pid().clone(), node.make_reference())),
        })
        .collect();
    let own = Term::from(mailbox.pid().clone());
    for term in &sent {
        mailbox
            .send(&echo, Term::from((own.clone(), term.clone())))
            .await
            .unwrap();
    }
    for term in sent {
        // Not printed when they differ: some are large.
        assert!(receive(&mut mailbox).await == Received::Message(term));
    }
}

#[tokio::test]
async fn many_calls_may_be_outstanding() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let calls: Vec<_> = (0..1000)
        .map(|n| {
            let node = node.clone();
            tokio::spawn(async move {
                let arguments = Term::list([n]);
                node.rpc(&name(VM), atom!("erlang"), atom!("abs"), arguments)
                    .await
            })
        })
        .collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), Term::from(n));
    }
}

#[tokio::test]
async fn two_nodes_talk_to_each_other() {
    let mapper = Mapper::start();
    let a = listener(&mapper, "a@127.0.0.1").await;
    let b = listener(&mapper, "b@127.0.0.1").await;
    a.ping(b.name()).await.unwrap();
    b.ping(a.name()).await.unwrap();
    let mut server = b.mailbox();
    server.register(atom!("server")).unwrap();
    let serving = tokio::spawn(async move {
        let Received::Message(message) = receive(&mut server).await else {
            panic!("no message");
        };
        let Some(Request::Call { caller, request }) = Request::read(&message) else {
            panic!("no call");
        };
        caller.reply(&server, request).await.unwrap();
    });
    let large = Term::binary(vec![1; 1 << 20]);
    let reply = a
        .call(&Address::name(atom!("server"), b.name()), large.clone())
        .await;
    assert!(reply.unwrap() == large);
    serving.await.unwrap();
}

#[tokio::test]
async fn the_examples_run() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let server = "register(counter, spawn(fun F() -> \
                  receive {'$gen_call', From, get} -> gen:reply(From, 42), F() end end))";
    vm.eval(server).await;
    let count = crate::call::run(config(&mapper), name(VM)).await.unwrap();
    assert_eq!(count, Term::from(42));

    let config = Config {
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ..config(&mapper)
    };
    let serving = tokio::spawn(async move { crate::serve::run(config, name(RUST)).await.is_ok() });
    let call = format!(
        "(fun F() -> try gen_server:call({{adder, '{RUST}'}}, {{add, 40, 2}}) catch exit:_ -> F() end end)()"
    );
    assert_eq!(vm.eval(&call).await, "42");
    serving.abort();
}
