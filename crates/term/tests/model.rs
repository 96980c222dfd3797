//! Rust data as terms and back, by serde.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of tests may unwrap as a test may: its failure is the message"
)]

use std::collections::BTreeMap;
use std::fmt::Debug;

use beamport_term::model::MAX_DEPTH;
use beamport_term::{
    Atom, ModelError, Pid, Serializer, Term, atom, from_slice, from_term, to_term, to_vec,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Goes there, as this text, and back, as term and as bytes.
fn both_ways<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, text: &str) {
    let term = to_term(&value).unwrap();
    assert_eq!(term.to_string(), text);
    assert_eq!(from_term::<T>(&term).unwrap(), value);
    assert_eq!(from_slice::<T>(&to_vec(&value).unwrap()).unwrap(), value);
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, ModelError> {
    from_term(&text.parse().unwrap())
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
    age: Option<u8>,
    tags: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Meters(f64);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point(i32, i32);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Ok(Box<Reply>),
    NotFound,
    Value(i64),
    Range(i64, i64),
    Error { reason: String, code: u16 },
}

#[test]
fn data_goes_both_ways() {
    both_ways(true, "true");
    both_ways(-5_i8, "-5");
    both_ways(u64::MAX, "18446744073709551615");
    both_ways(i128::MIN, "-170141183460469231731687303715884105728");
    both_ways(u128::MAX, "340282366920938463463374607431768211455");
    both_ways(1.5_f64, "1.5");
    both_ways(0.25_f32, "0.25");
    both_ways('é', "<<\"é\"/utf8>>");
    both_ways("text".to_owned(), "<<\"text\">>");
    both_ways((), "nil");
    both_ways(None::<u8>, "nil");
    both_ways(Some(7), "7");
    both_ways(vec![1, 2, 300], "[1,2,300]");
    both_ways(vec![104_u8, 105], "\"hi\"");
    both_ways((1, "a".to_owned(), true), "{1,<<\"a\">>,true}");
    both_ways(Meters(2.0), "2.0");
    both_ways(Point(1, -1), "{1,-1}");
    both_ways(Nothing, "'Nothing'");
    both_ways(
        BTreeMap::from([(1, "a".to_owned()), (2, "b".to_owned())]),
        "#{1 => <<\"a\">>,2 => <<\"b\">>}",
    );
    both_ways(
        BTreeMap::from([("k".to_owned(), vec![0.5])]),
        "#{<<\"k\">> => [0.5]}",
    );
    let user = User {
        name: "Ann".into(),
        age: None,
        tags: vec!["a".into()],
    };
    both_ways(
        user,
        "#{name => <<\"Ann\">>,age => nil,tags => [<<\"a\">>]}",
    );
}

#[test]
fn variants_are_tagged() {
    both_ways(Reply::NotFound, "not_found");
    both_ways(Reply::Value(5), "{value,5}");
    both_ways(Reply::Range(1, 2), "{range,1,2}");
    both_ways(Reply::Ok(Box::new(Reply::NotFound)), "{ok,not_found}");
    let error = Reply::Error {
        reason: "why".into(),
        code: 3,
    };
    both_ways(error, "{error,#{reason => <<\"why\">>,code => 3}}");
    both_ways(Ok::<u8, String>(1), "{'Ok',1}");
    assert_eq!(read::<Reply>("<<\"not_found\">>").unwrap(), Reply::NotFound);
    let listed = read::<Reply>("{error,[{code,1},{reason,<<\"x\">>}]}").unwrap();
    assert_eq!(
        listed,
        Reply::Error {
            reason: "x".into(),
            code: 1
        }
    );
}

#[test]
fn structs_are_read_from_all_that_erlang_and_elixir_have_for_them() {
    let ann = User {
        name: "Ann".into(),
        age: Some(7),
        tags: vec![],
    };
    for text in [
        "#{name => <<\"Ann\">>, age => 7, tags => []}",
        "#{<<\"name\">> => <<\"Ann\">>, <<\"age\">> => 7, <<\"tags\">> => []}",
        "#{'__struct__' => 'Elixir.User', name => <<\"Ann\">>, age => 7, tags => []}",
        "[{name, \"Ann\"}, {age, 7}, {tags, []}]",
        "{'User', <<\"Ann\">>, 7, []}",
        "{'User', 'Ann', 7, {}}",
    ] {
        assert_eq!(read::<User>(text).unwrap(), ann, "{text}");
    }
    let missing = read::<User>("#{name => <<\"Ann\">>, age => undefined, tags => []}").unwrap();
    assert_eq!(missing.age, None);

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Options {
        verbose: bool,
        level: u8,
    }
    let options = Options {
        verbose: true,
        level: 3,
    };
    assert_eq!(read::<Options>("[verbose, {level, 3}]").unwrap(), options);
    assert_eq!(
        read::<Options>("#{'__struct__' => x, verbose => true, level => 3}").unwrap(),
        options
    );
}

#[test]
fn text_is_read_from_binaries_atoms_and_strings() {
    for text in ["<<\"ab\">>", "ab", "\"ab\""] {
        assert_eq!(read::<String>(text).unwrap(), "ab");
    }
    assert_eq!(read::<char>("97").unwrap(), 'a');
    assert_eq!(read::<f64>("2").unwrap(), 2.0);
    assert_eq!(read::<Vec<u8>>("\"ab\"").unwrap(), b"ab");
    assert_eq!(read::<(u8, u8)>("[1,2]").unwrap(), (1, 2));
    assert!(read::<()>("ok").is_ok());
    let term: Term = "[<<\"borrowed\">>, atom]".parse().unwrap();
    assert_eq!(from_term::<Vec<&str>>(&term).unwrap(), ["borrowed", "atom"]);
}

#[test]
fn none_is_what_one_wants() {
    let erlang = Serializer::new().none(atom!("undefined"));
    let user = User {
        name: "Ann".into(),
        age: None,
        tags: vec![],
    };
    let term = user.serialize(&erlang).unwrap();
    assert_eq!(term.lookup("age"), Some(atom!("undefined").into()));
    assert_eq!(from_term::<User>(&term).unwrap(), user);
}

/// What serde has no type for, such as a pid, passes as a term.
#[test]
fn terms_pass_as_they_are() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Message {
        from: Term,
        body: Vec<Term>,
    }
    let pid = Pid {
        node: atom!("a@b"),
        id: 1,
        serial: 2,
        creation: 3,
    };
    let body = vec![Term::from((atom!("x"), Term::float(1.5).unwrap()))];
    let message = Message {
        from: pid.into(),
        body,
    };
    both_ways(message, "#{from => <a@b.1.2>,body => [{x,1.5}]}");
}

