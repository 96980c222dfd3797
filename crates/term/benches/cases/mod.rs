//! What is encoded and decoded.

use beamport_term::{Encoded, Limits, Pid, Reference, Term, Token, atom, encode};
use bytes::Bytes;

/// A term as a VM sends it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) bytes: Bytes,
}

pub(crate) fn all() -> [Case; 4] {
    [
        Case::new("1000 tuples", tuples()),
        Case::new("$gen_call", gen_call()),
        Case::new("deep maps", maps(6)),
        Case::new("binary", binary()),
    ]
}

impl Case {
    fn new(name: &'static str, term: Term) -> Self {
        let bytes = Bytes::from(encode(&term).unwrap());
        Self { name, bytes }
    }
}

/// Checks a message and looks at its first part and its last, if it has parts.
pub(crate) fn look(bytes: &Bytes) -> usize {
    let encoded = Encoded::new(bytes.clone(), Limits::default()).unwrap();
    let view = encoded.view();
    let parts = match view.token() {
        Token::Map(_) => [view.field("id"), view.field("children")],
        _ => [view.get(0), view.elements().last()],
    };
    parts
        .iter()
        .flatten()
        .map(|part| part.encoded().len())
        .sum()
}

/// Rows of a table.
pub(crate) fn tuples() -> Term {
    Term::list((0..1000_i32).map(|n| {
        let score = Term::float(f64::from(n) * 1.5).unwrap();
        Term::from((
            atom!("user"),
            1000 + n,
            format!("user-{n:06}"),
            score,
            n % 3 == 0,
        ))
    }))
}

/// A request as `gen_server:call/2` sends it, with a reference of five words.
pub(crate) fn gen_call() -> Term {
    let node = atom!("worker@app-7.example.org");
    let pid = Pid {
        node: node.clone(),
        id: 4711,
        serial: 0,
        creation: 1_700_000_000,
    };
    let reference = Reference::new(node, 1_700_000_000, [1, 2, 3, 4, 5]).unwrap();
    let request = (
        atom!("lookup"),
        "session-0123456789abcdef",
        Term::map([(atom!("timeout"), 5000), (atom!("retries"), 3)]),
    );
    let tag = Term::improper_list([atom!("alias").into()], reference);
    Term::from((
        atom!("$gen_call"),
        Term::from((pid, tag)),
        Term::from(request),
    ))
}

/// Maps within maps, as of decoded JSON.
pub(crate) fn maps(depth: u32) -> Term {
    let inner = match depth {
        0 => Term::NIL,
        _ => Term::list([maps(depth - 1), maps(depth - 1)]),
    };
    Term::map([
        (atom!("id"), Term::from(depth)),
        (atom!("name"), Term::from(format!("node of depth {depth}"))),
        (atom!("enabled"), true.into()),
        (atom!("weight"), Term::float(0.5).unwrap()),
        (atom!("children"), inner),
    ])
}

/// A megabyte in one piece.
pub(crate) fn binary() -> Term {
    Term::from("x".repeat(1 << 20))
}
