//! Atoms, which both ends know by number from the second time on.

use beamport_dist::node::{Address, Mailbox, Received};
use beamport_term::{Atom, Term};

use crate::mapper::Mapper;
use crate::node::{RUST, VM, listener, pid_of, receive};
use crate::vm::Vm;

/// How many slots the caches have.
const SLOTS: usize = 2048;

const ECHO: &str = "spawn(fun F() -> receive {From, Term} -> From ! Term, F() end end)";

fn atom(text: &str) -> Atom {
    Atom::new(text).unwrap()
}

/// Sends terms to be sent back, all at once, and wants them back as they were.
async fn round_trip(mailbox: &mut Mailbox, echo: &Address, terms: &[Term]) {
    let own = Term::from(mailbox.pid().clone());
    for term in terms {
        let message = Term::from((own.clone(), term.clone()));
        mailbox.send(echo, message).await.unwrap();
    }
    for term in terms {
        assert_eq!(receive(mailbox).await, Received::Message(term.clone()));
    }
}

/// `atom_roundtrip` and `unicode_atom_roundtrip`.
#[tokio::test]
async fn atoms_of_every_kind_make_the_round_trip() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let echo = pid_of(&mut vm, &mut mailbox, RUST, ECHO).await;
    let longest = ["a", "\u{e5}", "\u{430}", "\u{20ac}", "\u{1F608}"].map(|text| text.repeat(255));
    let mut texts: Vec<String> = vec!["".into(), "a".into(), " ' \" \\ \0 \n".into()];
    texts.extend(longest.clone());
    // Lengths around what takes a second byte to tell.
    texts.extend((60..70).map(|n| "\u{1F608}".repeat(n)));
    texts.extend((120..130).map(|n| "\u{e5}".repeat(n)));
    texts.extend((0x20..0x500).filter_map(char::from_u32).map(String::from));
    let terms: Vec<Term> = texts.iter().map(|text| atom(text).into()).collect();
    let all_longest = Term::list(longest.iter().map(|text| atom(text)));
    let once = [&terms[..], &[all_longest, Term::list(terms.clone())]].concat();
    // The second time they are known by number.
    round_trip(&mut mailbox, &echo, &once).await;
    round_trip(&mut mailbox, &echo, &once).await;
}

/// Atoms drive each other out of their slots, in both directions at once.
#[tokio::test]
async fn there_may_be_more_atoms_than_slots() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let echo = pid_of(&mut vm, &mut mailbox, RUST, ECHO).await;
    let atoms: Vec<Atom> = (0..3 * SLOTS).map(|n| atom(&format!("atom {n}"))).collect();
    let mut messages = Vec::new();
    // Messages of one atom, of a few, of more than a message can have by number; each atom comes again.
    for width in [1, 7, 254, 255, 256, 700] {
        for step in [1, 2] {
            let few = atoms.iter().step_by(step).take(5000);
            let few: Vec<_> = few.cloned().collect();
            let some = few.chunks(width).map(|some| Term::tuple(some.to_vec()));
            messages.extend(some.take(600));
        }
    }
    for some in messages.chunks(500) {
        round_trip(&mut mailbox, &echo, some).await;
    }
}

/// The VM's own atoms, more than there are slots, while ours go the other way.
#[tokio::test]
async fn a_vm_may_send_more_atoms_than_there_are_slots() {
    let mapper = Mapper::start();
    let mut vm = Vm::start(&mapper, VM).await;
    let node = listener(&mapper, RUST).await;
    let mut mailbox = node.mailbox();
    let sink = pid_of(
        &mut vm,
        &mut mailbox,
        RUST,
        "spawn(fun F() -> receive _ -> F() end end)",
    )
    .await;
    let (count, long) = (2 * SLOTS, "\u{1F608}".repeat(250));
    vm.begin(&format!(
        "begin \
         A = fun(N) -> list_to_atom(lists:duplicate(250, 16#1F608) ++ integer_to_list(N)) end, \
         [[{{pids, '{RUST}'}} ! {{N, A(N), A(N div 2)}} || N <- lists:seq(1, {count})] || _ <- [1, 2]], \
         sent end"
    ))
    .await;
    for n in (1..=count).chain(1..=count) {
        let own = Term::from((n, atom(&format!("ours {n}"))));
        mailbox.send(&sink, own).await.unwrap();
        let expected = Term::from((
            n,
            atom(&format!("{long}{n}")),
            atom(&format!("{long}{}", n / 2)),
        ));
        assert_eq!(receive(&mut mailbox).await, Received::Message(expected));
    }
    assert_eq!(vm.line().await, "sent");
}