#[test]
fn atoms_pass_as_they_are() {
    let options: BTreeMap<Atom, u8> = [(atom!("a b"), 1), (atom!("c"), 2)].into();
    both_ways(options, "#{'a b' => 1,c => 2}");
    both_ways(vec![(atom!("a"), true)], "[{a,true}]");
    let error = read::<Atom>("<<\"text\">>").unwrap_err();
    assert_eq!(error.to_string(), "<<\"text\">> is no atom");
}

#[test]
fn mismatches_say_what_was_found() {
    let message = |error: ModelError| error.to_string();
    assert_eq!(
        message(read::<u8>("<<\"x\">>").unwrap_err()),
        "invalid type: the binary <<\"x\">>, expected u8"
    );
    assert_eq!(
        message(read::<u8>("300").unwrap_err()),
        "invalid value: integer `300`, expected u8"
    );
    let long = format!("[{}]", "abc,".repeat(50) + "x");
    let error = message(read::<String>(&long).unwrap_err());
    assert!(
        error.starts_with("invalid type: the list [abc,") && error.contains("...,"),
        "{error}"
    );
    assert!(message(read::<User>("#{name => x}").unwrap_err()).contains("missing field"));
    assert!(message(read::<Reply>("{nope, 1}").unwrap_err()).contains("unknown variant `nope`"));
    assert!(read::<Reply>("{value,1,2}").is_err());
    assert!(read::<(u8, u8)>("{1,2,3}").is_err());
    assert!(read::<Vec<u8>>("[1|2]").is_err());
    assert!(to_term(&f64::NAN).is_err());
    assert!(from_slice::<u8>(b"\x83\x61").is_err());
}

#[test]
fn depth_is_bounded_both_ways() {
    #[derive(Serialize, Deserialize)]
    struct Nest(Vec<Nest>);
    let text = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let term: Term = text(5000).parse().unwrap();
    assert_eq!(
        from_term::<Nest>(&term).map(|_| ()),
        Err(ModelError::TooDeep)
    );
    let fine: Term = text(MAX_DEPTH / 2).parse().unwrap();
    let nest = from_term::<Nest>(&fine).unwrap();
    assert_eq!(to_term(&nest).unwrap(), fine);
    let deep = (0..MAX_DEPTH).fold(nest, |nest, _| Nest(vec![nest]));
    assert_eq!(to_term(&deep), Err(ModelError::TooDeep));
}
