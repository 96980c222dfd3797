//! Text and iodata as bytes.

use beamport_term::{List, Term};

/// The bytes of a binary, an atom, iodata, or characters in lists, of which those beyond 255 are written in UTF-8;
/// none if the term is none of these.
pub(super) fn to_bytes(term: &Term) -> Option<Vec<u8>> {
    match term {
        Term::Atom(atom) => return Some(atom.as_str().as_bytes().to_vec()),
        Term::Binary(_) | Term::List(_) => {}
        _ => return None,
    }
    // A list with a character that is no byte is text, in which no number is a byte.
    let (parts, is_text) = flatten(term)?;
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            Part::Bytes(more) => bytes.extend_from_slice(&more),
            Part::Number(number) if is_text => {
                let mut buffer = [0; 4];
                let encoded = char::from_u32(number)?.encode_utf8(&mut buffer);
                bytes.extend_from_slice(encoded.as_bytes());
            }
            Part::Number(number) => bytes.push(number.try_into().ok()?),
        }
    }
    Some(bytes)
}

/// The text of chardata: characters and binaries in UTF-8, in lists however deep.
pub(crate) fn to_text(term: &Term) -> Option<String> {
    let mut text = String::new();
    for part in flatten(term)?.0 {
        match part {
            Part::Bytes(bytes) => text.push_str(std::str::from_utf8(&bytes).ok()?),
            Part::Number(number) => text.push(char::from_u32(number)?),
        }
    }
    Some(text)
}

enum Part {
    Bytes(bytes::Bytes),
    Number(u32),
}

/// What nested lists hold, in order, and whether a number among it is more than a byte. Lists may be nested deeper
/// than the stack is.
fn flatten(term: &Term) -> Option<(Vec<Part>, bool)> {
    let mut parts = Vec::new();
    let mut is_text = false;
    let mut to_do = vec![term.clone()];
    while let Some(next) = to_do.pop() {
        match next {
            Term::Binary(bytes) => parts.push(Part::Bytes(bytes)),
            Term::List(list) => open(&list, &mut to_do),
            Term::Integer(_) => {
                let number = next.as_u64()?.try_into().ok()?;
                is_text |= number > 255;
                parts.push(Part::Number(number));
            }
            _ => return None,
        }
    }
    Some((parts, is_text))
}

/// Puts the elements of a list to what is to be done, the first on top.
fn open(list: &List, to_do: &mut Vec<Term>) {
    to_do.extend(list.tail().cloned());
    let begin = to_do.len();
    to_do.extend(list.iter().map(|element| element.into_owned()));
    if let Some(elements) = to_do.get_mut(begin..) {
        elements.reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Option<Vec<u8>> {
        to_bytes(&text.parse().unwrap())
    }

    #[test]
    fn text_and_iodata_are_bytes() {
        for (term, same) in [
            ("<<\"abc\">>", &b"abc"[..]),
            ("ok", b"ok"),
            ("\"abc\"", b"abc"),
            ("[]", b""),
            (
                "[<<255>>, [1, [\"a\"]], 233 | <<\"z\">>]",
                b"\xFF\x01a\xE9z",
            ),
            ("[233, 8364]", "\u{E9}\u{20AC}".as_bytes()),
        ] {
            assert_eq!(bytes(term).as_deref(), Some(same), "{term}");
        }
        for other in ["{a}", "[a]", "[-1]", "[16#110000]", "1.0", "#{}", "[1|a]"] {
            assert_eq!(bytes(other), None, "{other}");
        }
    }

    #[test]
    fn chardata_is_text_however_deep() {
        let term: Term = "[\"a\", [<<\"\u{E9}\"/utf8>>, [8364]]]".parse().unwrap();
        assert_eq!(to_text(&term).as_deref(), Some("a\u{E9}\u{20AC}"));
        let mut deep = Term::list([97]);
        for _ in 0..200_000 {
            deep = Term::list([deep]);
        }
        assert_eq!(to_text(&deep).as_deref(), Some("a"));
    }
}
