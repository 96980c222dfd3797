//! `beamport rpc`.

use crate::host::Host;

const NODE: &str = "vm@127.0.0.1";

#[test]
fn answers_are_printed_as_they_are_asked_for() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    for (flags, call, printed) in [
        (&[][..], "lists:seq(1,3)", "[1,2,3]\n"),
        (&[], "lists:reverse(\"cba\").", "\"abc\"\n"),
        (
            &[],
            "erlang:list_to_tuple([ok, <<\"b\">>, #{a => 1.0}])",
            "{ok,<<\"b\">>,#{a => 1.0}}\n",
        ),
        (
            &[],
            ":lists.reverse([1, {:ok, \"b\"}])",
            "[{:ok, \"b\"}, 1]\n",
        ),
        (
            &["--syntax", "elixir"],
            "erlang:list_to_tuple([nil, <<\"b\">>])",
            "{nil, \"b\"}\n",
        ),
        (
            &["--syntax", "erlang"],
            ":lists.reverse([:a, nil])",
            "[nil,a]\n",
        ),
        (
            &["--json"],
            "erlang:list_to_tuple([ok, <<\"b\">>, #{a => [nil]}])",
            "[\"ok\",\"b\",{\"a\":[null]}]\n",
        ),
        (&["--raw"], "erlang:list_to_binary(\"a\\nb\")", "a\nb"),
        (&["--raw"], "lists:append([[<<\"x\">>], \"y\\n\"])", "xy\n"),
        (&["--raw"], "erlang:list_to_tuple([])", "{}\n"),
        (&[], "erlang:whereis(init)", "<0.0.0>\n"),
    ] {
        let words = [&["rpc"], flags, &[NODE, call]].concat();
        assert_eq!(host.run(&words).ok(), printed, "{words:?}");
    }
    // Lines as ~tp breaks them.
    let printed = host.run(&["rpc", NODE, "lists:seq(1000, 1030)"]).ok();
    let lines: Vec<_> = printed.lines().collect();
    assert!(lines.len() == 3 && lines[0].len() <= 80, "{printed}");
    // The call may come by a pipe, and the node may be named without its host.
    let printed = host
        .run_with_input(&["rpc", "vm", "-"], "lists:sum([1,\n2])\n")
        .ok();
    assert_eq!(printed, "3\n");
}

/// As the VM's own shell tells it.
#[test]
fn exceptions_are_told_as_the_shell_tells_them() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    for (call, told) in [
        (
            "lists:seq(1, a)",
            "** exception error: no function clause matching lists:seq(1,a) (lists.erl, line ",
        ),
        (
            "nope:nope(1)",
            "** exception error: undefined function nope:nope/1\n",
        ),
        (
            "erlang:atom_to_list(1)",
            "** exception error: bad argument\n     in function  atom_to_list/1\n        called as atom_to_list(1)\n        *** argument 1: not an atom\n",
        ),
        (
            "erlang:error({badmatch, 1})",
            "** exception error: no match of right hand side value 1\n",
        ),
        (
            "erlang:exit({shutdown, 1})",
            "** exception exit: {shutdown,1}\n",
        ),
        ("erlang:throw({a, b})", "** exception throw: {a,b}\n"),
    ] {
        let said = host.run(&["rpc", NODE, call]).failed(1);
        assert!(said.starts_with(told), "{call}: {said}");
        assert!(!said.contains("erpc:") && !said.contains("rpc:"), "{said}");
    }
    // There is no Elixir to ask.
    let said = host
        .run(&["rpc", NODE, ":erlang.error({:badmatch, 1})"])
        .failed(1);
    assert!(
        said.starts_with("** exception error: {:badmatch, 1}\n"),
        "{said}"
    );
}

#[test]
fn wrong_calls_are_shown_with_a_caret_and_nobody_is_asked() {
    let host = Host::new();
    for (call, told) in [
        (
            "lists:seq(1, Two)",
            "beamport: Two is a variable; 'Two' would be an atom\n  lists:seq(1, Two)\n               ^\n",
        ),
        (
            "lists:seq(1, 2",
            "beamport: the text ends before the term does\n  lists:seq(1, 2\n                ^\n",
        ),
        (
            "hello",
            "beamport: a call is written lists:seq(1, 3) in Erlang, Enum.sum([1, 2]) in Elixir\n  hello\n  ^\n",
        ),
        ("Enum.sum([1, x])", "  Enum.sum([1, x])\n               ^\n"),
    ] {
        let said = host.run(&["rpc", NODE, call]).failed(2);
        assert!(said.contains(told), "{call}: {said}");
    }
}

#[test]
fn who_cannot_be_reached_is_explained() {
    let host = Host::new();
    let said = host.run(&["rpc", NODE, "erlang:node()"]).failed(1);
    assert!(
        said.contains("does not know vm\n  whose fault: the node's\n  what to do:  start"),
        "{said}"
    );
}

#[test]
fn a_call_that_takes_too_long_ends() {
    let host = Host::new();
    let _vm = host.vm(NODE, &[], "");
    let said = host
        .run(&["rpc", NODE, "timer:sleep(infinity)", "--timeout", "2s"])
        .failed(1);
    assert!(said.contains("did not answer in time"), "{said}");
}

/// The variable in which this gives all commands their time has a unit.
#[test]
fn every_command_reads_times_alike() {
    let host = Host::new();
    let _vm = host.vm("vm@127.0.0.1", &[], "");
    let port = host.epmd_port.to_string();
    let names = host.run(&["names", "127.0.0.1", "--port", &port]).ok();
    assert!(names.contains("vm"), "{names}");
    let wrong = host.run(&["names", "127.0.0.1", "--timeout", "5d"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("there are ms, s, m and h"), "{wrong:?}");
}
