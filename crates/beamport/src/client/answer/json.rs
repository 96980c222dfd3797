//! Terms as JSON.
//!
//! | Erlang | JSON |
//! |---|---|
//! | `true`, `false` | `true`, `false` |
//! | `nil`, `null` | `null` |
//! | another atom | a string |
//! | an integer, however large; a float | a number |
//! | a binary in UTF-8 | a string |
//! | another binary | `{"base64": "…"}` |
//! | a list that is proper, a tuple | an array; a string in Erlang's sense is a list |
//! | a map | an object; keys that are neither atoms nor binaries in UTF-8 in Erlang's syntax, and all keys so if two would come to be the same |
//! | all else: pids, references, funs, bit strings, improper lists | a string in Erlang's syntax |

use std::collections::HashSet;
use std::fmt::Write as _;

use beamport_term::{List, Map, Term};

/// Prints a term on one line.
pub(super) fn print(term: &Term) -> String {
    let mut out = String::new();
    // What is still to be written, last first: terms may be nested deeper than the stack is.
    let mut to_do = vec![Piece::Term(term.clone())];
    while let Some(piece) = to_do.pop() {
        match piece {
            Piece::Text(text) => out.push_str(&text),
            Piece::Term(term) => write(&term, &mut out, &mut to_do),
        }
    }
    out
}

enum Piece {
    Term(Term),
    Text(String),
}

impl Piece {
    fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

fn write(term: &Term, out: &mut String, to_do: &mut Vec<Piece>) {
    match term {
        Term::Atom(atom) => match atom.as_str() {
            word @ ("true" | "false") => out.push_str(word),
            "nil" | "null" => out.push_str("null"),
            other => string(other, out),
        },
        Term::Integer(_) | Term::Float(_) => {
            let _ = write!(out, "{term}");
        }
        Term::Binary(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => string(text, out),
            Err(_) => {
                let _ = write!(out, "{{\"base64\":\"{}\"}}", base64(bytes));
            }
        },
        Term::List(list) if list.tail().is_none() => array(elements(list), to_do),
        Term::Tuple(tuple) => array(tuple.to_vec(), to_do),
        Term::Map(map) => object(map, to_do),
        other => string(&other.to_string(), out),
    }
}

fn elements(list: &List) -> Vec<Term> {
    list.iter().map(|element| element.into_owned()).collect()
}

fn array(elements: Vec<Term>, to_do: &mut Vec<Piece>) {
    to_do.push(Piece::text("]"));
    for (position, element) in elements.into_iter().enumerate().rev() {
        to_do.push(Piece::Term(element));
        if position > 0 {
            to_do.push(Piece::text(","));
        }
    }
    to_do.push(Piece::text("["));
}

fn object(map: &Map, to_do: &mut Vec<Piece>) {
    let key = |term: &Term| match term {
        Term::Atom(atom) => atom.as_str().to_owned(),
        other => other
            .as_str()
            .map_or_else(|| other.to_string(), str::to_owned),
    };
    let keys: HashSet<String> = map.iter().map(|(term, _)| key(term)).collect();
    let is_unambiguous = keys.len() == map.len();
    to_do.push(Piece::text("}"));
    let pairs: Vec<_> = map.sorted().collect();
    for (position, (term, value)) in pairs.into_iter().enumerate().rev() {
        to_do.push(Piece::Term(value.clone()));
        let mut text = if position > 0 { "," } else { "" }.to_owned();
        let key = if is_unambiguous {
            key(term)
        } else {
            term.to_string()
        };
        string(&key, &mut text);
        text.push(':');
        to_do.push(Piece::Text(text));
    }
    to_do.push(Piece::text("{"));
}

fn string(text: &str, out: &mut String) {
    let _ = write!(out, "{}", serde_json::Value::from(text));
}

/// Base 64 with padding (RFC 4648).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |n| u32::from(group.get(n).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let number = (bits >> (18 - 6 * digit)) as usize & 63;
            let letter = DIGITS.get(number).filter(|_| digit <= group.len());
            text.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_form() {
        for (term, json) in [
            (
                "[true, false, nil, null, undefined]",
                r#"[true,false,null,null,"undefined"]"#,
            ),
            ("{ok, 1, -2.5, 1.0e100}", r#"["ok",1,-2.5,1.0e100]"#),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("<<\"q\\\"\\n\u{E9}\"/utf8>>", "\"q\\\"\\n\u{E9}\""),
            ("<<255,0>>", r#"{"base64":"/wA="}"#),
            ("<<255>>", r#"{"base64":"/w=="}"#),
            ("<<255,255,255>>", r#"{"base64":"////"}"#),
            ("\"ab\"", "[97,98]"),
            ("[]", "[]"),
            ("{}", "[]"),
            ("[a|b]", r#""[a|b]""#),
            ("<<5:3>>", r#""<<5:3>>""#),
            ("fun lists:map/2", r#""fun lists:map/2""#),
            ("#{}", "{}"),
            (
                "#{b => [], a => #{<<\"k\">> => {x}}, 1 => 2, \"s\" => 3}",
                r#"{"1":2,"a":{"k":["x"]},"b":[],"\"s\"":3}"#,
            ),
            ("#{a => 1, <<\"a\">> => 2}", r#"{"a":1,"<<\"a\">>":2}"#),
        ] {
            let printed = print(&term.parse().unwrap());
            assert_eq!(printed, json, "{term}");
            assert!(
                serde_json::from_str::<serde_json::Value>(&printed).is_ok(),
                "{printed}"
            );
        }
    }

    #[test]
    fn depth_is_no_matter() {
        let mut deep = Term::default();
        for _ in 0..200_000 {
            deep = Term::list([deep]);
        }
        assert_eq!(print(&deep).len(), 2 * 200_001);
    }
}
