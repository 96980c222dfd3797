//! Which lists and binaries are text.

use crate::List;

/// The characters of a list that is all text: proper, not empty, each element printable.
pub(super) fn list(list: &List, unicode: bool) -> Option<String> {
    if list.is_empty() || list.tail().is_some() {
        return None;
    }
    list.iter()
        .map(|term| {
            let c = char::from_u32(term.as_i64()?.try_into().ok()?)?;
            is_printable(c, unicode).then_some(c)
        })
        .collect()
}

/// The characters of a binary that is all text, and whether it takes `/utf8` to write it so.
pub(super) fn binary(bytes: &[u8], unicode: bool) -> Option<(String, bool)> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let printable = text.chars().all(|c| is_printable(c, unicode));
        return printable.then(|| (text.to_owned(), !text.is_ascii()));
    }
    let latin1 = bytes.iter().map(|byte| char::from(*byte));
    latin1
        .map(|c| is_printable(c, false).then_some(c))
        .collect::<Option<String>>()
        .map(|text| (text, false))
}

/// As `io_lib:printable_unicode_list/1` and `io_lib:printable_latin1_list/1` have it.
fn is_printable(c: char, unicode: bool) -> bool {
    match c {
        '\x08'..='\r' | '\x1B' | ' '..='~' | '\u{A0}'..='\u{FF}' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        '\u{100}'.. => unicode,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Term;

    #[test]
    fn text_is_told_from_numbers() {
        let text = |term: Term, unicode| list(term.as_list().unwrap(), unicode);
        assert_eq!(
            text(Term::charlist("héé\n"), false).as_deref(),
            Some("héé\n")
        );
        assert_eq!(text(Term::charlist("мир"), false), None);
        assert_eq!(text(Term::charlist("мир"), true).as_deref(), Some("мир"));
        assert_eq!(text(Term::list([1, 2]), true), None);
        assert_eq!(text(Term::NIL, true), None);
    }

    #[test]
    fn binaries_are_utf8_or_latin1() {
        assert_eq!(binary("é".as_bytes(), false), Some(("é".into(), true)));
        assert_eq!(binary(b"\xe9", false), Some(("é".into(), false)));
        assert_eq!(binary("мир".as_bytes(), false), None);
        assert_eq!(binary(b"\x01", true), None);
    }
}
