//! Aliases of processes, which came with OTP 24, and priority messages, which came with OTP 28.

use beamport_dist::Flags;
use beamport_dist::control::{Control, Recipient};
use beamport_dist::node::{Received, Request};
use beamport_term::{Term, atom};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, listener, receive};
use crate::raw::{EVERYTHING, Raw};
use crate::vm::Vm;

/// What comes by an alias that is not one any more does not reach the process that it was of.
#[tokio::test]
async fn an_alias_that_is_taken_back_is_nobodys() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    if !raw.flags.contains(Flags::ALIAS) {
        // OTP 23 knows no aliases, and who sends to it must not use any.
        assert_eq!(vm.release().await, 23);
        return;
    }
    vm.eval(
        "register(owner, spawn(fun F() -> \
            receive \
                {From, make} -> put(alias, erlang:alias()), From ! get(alias); \
                {From, take_back} -> From ! erlang:unalias(get(alias)); \
                {From, ask} -> From ! get(told); \
                Told -> put(told, Told) \
            end, F() end))",
    )
    .await;
    let (owner, us) = (atom!("owner"), raw.pid());
    let ask = |what| Term::from((us.clone(), what));
    raw.send_to_name(owner.clone(), ask(atom!("make"))).await;
    let (_, alias) = raw.receive_payload().await;
    let alias = alias.as_reference().unwrap().clone();
    let by_alias = || Control::AliasSend {
        from: us.clone(),
        to: alias.clone(),
        token: None,
    };
    raw.send(by_alias(), Term::from(1)).await;
    raw.send_to_name(owner.clone(), ask(atom!("take_back")))
        .await;
    let (_, taken) = raw.receive_payload().await;
    assert!(taken.is_atom("true"));
    raw.send(by_alias(), Term::from(2)).await;
    raw.send_to_name(owner, ask(atom!("ask"))).await;
    let (_, told) = raw.receive_payload().await;
    assert_eq!(told, Term::from(1));
}

/// A VM sends by an alias that it was given.
#[tokio::test]
async fn a_vm_sends_by_an_alias() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    vm.eval(
        "register(sender, spawn(fun F() -> receive {To, Message} -> To ! Message, F() end end))",
    )
    .await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    if !raw.flags.contains(Flags::ALIAS) {
        // To OTP 23 a reference is nobody: nothing can be sent to it.
        assert_eq!(vm.release().await, 23);
        return;
    }
    let alias = raw.reference();
    let message = Term::from((alias.clone(), atom!("hello")));
    raw.send_to_name(atom!("sender"), message).await;
    let (control, hello) = raw.receive_payload().await;
    assert!(hello.is_atom("hello"));
    match control {
        Control::AliasSend { to, .. } => assert_eq!(to, alias),
        Control::AltAct { to, .. } => assert_eq!(to, Recipient::Alias(alias)),
        other => panic!("{other:?}"),
    }
}

/// The answer to a call that has timed out does not come up later: callers of OTP 24 and later wait by an alias.
#[tokio::test]
async fn a_late_answer_does_not_reach_the_caller() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("slow")).unwrap();
    vm.begin(&format!(
        "begin catch gen_server:call({{slow, '{RUST}'}}, hello, 1), \
         net_adm:ping('{RUST}'), timed_out end"
    ))
    .await;
    let Received::Message(message) = receive(&mut mailbox).await else {
        panic!("no call");
    };
    let Some(Request::Call { caller, .. }) = Request::read(&message) else {
        panic!("no call: {message}");
    };
    assert_eq!(vm.line().await, "timed_out");
    caller.reply(&mailbox, atom!("late").into()).await.unwrap();
    // A ping after the answer has been sent shows that the answer is there.
    let inbox = format!(
        "begin net_adm:ping('{RUST}'), receive {{_, late}} -> reached after 0 -> not_reached end end"
    );
    let expected = match vm.release().await {
        // Its callers know no aliases.
        23 => "reached",
        _ => "not_reached",
    };
    assert_eq!(vm.eval(&inbox).await, expected);
}

/// Priority messages go before others that wait; so do priority exit signals.
#[tokio::test]
async fn priority_messages_overtake_others() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    if !raw.flags.contains(Flags::ALTACT_SIG) {
        assert!(vm.release().await < 28);
        return;
    }
    vm.eval(
        "register(owner, spawn(fun() -> \
            process_flag(trap_exit, true), \
            receive {From, make} -> From ! {self(), erlang:alias([priority])} end, \
            receive {From, all} -> From ! element(2, process_info(self(), messages)) end end))",
    )
    .await;
    let us = raw.pid();
    let owner = atom!("owner");
    raw.send_to_name(owner.clone(), Term::from((us.clone(), atom!("make"))))
        .await;
    let (_, made) = raw.receive_payload().await;
    let [pid, alias] = &**made.as_tuple().unwrap() else {
        panic!("{made}");
    };
    let pid = pid.as_pid().unwrap().clone();
    let alias = alias.as_reference().unwrap().clone();
    let signal = |exit, priority| Control::AltAct {
        priority,
        exit,
        from: us.clone(),
        to: Recipient::Alias(alias.clone()),
        token: None,
    };
    let plain = Control::Send {
        from: None,
        to: pid,
        token: None,
    };
    raw.send(plain, Term::from(1)).await;
    raw.send(signal(false, true), Term::from(2)).await;
    raw.send(signal(true, true), Term::from(3)).await;
    raw.send_to_name(owner, Term::from((us.clone(), atom!("all"))))
        .await;
    let (_, waiting) = raw.receive_payload().await;
    let exit = Term::from((atom!("EXIT"), us.clone(), 3));
    let expected = Term::list([Term::from(2), exit, Term::from(1)]);
    assert_eq!(waiting, expected);
}

/// What a VM sends with priority says so.
#[tokio::test]
async fn a_vm_sends_with_priority() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let mut raw = Raw::dial(&mapper, VM, EVERYTHING).await;
    if !raw.flags.contains(Flags::ALTACT_SIG) {
        assert!(vm.release().await < 28);
        return;
    }
    vm.eval(
        "register(sender, spawn(fun F() -> \
            receive \
                {send, To} -> erlang:send(To, hello, [priority]); \
                {exit, To} -> exit(To, hello, [priority]) \
            end, F() end))",
    )
    .await;
    for exit in [false, true] {
        let alias = raw.reference();
        let what = if exit { atom!("exit") } else { atom!("send") };
        raw.send_to_name(atom!("sender"), Term::from((what, alias.clone())))
            .await;
        let (control, hello) = raw.receive_payload().await;
        assert!(hello.is_atom("hello"));
        let Control::AltAct {
            priority,
            exit: exits,
            to,
            ..
        } = control
        else {
            panic!("{control:?}");
        };
        assert!(priority);
        assert_eq!(exits, exit);
        assert_eq!(to, Recipient::Alias(alias));
    }
}
