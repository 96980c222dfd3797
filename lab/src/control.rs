//! Asking a stock node things quickly: it evaluates Erlang expressions that it is sent on a TCP port.
//!
//! The node is given that ability with `-eval`, so nothing needs to be loaded into it. It is for tests and demos:
//! whoever reaches the port is obeyed.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Longer than any of a VM's own patience: a ping gives up after 7 s.
const DEADLINE: Duration = Duration::from_secs(30);

/// Takes a line with Erlang expressions and answers with a line that has the value of the last.
const SERVE: &str = r#"
spawn(fun() ->
  {ok, L} = gen_tcp:listen(PORT, [binary, {packet, line}, {active, false}, {buffer, 65536}, {reuseaddr, true}]),
  Serve = fun(S) ->
    {ok, Line} = gen_tcp:recv(S, 0),
    {ok, Tokens, _} = erl_scan:string(binary_to_list(Line)),
    {ok, Exprs} = erl_parse:parse_exprs(Tokens),
    {value, Value, _} = erl_eval:exprs(Exprs, []),
    gen_tcp:send(S, io_lib:format("~0tp~n", [Value])),
    gen_tcp:close(S)
  end,
  Loop = fun Loop() -> {ok, S} = gen_tcp:accept(L), spawn(fun() -> Serve(S) end), Loop() end,
  Loop()
end)."#;

/// What to give a VM after `-eval`, for a control on `port`.
pub fn serve(port: u16) -> String {
    SERVE.replace("PORT", &port.to_string())
}

/// The value of Erlang expressions, ended with a dot, as `~0tp` writes it.
pub fn ask(control: SocketAddr, expressions: &str) -> Result<String> {
    let mut socket = TcpStream::connect_timeout(&control, DEADLINE)?;
    socket.set_read_timeout(Some(DEADLINE))?;
    socket.write_all(format!("{}\n", expressions.replace('\n', " ")).as_bytes())?;
    let mut answer = String::new();
    BufReader::new(socket).read_line(&mut answer)?;
    ensure!(!answer.is_empty(), "the node cannot evaluate {expressions}");
    Ok(answer.trim_end().to_owned())
}

/// The nodes that the node behind `ask` is connected to, visible and hidden, sorted.
pub fn connected(ask: impl Fn(&str) -> Result<String>) -> Result<Vec<String>> {
    let list = ask("lists:sort(nodes(connected)).")?;
    let names = list
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .with_context(|| format!("{list} is not a list"))?
        .split(',');
    Ok(names
        .map(|name| name.trim_matches('\'').to_owned())
        .filter(|name| !name.is_empty())
        .collect())
}
