//! Aliases, and calls that are answered by them.

use std::time::Duration;

use beamport_dist::node::{Address, CallError, Config, Mailbox, MonitorAlias, Received};
use beamport_term::{Reference, Term, atom};

use super::{RUST, VM, config, listener, listener_with, name, pid_of, receive};
use crate::mapper::Mapper;
use crate::vm::Vm;

const IMPATIENT: &str = "impatient@127.0.0.1";

/// Does what a test says, and says when it has.
const PUPPET: &str = "spawn(fun F() -> receive \
    {send, To, Messages} -> [To ! M || M <- Messages], F(); \
    {exit, Reason} -> exit(Reason) \
end end)";

async fn tell(mailbox: &Mailbox, puppet: &Address, what: Term) {
    mailbox.send(puppet, what).await.unwrap();
}

/// Has messages sent by an alias, and one to the mailbox itself.
async fn send_by(mailbox: &Mailbox, puppet: &Address, alias: &Reference, messages: &[i32]) {
    let messages = Term::list(messages.iter().copied());
    tell(
        mailbox,
        puppet,
        (atom!("send"), alias.clone(), messages).into(),
    )
    .await;
    let (own, last) = (mailbox.pid().clone(), Term::list([atom!("last")]));
    tell(mailbox, puppet, (atom!("send"), own, last).into()).await;
}

async fn received(mailbox: &mut Mailbox) -> Vec<i64> {
    let mut numbers = Vec::new();
    loop {
        match receive(mailbox).await {
            Received::Message(message) if message.is_atom("last") => return numbers,
            Received::Message(message) => numbers.push(message.as_i64().unwrap()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_sent_by_an_alias_comes_until_it_is_taken_back() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    // Aliases came with OTP 24: before that nobody can send by one.
    if vm.release().await < 24 {
        return;
    }
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let puppet = pid_of(&mut vm, &mut mailbox, RUST, PUPPET).await;

    let explicit = mailbox.alias();
    send_by(&mailbox, &puppet, &explicit, &[1, 2]).await;
    assert_eq!(received(&mut mailbox).await, [1, 2]);
    assert!(mailbox.unalias(&explicit));
    assert!(!mailbox.unalias(&explicit));
    send_by(&mailbox, &puppet, &explicit, &[3]).await;
    assert_eq!(received(&mut mailbox).await, [0_i64; 0]);

    let once = mailbox.alias_for_reply();
    send_by(&mailbox, &puppet, &once, &[4, 5]).await;
    assert_eq!(received(&mut mailbox).await, [4]);

    // The monitor that is an alias ends with the first message by it; another one does not.
    let reply = mailbox
        .monitor_with_alias(&puppet, MonitorAlias::ReplyDemonitor)
        .await
        .unwrap();
    let until_end = mailbox
        .monitor_with_alias(&puppet, MonitorAlias::Demonitor)
        .await
        .unwrap();
    send_by(&mailbox, &puppet, &reply, &[6, 7]).await;
    assert_eq!(received(&mut mailbox).await, [6]);
    send_by(&mailbox, &puppet, &until_end, &[8, 9]).await;
    assert_eq!(received(&mut mailbox).await, [8, 9]);
    tell(&mailbox, &puppet, (atom!("exit"), atom!("bye")).into()).await;
    let Received::Down {
        reference, reason, ..
    } = receive(&mut mailbox).await
    else {
        panic!("not told");
    };
    assert_eq!(
        (reference, reason),
        (until_end.clone(), atom!("bye").into())
    );
    let puppet = pid_of(&mut vm, &mut mailbox, RUST, PUPPET).await;
    send_by(&mailbox, &puppet, &until_end, &[10]).await;
    assert_eq!(received(&mut mailbox).await, [0_i64; 0]);

    // In the other direction.
    let own = format!("{{pids, '{RUST}'}} ! alias(), receive M -> M end");
    vm.begin(&own).await;
    let Received::Message(Term::Reference(theirs)) = receive(&mut mailbox).await else {
        panic!("no alias");
    };
    mailbox
        .send_by_alias(&theirs, atom!("hello").into())
        .await
        .unwrap();
    assert_eq!(vm.line().await, "hello");
}

#[tokio::test]
async fn a_mailbox_calls_as_itself() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("pids")).unwrap();
    // Answers `who` at once, and `slow` when it is told to.
    let server = format!(
        "register(server, spawn(fun F() -> receive \
            {{'$gen_call', {{P, _}} = From, who}} -> P ! before, gen:reply(From, P), F(); \
            {{'$gen_call', From, slow}} -> receive answer -> ok end, gen:reply(From, late), \
                                           {{pids, '{IMPATIENT}'}} ! last, F() \
        end end))"
    );
    vm.eval(&server).await;
    let server = Address::name(atom!("server"), &name(VM));

    let who = mailbox.call(&server, atom!("who").into()).await.unwrap();
    assert_eq!(who, Term::from(mailbox.pid().clone()));
    let before = Received::Message(atom!("before").into());
    assert_eq!(receive(&mut mailbox).await, before);

    let impatient = Config {
        call_time: Duration::from_secs(1),
        ..config(&mapper)
    };
    drop((node, mailbox));
    let node = listener_with(IMPATIENT, impatient).await;
    node.connect(&name(VM)).await.unwrap();
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("pids")).unwrap();
    // VMs of before OTP 24 answer the process itself, for which nothing is ever too late.
    let late_answers_come = vm.release().await < 24;
    let late = mailbox.call(&server, atom!("slow").into()).await;
    assert!(matches!(late, Err(CallError::TimedOut)), "{late:?}");
    vm.eval("server ! answer").await;
    if late_answers_come {
        receive(&mut mailbox).await;
    }
    let last = Received::Message(atom!("last").into());
    assert_eq!(receive(&mut mailbox).await, last);

    // An answer that came as the call was given up is not left behind either.
    let nobody = Address::name(atom!("nobody"), &name(VM));
    let down = mailbox.call(&nobody, atom!("who").into()).await;
    assert!(matches!(down, Err(CallError::Down(reason)) if reason.is_atom("noproc")));
    vm.eval(&format!("{{pids, '{IMPATIENT}'}} ! last")).await;
    assert_eq!(receive(&mut mailbox).await, last);
}
