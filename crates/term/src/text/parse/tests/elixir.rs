//! Elixir syntax.

use super::super::*;
use crate::{Elixir, Pid, atom};

fn parser() -> Parser {
    Parser::default().syntax(Syntax::Elixir)
}

fn parse(text: &str) -> Term {
    parser()
        .parse(text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn fault(text: &str) -> (usize, ParseFault) {
    let error = parser().parse(text).unwrap_err();
    (error.offset, error.fault)
}

#[test]
fn every_kind_of_term_is_read() {
    for (elixir, erlang) in [
        (" :ok # done", "ok"),
        (":\"a b\\n\"", "'a b\\n'"),
        (":'a b'", "'a b'"),
        ("[nil, true, :true, false]", "[nil, true, true, false]"),
        (
            "[:ok?, :ok!, :a@b, :Ok, :_]",
            "['ok?', 'ok!', a@b, 'Ok', '_']",
        ),
        (
            "[:+, :<<>>, :{}, :%{}, :..//, :|, :.]",
            "['+', '<<>>', '{}', '%{}', '..//', '|', '.']",
        ),
        ("[:é, :\"\\u00E9\"]", "['é', 'é']"),
        (
            "{Foo, Foo.Bar, Elixir, Elixir.Foo}",
            "{'Elixir.Foo', 'Elixir.Foo.Bar', 'Elixir', 'Elixir.Foo'}",
        ),
        (
            "[1_000, 0xfF, 0o17, 0b101, -0x10, + 1]",
            "[1000, 255, 15, 5, -16, 1]",
        ),
        ("[?a, ?\\n, ?é, ?\\\\, ?\\x41]", "[97, 10, 233, 92, 65]"),
        ("[1.5e-3, 1_0.2_5, -1.0E2]", "[0.0015, 10.25, -100.0]"),
        (
            "\"é\\x41\\u{1F600}\\#{\\s\\0\\\n\"",
            "<<\"éA\\x{1F600}#{ \\0\"/utf8>>",
        ),
        ("\"\\xFF\"", "<<255>>"),
        ("'ab\\''", "\"ab'\""),
        ("~c\"ab\" ", "\"ab\""),
        ("~c(é)", "\"é\""),
        ("[~s(a\\n), ~S{a\\n\\}}]", "[<<\"a\\n\">>, <<\"a\\\\n}\">>]"),
        (
            "{~w(a  b), ~w[a b]a, ~w|a b|c, ~w()}",
            "{[<<\"a\">>, <<\"b\">>], [a, b], [\"a\", \"b\"], []}",
        ),
        ("{{}, [], %{}, <<>>, \"\"}", "{{}, [], #{}, <<>>, <<>>}"),
        ("[1, 2 | [3 | :x]]", "[1, 2, 3 | x]"),
        ("[1, 2,]", "[1, 2]"),
        ("{[a: 1,], %{a: 1,}, {1,}}", "{[{a, 1}], #{a => 1}, {1}}"),
        (
            "[a: 1, \"b c\": [d: 2], nil: 3, Foo: 4, +: 5, ok?: 6]",
            "[{a, 1}, {'b c', [{d, 2}]}, {nil, 3}, {'Foo', 4}, {'+', 5}, {'ok?', 6}]",
        ),
        ("[1, a: 2, b: {3}]", "[1, {a, 2}, {b, {3}}]"),
        ("{1, a: 2, b: 3}", "{1, [{a, 2}, {b, 3}]}"),
        ("{:a, b: {:c, d: 1}}", "{a, [{b, {c, [{d, 1}]}}]}"),
        (
            "%{a: 1, \"k\" => 2, 3 => %{b: []}}",
            "#{a => 1, <<\"k\">> => 2, 3 => #{b => []}}",
        ),
        ("%{a: 1, a: 2}", "#{a => 2}"),
        (
            "%My.User{name: \"x\", age: 1}",
            "#{'__struct__' => 'Elixir.My.User', name => <<\"x\">>, age => 1}",
        ),
        ("[%Empty{}]", "[#{'__struct__' => 'Elixir.Empty'}]"),
        ("<<1, -1, ?a>>", "<<1, 255, 97>>"),
        (
            "<<258::16, 258::little-16, 5::size(4), 1::4>>",
            "<<1, 2, 2, 1, 81>>",
        ),
        (
            "<<\"é\", \"a\"::binary, \"é\"::utf8, 233::utf8,>>",
            "<<195, 169, 97, 195, 169, 195, 169>>",
        ),
        (
            "<<1.0, 1.0::float-little>>",
            "<<1.0/float, 1.0/float-little>>",
        ),
        ("<<1, 5::size(3)>>", "<<1, 5:3>>"),
        (
            "[&:lists.map/2, &Enum.map/2, &Kernel.+/2, &:erlang.//2, &:m.\"A b\"/0]",
            "[fun lists:map/2, fun 'Elixir.Enum':map/2, fun 'Elixir.Kernel':'+'/2, fun erlang:'/'/2, fun m:'A b'/0]",
        ),
    ] {
        let expected = erlang
            .parse::<Term>()
            .unwrap_or_else(|error| panic!("{erlang}: {error}"));
        assert_eq!(parse(elixir), expected, "{elixir}");
    }
}

#[test]
fn what_is_printed_is_read() {
    for erlang in [
        "[fun '.':'Foo'/0, fun '+':'+'/2, fun 'Elixir.A':'B'/1, fun a:'a b'/1]",
        "[{'.', 1}, {'..//', 2}, {'é', 3}, {'A', 4}, {'', 5}]",
        "[{'Elixir.A', 1}, {'Elixir.a', 2}]",
        "#{'Elixir' => 'Elixir', '%' => {'%'}, '{}' => {'{}'}}",
        "#{'__struct__' => 'Elixir.A.B', '%{}' => [1 | 2]}",
        "<<\"#{\\e\\d\\\"\\\\\\x{85}\"/utf8>>",
        "['\\x{85}\\x{1}']",
        "{\"#{x}\", [0, 255], -1.5e-300, <<1, 5:3>>}",
    ] {
        let term: Term = erlang.parse().unwrap();
        assert_eq!(parse(&Elixir::new().of(&term).to_string()), term);
    }
    let large = Term::from(crate::Integer::from_le_bytes(true, &[7; 5000]));
    assert_eq!(parse(&Elixir::new().of(&large).to_string()), large);
}

#[test]
fn errors_say_where_and_what() {
    let unexpected = |what: &str| ParseFault::Unexpected(what.into());
    for (text, offset, expected) in [
        ("", 0, ParseFault::End),
        ("{:a,", 4, ParseFault::End),
        ("\"a", 0, ParseFault::End),
        ("[:a] :b", 5, unexpected("b")),
        ("a: 1", 0, unexpected("a:")),
        ("{a: 1}", 1, unexpected("a:")),
        ("[a: 1, 2]", 7, unexpected("2")),
        ("[a: 1 | 2]", 6, unexpected("|")),
        ("{1, a: 2]", 8, unexpected("]")),
        ("%{a: 1, b}", 8, ParseFault::Name("b".into())),
        ("%{1}", 3, unexpected("}")),
        ("%{1 => b: 2}", 7, unexpected("b:")),
        ("[1, foo]", 4, ParseFault::Name("foo".into())),
        ("[a:1]", 1, ParseFault::Key("a".into())),
        ("[,]", 1, unexpected(",")),
        ("1..3", 1, unexpected(".")),
        ("Foo.bar()", 3, unexpected(".")),
        ("\"a#{b}\"", 0, ParseFault::Interpolation),
        ("~s(#{b})", 0, ParseFault::Interpolation),
        ("~r/a/", 0, unexpected("~r")),
        (":\"\\xFF\"", 0, ParseFault::Character),
        ("\"\\u{D800}\"", 0, ParseFault::Character),
        ("<<1::2000>>", 8, ParseFault::Segment),
        ("<<\"a\"::8>>", 8, ParseFault::Segment),
        (
            "#PID<0.1.2>",
            0,
            ParseFault::Elsewhere("#PID<0.1.2>".into()),
        ),
        (
            "[#Function<1.2/3 in A>]",
            1,
            ParseFault::Unreadable("#Function<...>".into()),
        ),
    ] {
        let (at, found) = fault(text);
        assert_eq!(found, expected, "{text}");
        assert!(
            expected == ParseFault::Segment || at == offset,
            "{text}: {at}"
        );
    }
    assert_eq!(
        fault("[x]").1.to_string(),
        "x is a variable or a function; :x would be an atom"
    );
    assert_eq!(
        ParseFault::Interpolation.to_string(),
        r"text with #{...} in it would have to be computed; \#{...} is the text itself"
    );
}

#[test]
fn limits_hold() {
    let nested = |open: &str, levels: usize, close: &str| {
        format!("{}{}", open.repeat(levels), close.repeat(levels))
    };
    let limits = Limits {
        depth: 100,
        ..Limits::default()
    };
    let shallow = Parser::new(limits).syntax(Syntax::Elixir);
    let unbounded = Parser::new(Limits::NONE).syntax(Syntax::Elixir);
    for (open, close) in [("[", "]"), ("{1, a: ", "}"), ("%A{b: ", "}"), ("[a: ", "]")] {
        let text = |levels| format!("{}1{}", open.repeat(levels), close.repeat(levels));
        assert!(shallow.parse(&text(30)).is_ok());
        let error = shallow.parse(&text(101)).unwrap_err();
        assert_eq!(error.fault, ParseFault::TooDeep(100));
        assert!(unbounded.parse(&text(20_000)).is_ok());
    }
    assert!(shallow.parse(&nested("[", 101, "]")).is_err());
    let few = Parser::new(Limits {
        elements: 3,
        ..Limits::default()
    })
    .syntax(Syntax::Elixir);
    for (fits, exceeds) in [("[1, 2]", "[1, 2, 3]"), ("~w(a b)", "~w(a b c)")] {
        assert!(few.parse(fits).is_ok());
        let error = few.parse(exceeds).unwrap_err();
        assert_eq!(error.fault, ParseFault::TooManyElements(3));
    }
}

#[test]
fn identifiers_are_read_where_they_live() {
    let node = atom!("a@b.c");
    let parser = parser().at(node.clone(), 7);
    let pid: Term = Pid {
        node: node.clone(),
        id: 42,
        serial: 1,
        creation: 7,
    }
    .into();
    assert_eq!(parser.parse("#PID<0.42.1>"), Ok(pid.clone()));
    assert_eq!(
        parser.parse(&Elixir::new().of(&pid).to_string()),
        Ok(pid.clone())
    );
    let reference = crate::Reference::new(node, 7, [3, 2, 1]).unwrap().into();
    assert_eq!(
        parser.parse("[#Reference<0.1.2.3> # one\n, #PID<0.42.1>]"),
        Ok(Term::list::<Term>([reference, pid]))
    );
}

#[test]
fn a_call_is_a_function_and_its_arguments() {
    let parser = parser();
    for (elixir, erlang) in [
        ("Enum.sum([1, 2])", "'Elixir.Enum':sum([1, 2])"),
        (" :lists . seq ( 1 , 3 ) ", "lists:seq(1, 3)"),
        (":erlang.node()", "erlang:node()"),
        ("My.App.version", "'Elixir.My.App':version()"),
        (
            "A.b(1, c: 2, d: [e: 3])",
            "'Elixir.A':b(1, [{c, 2}, {d, [{e, 3}]}])",
        ),
        ("A.b(c: 2)", "'Elixir.A':b([{c, 2}])"),
        ("A.ok?(%{a: 1})", "'Elixir.A':'ok?'(#{a => 1})"),
        ("Kernel.+(1, 2)", "'Elixir.Kernel':'+'(1, 2)"),
        ("A.\"b c\"()", "'Elixir.A':'b c'()"),
    ] {
        let call = parser
            .parse_call(elixir)
            .unwrap_or_else(|error| panic!("{elixir}: {error}"));
        assert_eq!(call, Parser::default().parse_call(erlang).unwrap());
    }
    for wrong in [
        "node()",
        "A",
        "A.b(1",
        "A.b(1))",
        "A.b(1,,2)",
        "A.b(1,)",
        "A.b 1",
        "A.B",
        "A.b(c: 1, 2)",
        "A.b().c()",
        "A.b(c: 1]",
        "A.b([1)",
    ] {
        assert!(parser.parse_call(wrong).is_err(), "{wrong}");
    }
}
