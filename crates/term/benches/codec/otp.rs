//! The same by a VM: a module that is compiled there, so that nothing is interpreted.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::cases::Case;

/// Prints the microseconds of one decoding and one encoding, each the best of several rounds.
const PROGRAM: &str = r#"
{ok, Bytes} = file:read_file("/dev/stdin"),
Source = ["-module(codec).", "-export([decode/2, encode/2]).",
    "decode(_, 0) -> ok; decode(B, N) -> binary_to_term(B), decode(B, N - 1).",
    "encode(T, N) -> encode(T, N, 0).",
    "encode(_, 0, S) when S >= 0 -> ok; encode(T, N, S) -> encode(T, N - 1, S + byte_size(term_to_binary(T)))."],
Forms = [begin {ok, Ts, _} = erl_scan:string(S), {ok, F} = erl_parse:parse_form(Ts), F end || S <- Source],
{ok, codec, Beam} = compile:forms(Forms, []),
{module, codec} = code:load_binary(codec, "codec", Beam),
Calls = max(3, 1000000 div (byte_size(Bytes) + 200)),
Best = fun(Run) ->
    lists:min([begin
        Self = self(),
        spawn(fun() -> {T, ok} = timer:tc(fun() -> Run(Calls) end), Self ! {time, T} end),
        receive {time, T} -> T end
    end || _ <- lists:seq(1, 100)]) / Calls
end,
Term = binary_to_term(Bytes),
io:format("~w ~w", [Best(fun(N) -> codec:decode(Bytes, N) end), Best(fun(N) -> codec:encode(Term, N) end)]),
halt()."#;

/// Seconds for each.
pub(crate) struct Times {
    pub(crate) decode: f64,
    pub(crate) encode: f64,
}

pub(crate) fn measure(case: &Case) -> Times {
    let mut erl = Command::new("erl")
        .args(["-noinput", "-start_epmd", "false", "-eval", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("`erl` cannot be started: {error}; install Erlang/OTP"));
    // Dropped at the end of the statement: the VM reads to the end.
    erl.stdin.take().unwrap().write_all(&case.bytes).unwrap();
    let output = erl.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut times = text.split(' ').map(|word| {
        let microseconds: f64 = word
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("the VM says {text}"));
        microseconds / 1e6
    });
    Times {
        decode: times.next().unwrap(),
        encode: times.next().unwrap(),
    }
}
