//! The paths through which every message goes, for `cargo xtask bench instructions`.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run has nothing to say but why"
)]

#[path = "../cases/mod.rs"]
#[allow(dead_code, reason = "the other bench uses the rest")]
mod cases;
#[path = "../../../../xtask/src/bench/instructions/subject.rs"]
mod subject;

use std::hint::black_box;

use beamport_term::{Decoder, Elixir, Erlang, Limits, Parser, Syntax, Term, decode, encode};
use bytes::Bytes;

fn main() {
    subject::main(&[
        ("decode 1000 tuples", || decoding(cases::tuples())),
        ("decode $gen_call", || decoding(cases::gen_call())),
        ("decode deep maps", || decoding(cases::maps(6))),
        ("decode binary", || decoding(cases::binary())),
        ("view 1000 tuples", || viewing(cases::tuples())),
        ("view $gen_call", || viewing(cases::gen_call())),
        ("view deep maps", || viewing(cases::maps(6))),
        ("encode 1000 tuples", || encoding(cases::tuples())),
        ("encode $gen_call", || encoding(cases::gen_call())),
        ("encode deep maps", || encoding(cases::maps(6))),
        ("phash2 deep maps", || {
            let term = cases::maps(6);
            Box::new(move || _ = black_box(black_box(&term).phash2()))
        }),
        ("compare 1000 tuples", || {
            let (one, other) = (cases::tuples(), cases::tuples());
            Box::new(move || _ = black_box(black_box(&one).compare(&other)))
        }),
        ("print 1000 tuples, Erlang", || {
            let term = cases::tuples();
            Box::new(move || drop(black_box(Erlang::WRITTEN.of(&term).to_string())))
        }),
        ("parse 1000 tuples, Erlang", || {
            let text = Erlang::WRITTEN.of(&cases::tuples()).to_string();
            Box::new(move || drop(black_box(Parser::default().parse(&text).unwrap())))
        }),
        ("parse 1000 tuples, Elixir", || {
            let text = Elixir::new().of(&cases::tuples()).to_string();
            let parser = Parser::default().syntax(Syntax::Elixir);
            Box::new(move || drop(black_box(parser.parse(&text).unwrap())))
        }),
    ]);
}

fn decoding(term: Term) -> Box<dyn FnMut()> {
    let bytes = Bytes::from(encode(&term).unwrap());
    let mut decoder = Decoder::new(Limits::default());
    Box::new(move || drop(black_box(decoder.decode(black_box(&bytes)).unwrap())))
}

fn viewing(term: Term) -> Box<dyn FnMut()> {
    let bytes = Bytes::from(encode(&term).unwrap());
    Box::new(move || _ = black_box(cases::look(black_box(&bytes))))
}

fn encoding(term: Term) -> Box<dyn FnMut()> {
    let term = decode(&encode(&term).unwrap().into()).unwrap();
    Box::new(move || drop(black_box(encode(black_box(&term)).unwrap())))
}
