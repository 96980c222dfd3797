//! Terms in a VM's private format: `term_to_binary(Term, [local])` of OTP 26 and later. Only the VM that wrote one can
//! read it; whoever else has it keeps bytes.

use beamport_dist::node::{Address, Received};
use beamport_term::{Encoded, Limits, Term, atom, decode, encode};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, listener, name, receive};
use crate::vm::Vm;

/// The release that brought the format.
const FIRST: u32 = 26;

/// What such a term begins with.
const HEAD: [u8; 2] = [131, 121];

/// Terms of every kind but functions: of those in this format, OTP 27 and 29 refuse closures that they wrote themselves
/// and crash on exported ones.
const MADE: [&str; 4] = [
    "{self(), make_ref()}",
    "#{a => [1.5, <<7:3>>], 1 bsl 80 => \"text\"}",
    "hd(erlang:ports())",
    "binary:copy(<<1>>, 100000)",
];

#[tokio::test]
async fn private_terms_of_a_vm_come_back_as_they_were() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    if vm.release().await < FIRST {
        let made = "try term_to_binary(a, [local]) catch error:badarg -> unknown end";
        assert_eq!(vm.eval(made).await, "unknown");
        return;
    }
    let mut stranger = Vm::start(&mapper, "stranger@127.0.0.1").await;
    let read = "register(reader, spawn(fun F() -> receive {From, B} -> \
         From ! try {ok, binary_to_term(B)} catch error:badarg -> badarg end, F() end end))";
    stranger.eval(read).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    mailbox.register(atom!("keeper")).unwrap();
    for made in MADE {
        vm.begin(&format!(
            "begin T = {made}, {{keeper, '{RUST}'}} ! {{self(), term_to_binary(T, [local])}}, \
             receive {{kept, B}} -> T =:= binary_to_term(B) end end"
        ))
        .await;
        let Received::Message(message) = receive(&mut mailbox).await else {
            panic!("no message");
        };
        let [from, private] = &**message.as_tuple().unwrap() else {
            panic!("{message}");
        };
        let bytes = private.as_binary().unwrap().clone();
        assert_eq!(bytes[..2], HEAD);

        let term = decode(&bytes).unwrap();
        assert!(
            matches!(&term, Term::Local(inside) if *inside == bytes.slice(2..)),
            "{made}"
        );
        let again = encode(&term).unwrap();
        assert_eq!(again, bytes);
        let kept = Term::from((atom!("kept"), Term::binary(again.clone())));
        let from = from.as_pid().unwrap().clone();
        mailbox.send(&from.into(), kept).await.unwrap();
        assert_eq!(vm.line().await, "true", "{made}");

        // Another VM takes it for what it is too: nothing that it can read.
        let question = (mailbox.pid().clone(), Term::binary(again));
        let reader = Address::name(atom!("reader"), &name("stranger@127.0.0.1"));
        mailbox.send(&reader, Term::from(question)).await.unwrap();
        let answer = Received::Message(atom!("badarg").into());
        assert_eq!(receive(&mut mailbox).await, answer, "{made}");
    }
}

/// Within another term there is no such tag, neither for a VM nor here; and no part of a private term is looked at.
#[tokio::test]
async fn private_terms_are_no_part_of_others() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let tuple = [131, 104, 1, 121, 0, 0, 0, 0, 0, 0, 0, 0, 97, 1];
    let read = format!(
        "try binary_to_term(<<{}>>) catch error:badarg -> refused end",
        list(&tuple)
    );
    assert_eq!(vm.eval(&read).await, "refused");
    assert!(decode(&tuple.to_vec().into()).is_err());

    let private = [&HEAD[..], &tuple[4..]].concat();
    assert!(Encoded::new(private.clone(), Limits::default()).is_err());
    // The bytes would be those of a number, if they were read.
    let term = decode(&private.into()).unwrap();
    assert_eq!(term.as_i64(), None);
    assert!(encode(&Term::from((term,))).is_err());
}

fn list(bytes: &[u8]) -> String {
    let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
    numbers.join(",")
}
