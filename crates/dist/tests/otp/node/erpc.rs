//! Calls of functions that tell what became of them.

use std::time::Duration;

use beamport_dist::node::{Class, Config, ConnectError, ErpcError, Exception, Node};
use beamport_term::{Term, atom};

use super::{RUST, VM, config, dialler, listener, name};
use crate::mapper::Mapper;
use crate::vm::Vm;

/// The processes of the VM that sleep, as long as there are `N` of them.
const SLEEPING: &str = "Sleeping = fun F(N) -> \
    case [P || P <- processes(), \
               process_info(P, current_function) =:= {current_function, {timer, sleep, 1}}] of \
        Ps when length(Ps) =:= N -> Ps; \
        _ -> F(N) \
    end end";

#[tokio::test]
async fn what_a_function_raises_is_told_as_it_was_raised() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let peer = name(VM);
    let call = async |function, argument: Term| {
        let arguments = Term::list([argument]);
        node.erpc(&peer, atom!("erlang"), function, arguments).await
    };

    assert_eq!(
        call(atom!("abs"), (-7).into()).await.unwrap(),
        Term::from(7)
    );

    let oops = || Term::from((atom!("oops"), 1));
    for (function, class) in [
        (atom!("throw"), Class::Throw),
        (atom!("exit"), Class::Exit),
        (atom!("error"), Class::Error),
        (atom!("nothing_of_this_name"), Class::Error),
    ] {
        let undef = function.as_str().starts_with("nothing");
        let failed = call(function, oops()).await;
        let Err(ErpcError::Raised(exception)) = failed else {
            panic!("{failed:?}");
        };
        let Exception {
            class: raised,
            reason,
            stacktrace,
        } = &exception;
        assert_eq!(*raised, class);
        if undef {
            assert!(reason.is_atom("undef"));
            assert_eq!(exception.to_string(), "error:undef");
        } else {
            assert_eq!(*reason, oops());
        }
        let frames = stacktrace.as_ref().map(|stack| stack.as_list().unwrap());
        assert_eq!(frames.is_some(), class == Class::Error);
        // What belongs to erpc itself is left out.
        assert!(frames.is_none_or(|frames| frames.iter().count() == 1));
    }

    // What is printed is printed there.
    let arguments = Term::list([Term::charlist("printed~n")]);
    let printed = node.erpc(&peer, atom!("io"), atom!("format"), arguments);
    assert!(printed.await.unwrap().is_atom("ok"));
    assert_eq!(vm.line().await, "printed");
}

#[tokio::test]
async fn a_call_that_gets_no_answer_tells_why() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = dialler(&mapper).await;
    let peer = name(VM);
    let sleep = |node: &Node| {
        let (node, peer) = (node.clone(), peer.clone());
        let forever = Term::list([atom!("infinity")]);
        async move {
            node.erpc(&peer, atom!("timer"), atom!("sleep"), forever)
                .await
        }
    };
    vm.eval(&format!("{SLEEPING}, register(sleeping, spawn(fun F() -> receive {{P, N}} -> P ! {{sleeping, Sleeping(N)}}, F() end end))")).await;
    let sleeping =
        |n: u8| format!("sleeping ! {{self(), {n}}}, receive {{sleeping, Ps}} -> Ps end");

    // Killed.
    let call = tokio::spawn(sleep(&node));
    vm.eval(&format!("{}, exit(hd(Ps), kill)", sleeping(1)))
        .await;
    let ended = call.await.unwrap();
    assert!(
        matches!(&ended, Err(ErpcError::Ended(reason)) if reason.is_atom("killed")),
        "{ended:?}"
    );

    // Dropped: it runs on, unwatched.
    let call = tokio::spawn(sleep(&node));
    vm.eval(&sleeping(1)).await;
    call.abort();
    assert!(call.await.is_err());
    let unwatched = "(fun F(P) -> case process_info(P, monitored_by) of \
                     {monitored_by, []} -> ok; _ -> F(P) end end)(hd(Ps))";
    let expression = format!("{}, {unwatched}", sleeping(1));
    assert_eq!(vm.eval(&expression).await, "ok");

    // The node goes.
    let call = tokio::spawn(sleep(&node));
    vm.eval(&sleeping(2)).await;
    drop(vm);
    let lost = call.await.unwrap();
    assert!(matches!(lost, Err(ErpcError::NodeDown)), "{lost:?}");
}

#[tokio::test]
async fn a_call_is_waited_for_as_long_as_the_configuration_says() {
    let mapper = Mapper::start();
    let _vm = Vm::start(&mapper, VM).await;
    let impatient = Config {
        call_time: Duration::from_millis(500),
        ..config(&mapper)
    };
    let node = Node::start(name(RUST), impatient).await.unwrap();
    let forever = Term::list([atom!("infinity")]);
    let peer = name(VM);
    let call = node.erpc(&peer, atom!("timer"), atom!("sleep"), forever);
    assert!(matches!(call.await, Err(ErpcError::TimedOut)));
}

#[tokio::test]
async fn a_node_that_runs_no_functions_says_so() {
    let mapper = Mapper::start();
    let ours = listener(&mapper, RUST).await;
    let node = listener(&mapper, "other@127.0.0.1").await;
    let call = async |peer| {
        let (erlang, arguments) = (atom!("erlang"), Term::default());
        node.erpc(&peer, erlang, atom!("node"), arguments).await
    };
    let refused = call(ours.name().clone()).await;
    assert!(
        matches!(&refused, Err(ErpcError::Refused(reason)) if reason.is_atom("notsup")),
        "{refused:?}"
    );
    let nowhere = call(name("nowhere@127.0.0.1")).await;
    let Err(ErpcError::Connect(error)) = nowhere else {
        panic!("{nowhere:?}");
    };
    assert!(
        matches!(*error, ConnectError::NotRegistered { .. }),
        "{error}"
    );
}
