mod elixir;
mod erlang;

use super::*;

#[test]
fn a_call_is_read_in_the_syntax_it_is_written_in() {
    let parser = Parser::default();
    for (text, syntax) in [
        ("lists:seq(1, 3)", Syntax::Erlang),
        ("  lists : seq(1, 3).", Syntax::Erlang),
        ("'lists':seq(1, 3)", Syntax::Erlang),
        (":lists.seq(1, 3)", Syntax::Elixir),
        (":\"lists\".seq(1, 3)", Syntax::Elixir),
        ("Elixir.Enum:sum([1, 2])", Syntax::Erlang),
        ("'Elixir.Enum':sum([1, 2])", Syntax::Erlang),
        ("Enum.sum([1, 2])", Syntax::Elixir),
        ("Elixir.Enum.sum([1, 2])", Syntax::Elixir),
        ("My.App.version", Syntax::Elixir),
    ] {
        match parser.parse_any_call(text) {
            Ok((call, found)) => {
                assert_eq!(found, syntax, "{text}");
                assert_eq!(
                    call,
                    parser.clone().syntax(syntax).parse_call(text).unwrap()
                );
            }
            Err(error) => panic!("{text}: {error}"),
        }
    }
}

#[test]
fn what_is_no_call_has_an_error_that_helps() {
    let fault = |text| {
        let error = Parser::default().parse_any_call(text).unwrap_err();
        (error.offset, error.fault)
    };
    for text in ["", "  node()", "1 + 1", "sum [1]", "lists.seq(1)", "{a, b}"] {
        let blanks = text.len() - text.trim_start().len();
        assert_eq!(fault(text), (blanks, ParseFault::NoCall), "{text}");
    }
    assert_eq!(
        fault("Enum:sum([1])"),
        (0, ParseFault::Variable("Enum".into()))
    );
    assert_eq!(fault("Enum.sum([x])"), (10, ParseFault::Name("x".into())));
    assert_eq!(fault("lists:sum([1]"), (13, ParseFault::End));
    assert_eq!(fault("Enum"), (4, ParseFault::End));
}
