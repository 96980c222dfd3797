//! A VM that answers with libring's algorithm, written in Erlang and compiled there.

use std::borrow::Cow;
use std::io::Write as _;
use std::process::{Command, Stdio};

use beamport_ring::Otp;
use beamport_term::{Term, atom, decode, encode};

use crate::histories::{Case, Change};

/// Compiles the model, reads the cases, and writes the answers.
const PROGRAM: &str = r#"
{ok, model, Beam} = compile:file(os:getenv("MODEL"), [binary, report]),
{module, model} = code:load_binary(model, "model", Beam),
{ok, Cases} = file:read_file("/dev/stdin"),
ok = io:setopts(standard_io, [{encoding, latin1}]),
ok = file:write(standard_io, term_to_binary(model:answer(binary_to_term(Cases)))),
halt()."#;

/// What the model answers to each case.
pub(crate) fn answers(cases: &[Case]) -> Vec<Term> {
    let mut erl = Command::new("erl")
        .args(["-noinput", "-start_epmd", "false", "-eval", PROGRAM])
        .env(
            "MODEL",
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/otp/model.erl"),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("`erl` cannot be started: {error}; install Erlang/OTP 25 (Debian: erlang-base)")
        });
    let cases = encode(&Term::list(cases.iter().map(as_term))).unwrap();
    // Dropped at the end of the statement: the VM reads to the end.
    erl.stdin.take().unwrap().write_all(&cases).unwrap();
    let output = erl.wait_with_output().unwrap();
    let text = || String::from_utf8_lossy(&output.stdout).into_owned();
    match decode(&output.stdout.clone().into()) {
        Ok(Term::List(answers)) => answers.iter().map(Cow::into_owned).collect(),
        _ => panic!("the VM says {}", text()),
    }
}

fn as_term(case: &Case) -> Term {
    let encoding = match case.otp {
        Otp::UpTo25 => atom!("up_to_25"),
        Otp::From26 => atom!("from_26"),
    };
    let history = case.history.iter().map(|change| match change {
        Change::Add(node, weight) => Term::from((atom!("add"), node.clone(), *weight)),
        Change::Remove(node) => Term::from((atom!("remove"), node.clone())),
    });
    let keys = case
        .keys
        .iter()
        .map(|(key, count)| Term::from((key.clone(), *count)));
    Term::from((
        encoding,
        Term::list(history.collect::<Vec<_>>()),
        Term::list(keys.collect::<Vec<_>>()),
    ))
}
