//! Input that is no term, or too much of one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of tests may fail as a test may: its failure is the message"
)]

use beamport_term::wire::Fault;
use beamport_term::{
    Atom, Cursor, DecodeError, Decoder, Encoded, Limits, Reference, Term, Token, atom, decode,
    encode,
};
use bytes::Bytes;
use proptest::prelude::*;

/// What is wrong, whether it is to be decoded or looked at.
fn fault(bytes: &[u8]) -> (usize, Fault) {
    let bytes = Bytes::copy_from_slice(bytes);
    let error = decode(&bytes).unwrap_err();
    let viewed = Encoded::new(bytes, Limits::default());
    assert_eq!(viewed.err(), Some(error));
    let DecodeError { offset, fault } = error;
    (offset, fault)
}

fn sample() -> Term {
    let reference = Reference::new(atom!("a@b"), 3, [1, 2, 3, 4, 5]).unwrap();
    Term::from((
        atom!("$gen_call"),
        Term::improper_list([atom!("alias").into(), 1.5.try_into().unwrap()], reference),
        Term::map([
            (Term::list(["x"]), Term::charlist("string")),
            (1.into(), Term::from(u128::MAX)),
        ]),
    ))
}

#[test]
fn every_beginning_of_a_term_is_truncated() {
    let whole = encode(&sample()).unwrap();
    for length in 0..whole.len() {
        let bytes = whole.get(..length).unwrap();
        assert_eq!(fault(bytes).1, Fault::Truncated, "{length} bytes");
    }
}

#[test]
fn errors_say_where() {
    assert_eq!(fault(b"\x84"), (0, Fault::Version(0x84)));
    assert_eq!(fault(b"\x83\x68\x02\x61\x01\xff"), (5, Fault::Tag(0xff)));
    assert_eq!(fault(b"\x83\x61\x01\x00\x00"), (3, Fault::Trailing(2)));
    assert_eq!(fault(b"\x83\x68\x01\x52\x07"), (3, Fault::UnknownAtom(7)));
    let error = decode(&Bytes::from_static(b"\x83\x68\x01\xff")).unwrap_err();
    assert_eq!(error.to_string(), "255 is no tag of a term (at byte 3)");
}

/// The 240 GB of eetf 0.12: a length is believed only as far as there is input.
#[test]
fn a_length_beyond_the_input_allocates_nothing() {
    for tag in [b'l', b'i', b't', b'm', b'o'] {
        let bytes = [131, tag, 255, 255, 255, 255];
        assert_eq!(fault(&bytes).1, Fault::Truncated);
    }
    // One promise kept, a thousand made within it.
    let mut nested = vec![131];
    for _ in 0..1000 {
        nested.extend_from_slice(&[b'l', 0, 0, 2, 0]);
    }
    assert_eq!(fault(&nested).1, Fault::Truncated);
}

/// Tags at which eetf 0.12 panics, and a number of bits by which it shifts too far.
#[test]
fn what_has_no_place_in_a_term_is_an_error() {
    assert_eq!(fault(b"\x83\x44"), (1, Fault::Tag(68)));
    assert_eq!(fault(b"\x83\x44\x01\x02\x03"), (1, Fault::Tag(68)));
    assert_eq!(fault(b"\x83\x52\x00"), (1, Fault::UnknownAtom(0)));
    for bits in [0, 9, 32, 255] {
        let error = fault(&[131, 77, 0, 0, 0, 1, bits, 255]);
        assert!(matches!(error, (1, Fault::Bits(_))), "{error:?}");
    }
}

/// Nesting that overflows the stack of those who recurse.
#[test]
fn nesting_is_bounded_and_no_danger_without_bounds() {
    let deep = |levels: usize| {
        let mut bytes = vec![131];
        bytes.extend([b'h', 1].repeat(levels));
        bytes.extend([b'a', 1]);
        Bytes::from(bytes)
    };
    let limit = Limits::default().depth;
    assert!(decode(&deep(limit)).is_ok());
    let error = decode(&deep(limit + 1)).unwrap_err();
    assert_eq!(error.fault, Fault::TooDeep(limit));
    let encoded = Encoded::new(deep(1_000_000), Limits::NONE).unwrap();
    assert_eq!(encoded.view().encoded().len(), 2_000_002);
    let term = Decoder::new(Limits::NONE).decode(&deep(1_000_000)).unwrap();
    assert_eq!(encode(&term).unwrap(), deep(1_000_000));
    let lists: Vec<u8> = [
        vec![131],
        b"l\0\0\0\x01".repeat(200_000),
        b"a\x01".to_vec(),
        b"j".repeat(200_000),
    ]
    .concat();
    assert!(Decoder::new(Limits::NONE).decode(&lists.into()).is_ok());
}

#[test]
fn elements_and_bytes_are_bounded() {
    let bytes = Bytes::from(encode(&Term::list((0..100).map(|_| true))).unwrap());
    let with = |limits: Limits| {
        Decoder::new(limits)
            .decode(&bytes)
            .map_err(|error| error.fault)
    };
    let elements = Limits {
        elements: 100,
        ..Limits::default()
    };
    assert_eq!(with(elements), Err(Fault::TooManyElements(100)));
    let small = Limits {
        bytes: 50,
        ..Limits::default()
    };
    assert_eq!(with(small), Err(Fault::TooLarge(50)));
}

