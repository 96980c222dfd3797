//! What holds of terms for every input, shared by the fuzz targets and by the test that replays the corpus with a
//! stable toolchain (`crates/term/tests/corpus.rs`).
//!
//! Everywhere: no panic, and what was read comes back when it is written and read again.

#![allow(dead_code, reason = "each fuzz target uses one")]

use beamport_term::wire::Fault;
use beamport_term::{
    Cursor, Decoder, Elixir, Encoded, Encoder, Erlang, Limits, Parser, Syntax, Term, Token, View,
    decode, encode,
};

/// Small, so that input finds them.
const LIMITS: Limits = Limits {
    depth: 200,
    bytes: 1 << 16,
    elements: 10_000,
};

/// Any bytes where an encoded term was expected.
pub(crate) fn term_decode(bytes: &[u8]) {
    viewed(bytes);
    let skipped = Cursor::new(bytes).is_ok_and(|mut cursor| cursor.skip().is_ok());
    let Ok((term, used)) = Decoder::new(LIMITS).decode_prefix(&bytes.to_vec().into()) else {
        return;
    };
    assert!(used <= bytes.len());
    // Compressed and private terms have no tokens.
    assert!(skipped || matches!(bytes.get(1), Some(80 | 121)));
    let again = encode(&term).unwrap();
    assert_eq!(decode(&again.into()).unwrap(), term);
    let sorted = Encoder::new().deterministic(true).encode(&term).unwrap();
    let same = decode(&sorted.clone().into()).unwrap();
    assert_eq!(same, term);
    assert_eq!(
        Encoder::new().deterministic(true).encode(&same).unwrap(),
        sorted
    );
    assert_eq!(same.phash2(), term.phash2());
    assert!(same.compare(&term).is_eq());
    for style in [
        Erlang::WRITTEN,
        Erlang::LINE,
        Erlang::PRETTY,
        Erlang::PRETTY.width(20),
    ] {
        assert!(!style.of(&term).to_string().is_empty());
    }
    assert!(!Elixir::new().of(&term).to_string().is_empty());
}

/// What can be looked at can be decoded, and the other way round; only of a map with a key that comes twice this does
/// not hold, which has to be decoded to be found.
fn viewed(bytes: &[u8]) {
    let decoded = Decoder::new(LIMITS).decode(&bytes.to_vec().into());
    match (Encoded::new(bytes.to_vec(), LIMITS), decoded) {
        (Ok(encoded), Ok(term)) => {
            assert_eq!(encoded.view().to_term().unwrap(), term);
            walk(encoded.view());
        }
        (Ok(_), Err(error)) => assert!(matches!(error.fault, Fault::Key(_)), "{error}"),
        (Err(_), Ok(term)) => assert!(matches!(term, Term::Local(_)), "{term}"),
        (Err(_), Err(_)) => {}
    }
}

/// Parts are where one after the other says they are.
fn walk(view: View<'_>) {
    let parts: Vec<View<'_>> = match view.token() {
        Token::Map(_) => view.pairs().flat_map(|(k, v)| [k, v]).collect(),
        Token::List(_) => view.elements().chain(view.tail()).collect(),
        Token::Tuple(_) => view.elements().collect(),
        _ => return,
    };
    let length: usize = parts.iter().map(|part| part.encoded().len()).sum();
    let head = if view.encoded().first() == Some(&104) {
        2
    } else {
        5
    };
    assert_eq!(view.encoded().len(), head + length);
    parts.into_iter().for_each(walk);
}

/// Any text where a term was expected.
pub(crate) fn term_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let parser = Parser::new(LIMITS);
    let _ = parser.parse_any_call(text);
    let _ = parser.parse_call(text);
    let Ok(term) = parser.parse(text) else {
        return;
    };
    comes_back(&term);
}

/// Any text where a term of Elixir was expected.
pub(crate) fn term_elixir(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let parser = Parser::new(LIMITS).syntax(Syntax::Elixir);
    let _ = parser.parse_any_call(text);
    let _ = parser.parse_call(text);
    let Ok(term) = parser.parse(text) else {
        return;
    };
    comes_back(&term);
}

/// A term that has been read is the same however it is written and read again.
fn comes_back(term: &Term) {
    let elixir = Elixir::new().of(term).to_string();
    let parser = Parser::new(Limits::NONE).syntax(Syntax::Elixir);
    assert_eq!(&parser.parse(&elixir).unwrap(), term, "{elixir}");
    for style in [
        Erlang::WRITTEN,
        Erlang::LINE,
        Erlang::PRETTY,
        Erlang::PRETTY.width(20),
    ] {
        let printed = style.of(term).to_string();
        assert_eq!(&printed.parse::<Term>().unwrap(), term, "{printed}");
    }
    assert_eq!(&decode(&encode(term).unwrap().into()).unwrap(), term);
}
