//! A VM that answers questions about terms: one process for each way to start it, asked over its standard input
//! and output in packets with a length of four bytes, for as long as the tests run.
//!
//! It is the `erl` of the search path, or the command that the variable `BEAMPORT_ERL` names. Any OTP from 23 on will
//! do; where they differ, tests ask for its [`release`](Vm::release).

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use beamport_term::{Term, decode, encode};

/// The loop that answers: a byte that says what is asked, then what it is asked about. The answer is 0 and what
/// was asked for, or 1 and why there is none. At the end of input the VM halts.
const LOOP: &str = r#"
Text = fun(Format, Term) -> unicode:characters_to_binary(io_lib:format(Format, [Term])) end,
Parse = fun(Source) ->
    {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Source) ++ "."),
    {ok, Parsed} = erl_parse:parse_term(Tokens),
    term_to_binary(Parsed)
end,
Answer = fun
    ($b, Bytes) -> term_to_binary(binary_to_term(Bytes));
    ($d, Bytes) -> term_to_binary(binary_to_term(Bytes), [deterministic]);
    ($z, Bytes) -> term_to_binary(binary_to_term(Bytes), [compressed]);
    ($2, Bytes) -> term_to_binary(binary_to_term(Bytes), [{minor_version, 2}]);
    ($s, Bytes) -> term_to_binary(lists:sort(binary_to_term(Bytes)));
    ($c, Bytes) ->
        case binary_to_term(Bytes) of
            [A, B] when A < B -> <<"<">>;
            [A, B] when A == B -> <<"=">>;
            _ -> <<">">>
        end;
    ($h, Bytes) ->
        Term = binary_to_term(Bytes),
        <<(erlang:phash2(Term)):32, (erlang:phash2(Term, 1 bsl 32)):32>>;
    ($w, Bytes) -> Text("~tw", binary_to_term(Bytes));
    ($0, Bytes) -> Text("~0tp", binary_to_term(Bytes));
    ($p, Bytes) -> Text("~tp", binary_to_term(Bytes));
    ($n, Bytes) -> Text("~30tp", binary_to_term(Bytes));
    ($t, Source) -> Parse(Source);
    ($v, _) -> list_to_binary(erlang:system_info(otp_release))
end,
Port = open_port({fd, 0, 1}, [{packet, 4}, binary, eof]),
Loop = fun Self() ->
    receive
        {Port, {data, <<What, About/binary>>}} ->
            Reply = try [0, Answer(What, About)] catch Class:Reason -> [1, Text("~tp", {Class, Reason})] end,
            port_command(Port, Reply),
            Self();
        {Port, eof} -> halt()
    end
end,
Loop()."#;

/// What a VM can be asked.
#[derive(Clone, Copy)]
pub(crate) enum Question {
    /// `term_to_binary(Term)`
    Encode = b'b' as isize,
    /// `term_to_binary(Term, [deterministic])`
    EncodeDeterministic = b'd' as isize,
    /// `term_to_binary(Term, [compressed])`
    EncodeCompressed = b'z' as isize,
    /// `term_to_binary(Term, [{minor_version, 2}])`
    EncodeUtf8 = b'2' as isize,
    /// `lists:sort(Term)`
    Sort = b's' as isize,
    /// `A < B`, `A == B` or `A > B` of `[A, B]`
    Compare = b'c' as isize,
    /// `phash2(Term)` and `phash2(Term, 1 bsl 32)`
    Hash = b'h' as isize,
    /// `~tw`
    Written = b'w' as isize,
    /// `~0tp`
    Line = b'0' as isize,
    /// `~tp`
    Pretty = b'p' as isize,
    /// `~30tp`
    Narrow = b'n' as isize,
    /// The term that a text is, encoded.
    Parse = b't' as isize,
    /// `system_info(otp_release)`
    Release = b'v' as isize,
}

/// A VM that takes only Latin-1 for text, as it does by default.
pub(crate) static LATIN1: LazyLock<Vm> = LazyLock::new(|| Vm::start("latin1"));

/// A VM that takes Unicode for text.
pub(crate) static UNICODE: LazyLock<Vm> = LazyLock::new(|| Vm::start("unicode"));

pub(crate) struct Vm(Mutex<Pipes>);

struct Pipes {
    _child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Vm {
    fn start(printable: &str) -> Self {
        let command = std::env::var("BEAMPORT_ERL").unwrap_or_else(|_| "erl".to_owned());
        let mut words = command.split_ascii_whitespace();
        let mut child = Command::new(words.next().unwrap_or("erl"))
            .args(words)
            .args(["+pc", printable, "-noinput", "-start_epmd", "false", "-eval", LOOP])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("these tests ask a real Erlang VM, and `{command}` cannot be started: {error}; install Erlang/OTP (Debian: erlang-base)")
            });
        let input = child.stdin.take().expect("standard input was piped");
        let output = child.stdout.take().expect("standard output was piped");
        Self(Mutex::new(Pipes {
            _child: child,
            input,
            output,
        }))
    }

    /// The OTP release it is of.
    pub(crate) fn release(&self) -> u32 {
        let release = self.ask(Question::Release, b"").unwrap();
        String::from_utf8(release).unwrap().parse().unwrap()
    }

    /// Asks about bytes; the answer, or what the VM raised.
    pub(crate) fn ask(&self, question: Question, about: &[u8]) -> Result<Vec<u8>, String> {
        let mut pipes = self.0.lock().unwrap_or_else(|broken| broken.into_inner());
        let mut packet = u32::try_from(about.len() + 1)
            .unwrap()
            .to_be_bytes()
            .to_vec();
        packet.push(question as u8);
        packet.extend_from_slice(about);
        pipes.input.write_all(&packet).expect("the VM reads");
        pipes.input.flush().expect("the VM reads");
        let mut length = [0; 4];
        pipes
            .output
            .read_exact(&mut length)
            .expect("the VM answers");
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        pipes
            .output
            .read_exact(&mut answer)
            .expect("the VM answers");
        match answer.split_first() {
            Some((0, answer)) => Ok(answer.to_vec()),
            _ => Err(String::from_utf8_lossy(&answer).into_owned()),
        }
    }

    /// Asks about a term, which goes there in our encoding.
    pub(crate) fn ask_about(&self, question: Question, term: &Term) -> Vec<u8> {
        let bytes = encode(term).unwrap();
        self.ask(question, &bytes)
            .unwrap_or_else(|raised| panic!("{term}: {raised}"))
    }

    /// Asks for a text.
    pub(crate) fn text(&self, question: Question, term: &Term) -> String {
        String::from_utf8(self.ask_about(question, term)).unwrap()
    }

    /// Asks for a term.
    pub(crate) fn term(&self, question: Question, about: &Term) -> Term {
        decode(&self.ask_about(question, about).into()).unwrap()
    }
}