/// A few bytes that claim to unfold to four gigabytes, and some that do unfold to more than was asked for.
#[test]
fn compressed_input_is_bounded() {
    assert_eq!(
        fault(b"\x83\x50\xff\xff\xff\xff\x78\x9c").1,
        Fault::TooLarge(256 << 20)
    );
    assert_eq!(fault(b"\x83\x50\x01\0\0\0\x78\x9c").1, Fault::Truncated);
    let zeros = Term::from("\0".repeat(1 << 20));
    let bomb = beamport_term::Encoder::new()
        .compressed(9)
        .encode(&zeros)
        .unwrap();
    assert!(bomb.len() < 2000);
    let small = Limits {
        bytes: 1 << 16,
        ..Limits::default()
    };
    let error = Decoder::new(small)
        .decode(&bomb.clone().into())
        .unwrap_err();
    assert_eq!(error.fault, Fault::TooLarge(1 << 16));
    for at in bomb.len() - 4..bomb.len() {
        let mut damaged = bomb.clone();
        damaged[at] ^= 1;
        assert_eq!(fault(&damaged).1, Fault::Compression, "checksum");
    }
    let mut lying = bomb;
    lying.splice(2..6, [0, 0, 0, 50]);
    assert_eq!(fault(&lying).1, Fault::Compression);
}

/// As the VM has it.
#[test]
fn what_follows_within_a_compressed_term_counts_for_nothing() {
    let bytes = b"\x83\x50\0\0\0\x04\x78\x9c\x4b\x64\x4c\x64\x02\x00\x02\x4f\x00\xc6";
    let bytes = Bytes::from_static(bytes);
    let term = decode(&bytes).unwrap();
    let encoded = Encoded::new(bytes, Limits::default()).unwrap();
    assert_eq!(encoded.view().to_term(), Ok(term));
}

#[test]
fn a_prefix_is_told_from_what_follows() {
    let first = encode(&sample()).unwrap();
    let both = Bytes::from([&first[..], b"rest"].concat());
    let (term, used) = Decoder::default().decode_prefix(&both).unwrap();
    assert_eq!((term, used), (sample(), first.len()));
    let zipped = beamport_term::Encoder::new().compressed(9);
    let first = zipped.encode(&Term::from("a".repeat(1000))).unwrap();
    let both = Bytes::from([&first[..], b"rest"].concat());
    assert_eq!(
        Decoder::default().decode_prefix(&both).unwrap().1,
        first.len()
    );
}

#[test]
fn a_decoder_survives_what_it_refuses() {
    let mut decoder = Decoder::default();
    let good = Bytes::from(encode(&sample()).unwrap());
    for length in 0..good.len() {
        assert!(decoder.decode(&good.slice(..length)).is_err());
        assert_eq!(decoder.decode(&good).unwrap(), sample());
    }
}

#[test]
fn atoms_of_a_distribution_header_are_numbers() {
    struct Table(Vec<Atom>);
    impl beamport_term::AtomTable for Table {
        fn index(&mut self, atom: &Atom) -> Option<u8> {
            self.0.iter().position(|held| held == atom)?.try_into().ok()
        }
    }
    let mut table = Table(vec![atom!("$gen_call"), atom!("a@b")]);
    let mut bytes = Vec::new();
    let encoder = beamport_term::Encoder::new();
    encoder
        .encode_headless(&sample(), &mut bytes, &mut table)
        .unwrap();
    assert!(bytes.starts_with(&[b'h', 3, 82, 0]));
    let bytes = Bytes::from(bytes);
    let mut decoder = Decoder::default();
    let (term, used) = decoder.decode_headless(&bytes, &table.0[..]).unwrap();
    assert_eq!((term, used), (sample(), bytes.len()));
    assert!(decoder.decode_headless(&bytes, &()).is_err());
}

#[test]
fn binaries_share_the_input() {
    let input = Bytes::from(encode(&Term::from("0123456789".repeat(10))).unwrap());
    let Term::Binary(binary) = decode(&input).unwrap() else {
        panic!("a binary comes back");
    };
    assert_eq!(binary.as_ptr(), input.get(6..).unwrap().as_ptr());
}

#[test]
fn a_cursor_goes_past_what_is_not_wanted() {
    let bytes = encode(&sample()).unwrap();
    let mut cursor = Cursor::new(&bytes).unwrap();
    assert_eq!(cursor.next().unwrap(), Token::Tuple(3));
    cursor.skip().unwrap();
    let list = cursor.bytes_of_next().unwrap();
    assert!(list.starts_with(b"l\0\0\0\x02"));
    assert_eq!(cursor.next().unwrap(), Token::Map(2));
    for _ in 0..4 {
        cursor.skip().unwrap();
    }
    assert!(cursor.rest().is_empty());
    assert!(cursor.skip().is_err());
    let mut promise = Cursor::headless(b"l\xff\xff\xff\xff");
    assert_eq!(promise.skip().unwrap_err().fault, Fault::Truncated);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..Default::default() })]

    /// Whatever comes, there is an answer; and what is a term stays the term it is.
    #[test]
    fn any_bytes_are_a_term_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        check(&[&[131], &bytes[..]].concat());
    }

    #[test]
    fn damaged_terms_are_a_term_or_an_error(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encode(&sample()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        check(&bytes);
    }
}

fn check(bytes: &[u8]) {
    let input = Bytes::copy_from_slice(bytes);
    let mut cursor = Cursor::new(bytes);
    let skipped = cursor.as_mut().map(|cursor| cursor.skip().is_ok());
    if let Ok((term, used)) = Decoder::default().decode_prefix(&input) {
        let again = encode(&term).unwrap();
        assert_eq!(decode(&again.into()).unwrap(), term);
        if bytes.get(1) != Some(&80) && bytes.get(1) != Some(&121) {
            assert_eq!(skipped, Ok(true));
            assert_eq!(cursor.unwrap().offset(), used);
        }
    }
}
