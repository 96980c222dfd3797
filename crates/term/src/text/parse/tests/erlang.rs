//! Erlang syntax.

use super::super::*;
use crate::{Pid, atom};

fn parse(text: &str) -> Term {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn fault(text: &str) -> (usize, ParseFault) {
    let error = text.parse::<Term>().unwrap_err();
    (error.offset, error.fault)
}

#[test]
fn every_kind_of_term_is_read() {
    for (text, same) in [
        (" ok . % done", "ok"),
        ("'a b\\n'", "'a b\\n'"),
        ("[1,2|[3|[]]]", "[1,2,3]"),
        ("[a|b]", "[a|b]"),
        ("{{},[],#{}}", "{{},[],#{}}"),
        ("#{a=>1,b => #{c=>[]}, a => 2}", "#{b => #{c => []},a => 2}"),
        ("16#fF + 0", ""),
        ("-1_000", "-1000"),
        ("+ 7", "7"),
        ("2#101", "5"),
        ("36#Zz", "1295"),
        ("1.5e-3", "0.0015"),
        ("1_0.2_5", "10.25"),
        ("$a", "97"),
        ("$\\n", "10"),
        ("$\\x{1F600}", "128512"),
        ("\"ab\" \"c\\x41\\101\\^a\"", "\"abcAA\" \"\\^A\""),
        ("<<>>", "<<>>"),
        ("<<1, \"ab\", $c>>", "<<1,97,98,99>>"),
        ("<<258:16, 258:16/little, -1:4, 1:4>>", "<<1,2,2,1,241>>"),
        (
            "<<\"é\"/utf8, 233/utf8, 1.0/float>>",
            "<<195,169,195,169,63,240,0,0,0,0,0,0>>",
        ),
        ("<<5:3>>", "<<5:3>>"),
        ("<<1:1, 255, 3:2>>", "<<255,7:3>>"),
        (
            "<<-18446744073709551617:72>>",
            "<<254,255,255,255,255,255,255,255,255>>",
        ),
        ("fun lists:map/2", "fun lists:map/2"),
    ] {
        if same.is_empty() {
            assert!(text.parse::<Term>().is_err(), "{text}");
        } else {
            assert_eq!(parse(text), parse(same), "{text}");
        }
    }
    assert_eq!(parse("[255, 256]"), Term::list([255, 256]));
    assert_eq!(parse("\"é\""), Term::charlist("é"));
}

#[test]
fn errors_say_where_and_what() {
    assert_eq!(fault(""), (0, ParseFault::End));
    assert_eq!(fault("{a,"), (3, ParseFault::End));
    assert_eq!(fault("{a;b}"), (2, ParseFault::Unexpected(";".into())));
    assert_eq!(fault("[a] b"), (4, ParseFault::Unexpected("b".into())));
    assert_eq!(
        fault("#{a => 1, b}"),
        (11, ParseFault::Unexpected("}".into()))
    );
    assert_eq!(fault("[a|b|c]"), (4, ParseFault::Unexpected("|".into())));
    assert_eq!(fault("37#1").1, ParseFault::Number);
    assert_eq!(fault("1.0e999").1, ParseFault::Float(crate::NotFinite));
    assert_eq!(fault("$\\x{D800}").1, ParseFault::Character);
    assert_eq!(fault("<<1:2000>>").1, ParseFault::Segment);
    assert_eq!(fault("<0.1.2>").1, ParseFault::Elsewhere("<0.1.2>".into()));
    assert!(matches!(fault("#Fun<a.1.2>").1, ParseFault::Unreadable(_)));
    assert_eq!(fault(&"9".repeat(10_001)).1, ParseFault::TooManyDigits);
}

#[test]
fn what_is_printed_of_large_integers_is_read() {
    let large = Term::from(crate::Integer::from_le_bytes(true, &[7; 5000]));
    assert_eq!(parse(&large.to_string()), large);
}

#[test]
fn limits_hold() {
    let deep = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let depth = Limits::default().depth;
    assert!(deep(depth).parse::<Term>().is_ok());
    assert_eq!(fault(&deep(depth + 2)).1, ParseFault::TooDeep(depth));
    let unbounded = Parser::new(Limits::NONE);
    assert!(unbounded.parse(&deep(200_000)).is_ok());
    let few = Parser::new(Limits {
        elements: 3,
        ..Limits::default()
    });
    assert!(few.parse("[a,b]").is_ok());
    let error = few.parse("[a,b,c]").unwrap_err();
    assert_eq!(error.fault, ParseFault::TooManyElements(3));
}

#[test]
fn identifiers_are_read_where_they_live() {
    let node = atom!("a@b.c");
    let parser = Parser::default().at(node.clone(), 7);
    let pid: Term = Pid {
        node: node.clone(),
        id: 42,
        serial: 1,
        creation: 7,
    }
    .into();
    assert_eq!(parser.parse("<0.42.1>"), Ok(pid.clone()));
    assert_eq!(parser.parse(&pid.to_string()), Ok(pid));
    let reference = crate::Reference::new(node, 7, [3, 2, 1]).unwrap().into();
    assert_eq!(
        parser.parse("{#Ref<0.1.2.3>}"),
        Ok(Term::tuple::<Term>([reference]))
    );
    assert!(parser.parse("<x@y.42.1>").is_err());
}

#[test]
fn a_call_is_a_function_and_its_arguments() {
    let parser = Parser::default();
    let call = parser.parse_call("'Elixir.Enum':sum([1, 2]).").unwrap();
    assert_eq!(
        (call.module, call.function),
        (atom!("Elixir.Enum"), atom!("sum"))
    );
    assert_eq!(call.arguments, [Term::list([1, 2])]);
    assert_eq!(parser.parse_call("erlang:node()").unwrap().arguments, []);
    assert_eq!(
        parser.parse_call("a:b({1},\"x\")").unwrap().arguments.len(),
        2
    );
    for wrong in [
        "node()",
        "a:b",
        "a:b(1",
        "a:b(1))",
        "a:b(1,,2)",
        "a:b(1,)",
        "A:b()",
    ] {
        assert!(parser.parse_call(wrong).is_err(), "{wrong}");
    }
}
