//! A VM for one test.

use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout_at;

use crate::mapper::{Mapper, soon};

pub(crate) const COOKIE: &str = "secret";

/// Evaluates the expressions of each line and prints their value as a line.
const LOOP: &str = r#"
    Loop = fun Loop() ->
        case io:get_line("") of
            eof -> halt(0);
            Line ->
                {ok, Tokens, _} = erl_scan:string(Line),
                {ok, Exprs} = erl_parse:parse_exprs(Tokens),
                Result = try {value, V, _} = erl_eval:exprs(Exprs, []), V
                         catch C:E -> {C, E} end,
                io:format("~0tp~n", [Result]),
                Loop()
        end
    end,
    logger:set_primary_config(level, none),
    io:format("ready~n"),
    Loop().
"#;

/// A VM of this machine, which ends with this.
pub(crate) struct Vm {
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Vm {
    /// A VM that runs.
    pub(crate) async fn start(mapper: &Mapper, name: &str) -> Self {
        Self::start_with(mapper, name, &[]).await
    }

    /// A VM that runs with further flags.
    pub(crate) async fn start_with(mapper: &Mapper, name: &str, flags: &[&str]) -> Self {
        let flags = [&["-setcookie", COOKIE], flags].concat();
        Self::start_at(mapper.port(), name, &flags, &[]).await
    }

    /// A VM that runs with these flags and variables, and the port mapper at this port.
    pub(crate) async fn start_at(
        mapper_port: u16,
        name: &str,
        flags: &[&str],
        variables: &[(&str, &Path)],
    ) -> Self {
        let mut child = Command::new("erl")
            .args(["-name", name])
            .args(flags)
            .args(["-start_epmd", "false", "-noshell", "-eval", LOOP])
            .env("ERL_EPMD_PORT", mapper_port.to_string())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut vm = Self {
            input: child.stdin.take().unwrap(),
            output,
            _child: child,
        };
        assert_eq!(vm.line().await, "ready");
        vm
    }

    /// The value of expressions, printed.
    pub(crate) async fn eval(&mut self, expressions: &str) -> String {
        self.begin(expressions).await;
        self.line().await
    }

    /// The OTP release of the VM: 25 and the like.
    pub(crate) async fn release(&mut self) -> u32 {
        let release = self.eval("list_to_integer(erlang:system_info(otp_release))");
        release.await.parse().unwrap()
    }

    /// Has expressions evaluated; the value is the next [`line`](Self::line).
    pub(crate) async fn begin(&mut self, expressions: &str) {
        let line = format!("{expressions}.\n");
        self.input.write_all(line.as_bytes()).await.unwrap();
    }

    /// The value of what was begun.
    pub(crate) async fn line(&mut self) -> String {
        let line = timeout_at(soon(), self.output.next_line()).await.unwrap();
        line.unwrap().expect("the VM has ended")
    }
}
