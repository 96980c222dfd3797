//! What names something of a node makes the round trip: `ref_port_roundtrip`, funs and functions by name.

use beamport_dist::node::Received;
use beamport_term::{Export, Term, atom};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, listener, receive};
use crate::vm::Vm;

/// A VM sends what is its own; what comes back is the same to it, and of use.
#[tokio::test]
async fn what_a_vm_made_is_the_same_when_it_comes_back() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("echo")).unwrap();
    for made in [
        "self()",
        "make_ref()",
        "monitor(process, init)",
        "hd(erlang:ports())",
        "fun lists:map/2",
        "fun(A) -> {A, self()} end",
        "fun F(A) -> F(A) end",
        "hd([F || {_, F} <- [{a, fun(A, B) -> A + B + 1 end}]])",
        "{self(), make_ref(), fun erlang:node/0, #{make_ref() => self()}}",
        "element(2, file:open(\"/dev/null\", [read]))",
    ] {
        vm.begin(&format!(
            "begin T = {made}, {{echo, '{RUST}'}} ! {{self(), T}}, receive {{echo, U}} -> U =:= T end end"
        ))
        .await;
        let Received::Message(message) = receive(&mut mailbox).await else {
            panic!("no message");
        };
        let [from, term] = &**message.as_tuple().unwrap() else {
            panic!("{message}");
        };
        let from = from.as_pid().unwrap().clone();
        let echo = Term::from((atom!("echo"), term.clone()));
        mailbox.send(&from.into(), echo).await.unwrap();
        assert_eq!(vm.line().await, "true", "{made}");
    }
}

/// What a closure holds and where its code is comes back with it.
#[tokio::test]
async fn a_closure_that_comes_back_can_be_called() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("echo")).unwrap();
    for (made, arguments, result) in [
        ("fun(A) -> {called, A} end", "[1]", "{called,1}"),
        ("fun lists:sum/1", "[[1,2,3]]", "6"),
    ] {
        vm.begin(&format!(
            "begin {{echo, '{RUST}'}} ! {{self(), {made}}}, receive {{echo, F}} -> apply(F, {arguments}) end end"
        ))
        .await;
        let Received::Message(message) = receive(&mut mailbox).await else {
            panic!("no message");
        };
        let [from, fun] = &**message.as_tuple().unwrap() else {
            panic!("{message}");
        };
        let from = from.as_pid().unwrap().clone();
        let echo = Term::from((atom!("echo"), fun.clone()));
        mailbox.send(&from.into(), echo).await.unwrap();
        assert_eq!(vm.line().await, result, "{made}");
    }
}

/// What is ours is known to the VM as ours, and the same when it comes back.
#[tokio::test]
async fn what_a_node_made_is_the_same_when_it_comes_back() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    vm.eval(
        "register(echo, spawn(fun F() -> receive {From, T} -> \
            Nodes = [N || X <- [T], is_pid(X) orelse is_reference(X) orelse is_port(X), N <- [node(X)]], \
            From ! {T, Nodes}, F() end end))",
    )
    .await;
    let echo = beamport_dist::node::Address::name(atom!("echo"), &VM.parse().unwrap());
    let own = Term::list([node.name().to_atom()]);
    let none = Term::NIL;
    for (term, nodes) in [
        (Term::from(mailbox.pid().clone()), &own),
        (node.make_reference().into(), &own),
        (Export::new(atom!("lists"), atom!("map"), 2).into(), &none),
    ] {
        let message = Term::from((mailbox.pid().clone(), term.clone()));
        mailbox.send(&echo, message).await.unwrap();
        let expected = Term::from((term, nodes.clone()));
        assert_eq!(receive(&mut mailbox).await, Received::Message(expected));
    }
}
