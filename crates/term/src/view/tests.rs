use super::*;
use crate::{Decoder, atom, encode};

fn encoded(text: &str) -> Encoded {
    let term: Term = text.parse().unwrap();
    Encoded::new(encode(&term).unwrap(), Limits::default()).unwrap()
}

#[test]
fn parts_are_found_whatever_stands_before_them() {
    let message = encoded(
        "{[1, {2, [300, x]}, #{}], {}, #{a => {[300, x], 1}, <<\"b\">> => 2, c => \"str\"}, [x, y | z], 1.5, 'é'}",
    );
    let view = message.view();
    assert_eq!(view.elements().len(), 6);
    assert_eq!(
        view.get(0)
            .unwrap()
            .get(1)
            .unwrap()
            .get(1)
            .unwrap()
            .get(0)
            .unwrap()
            .as_i64(),
        Some(300)
    );
    assert_eq!(view.get(1).unwrap().elements().count(), 0);
    let map = view.get(2).unwrap();
    assert_eq!(map.pairs().len(), 3);
    assert_eq!(map.field("a").unwrap().get(1).unwrap().as_i64(), Some(1));
    assert_eq!(map.field("c").unwrap().as_bytes(), Some(&b"str"[..]));
    assert!(map.field("b").is_none());
    let improper = view.get(3).unwrap();
    assert_eq!(improper.elements().len(), 2);
    assert!(improper.tail().unwrap().is_atom("z"));
    assert_eq!(view.get(4).unwrap().as_f64(), Some(1.5));
    assert!(view.get(5).unwrap().is_atom("é"));
    assert!(view.get(6).is_none());
    for (part, text) in view.elements().zip(["[1,{2,[300,x]},#{}]", "{}"]) {
        assert_eq!(part.to_term().unwrap().to_string(), text);
    }
}

#[test]
fn what_is_asked_of_another_type_is_not_there() {
    let encoded = encoded("{ok, 1}");
    let view = encoded.view();
    assert_eq!(view.tagged("ok").map(|rest| rest.len()), Some(1));
    assert!(view.tagged("error").is_none());
    assert!(view.tail().is_none() && view.field("ok").is_none());
    assert!(view.as_i64().is_none() && view.as_str().is_none() && view.as_f64().is_none());
    let one = view.get(1).unwrap();
    assert!(one.tagged("ok").is_none() && one.get(0).is_none() && !one.is_atom("1"));
}

#[test]
fn large_integers_and_parts_share_the_decoder() {
    let encoded = encoded("[123456789012, -123456789012345678901234567890]");
    let view = encoded.view();
    assert_eq!(view.get(0).unwrap().as_i64(), Some(123_456_789_012));
    assert_eq!(view.get(1).unwrap().as_i64(), None);
    assert_eq!(view.encoded(), &encoded.bytes[1..]);
}

#[test]
fn what_is_compressed_is_inflated() {
    let term = Term::from((atom!("a"), "x".repeat(1000)));
    let bytes = crate::Encoder::new().compressed(9).encode(&term).unwrap();
    assert!(bytes.len() < 100);
    let encoded = Encoded::new(bytes, Limits::default()).unwrap();
    assert_eq!(encoded.view().to_term(), Ok(term));
}

#[test]
fn errors_and_limits_are_those_of_the_decoder() {
    let deep = |levels: usize| [&[131][..], &[104, 1].repeat(levels), &[106]].concat();
    let limits = Limits {
        depth: 100,
        elements: 1000,
        bytes: 2000,
    };
    for bytes in [
        deep(100),
        deep(101),
        deep(999),
        deep(1001),
        [131, 108, 255, 255, 255, 255].to_vec(),
        [131, 68].to_vec(),
        [131, 82, 0].to_vec(),
        [131, 77, 0, 0, 0, 1, 9, 255].to_vec(),
        [131, 77, 0, 0, 0, 0, 3].to_vec(),
        [131, 77, 0, 0, 0, 0, 0].to_vec(),
        [131, 119, 1, 0xFF].to_vec(),
        [131, 97, 1, 1].to_vec(),
        [130, 97].to_vec(),
        [131, 90, 0, 6, 119, 1, 97, 0, 0, 0, 0].to_vec(),
        // [[] | [[] | ...]] is one list.
        [&[131][..], &[108, 0, 0, 0, 1, 106].repeat(300), &[106]].concat(),
    ] {
        let bytes = Bytes::from(bytes);
        let decoded = Decoder::new(limits).decode(&bytes);
        match (Encoded::new(bytes.clone(), limits), decoded) {
            (Ok(encoded), Ok(term)) => assert_eq!(encoded.view().to_term(), Ok(term)),
            (Err(ours), Err(theirs)) => assert_eq!(ours, theirs, "{bytes:?}"),
            (ours, theirs) => panic!("{bytes:?}: {} {theirs:?}", ours.is_ok()),
        }
    }
}
