//! libring's lookup in a VM: a module that is compiled there, so that nothing is interpreted.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Answers each line, which names a sort of keys, with the nanoseconds that a lookup takes in a short round.
const PROGRAM: &str = r#"
Source = ["-module(ring).", "-export([build/1, run/3]).",
    "build(Nodes) -> lists:foldl(fun({P, N}, T) -> try gb_trees:insert(P, N, T) catch error:{key_exists, _} -> T end end,
        gb_trees:empty(), [{erlang:phash2({N, I}, 4294967295), N} || N <- Nodes, I <- lists:seq(1, 128)]).",
    "owner(T, K) when is_atom(K) -> owner(T, term_to_binary(K));
     owner(T, K) -> case gb_trees:iterator_from(erlang:phash2(K, 4294967295), T) of
        [{_, N, _, _} | _] -> N;
        _ -> element(2, gb_trees:smallest(T))
     end.",
    "all(_, []) -> ok; all(T, [K | Ks]) -> _ = owner(T, K), all(T, Ks).",
    "run(_, _, 0) -> ok; run(T, Ks, N) -> all(T, Ks), run(T, Ks, N - 1)."],
Forms = [begin {ok, Ts, _} = erl_scan:string(S), {ok, F} = erl_parse:parse_form(Ts), F end || S <- Source],
{ok, ring, Beam} = compile:forms(Forms, []),
{module, ring} = code:load_binary(ring, "ring", Beam),
Tree = ring:build([list_to_atom("app@10.0.0." ++ integer_to_list(N)) || N <- lists:seq(1, 5)]),
Numbers = lists:seq(0, 999),
Keys = #{
    "i" => Numbers,
    "b" => [iolist_to_binary(["session", integer_to_list(N)]) || N <- Numbers],
    "a" => [list_to_atom("session" ++ integer_to_list(N)) || N <- Numbers],
    "t" => [{session, N} || N <- Numbers]
},
Rounds = 10,
Serve = fun Serve() ->
    case io:get_line("") of
        eof -> halt();
        Line ->
            Mine = maps:get(string:trim(Line), Keys),
            Self = self(),
            spawn(fun() ->
                Start = erlang:monotonic_time(nanosecond),
                ring:run(Tree, Mine, Rounds),
                Self ! {took, erlang:monotonic_time(nanosecond) - Start}
            end),
            receive {took, Took} -> io:format("~w~n", [Took / (Rounds * length(Mine))]) end,
            Serve()
    end
end,
Serve()."#;

pub(crate) struct Vm {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Vm {
    pub(crate) fn start() -> Self {
        let mut child = Command::new("erl")
            .args(["-noshell", "-start_epmd", "false", "-eval", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("`erl` cannot be started: {error}; install Erlang/OTP"));
        let questions = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            questions,
            answers,
        }
    }

    pub(crate) fn lookups_per_second(&mut self, sort: u8) -> f64 {
        let questions = self.questions.as_mut().unwrap();
        questions.write_all(&[sort, b'\n']).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let nanoseconds: f64 = answer
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("the VM says {answer}"));
        1e9 / nanoseconds
    }
}

/// It halts at the end of input.
impl Drop for Vm {
    fn drop(&mut self) {
        drop(self.questions.take());
        let _ = self.child.wait();
    }
}
