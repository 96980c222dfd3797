//! Encoding and decoding, byte for byte.

use beamport_term::{AtomEncoding, Encoder, PortEncoding, Term, decode};
use proptest::prelude::*;

use crate::config;
use crate::erl::{LATIN1 as VM, Question};
use crate::terms::{any_term, holds};

/// As the VM writes by itself.
fn encoder() -> Encoder {
    match VM.release() {
        ..26 => Encoder::new().atoms(AtomEncoding::Latin1),
        26.. => encoder_utf8(),
    }
}

/// As the VM writes where it is told to write atoms in UTF-8.
fn encoder_utf8() -> Encoder {
    Encoder::new().ports(match VM.release() {
        ..26 => PortEncoding::Short,
        26.. => PortEncoding::V4,
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_the_vm_wrote_is_written_again(term in any_term()) {
        let theirs = VM.ask_about(Question::Encode, &term);
        let read = decode(&theirs.clone().into()).unwrap();
        prop_assert_eq!(&read, &term);
        prop_assert_eq!(encoder().encode(&read).unwrap(), theirs);

        let theirs = VM.ask_about(Question::EncodeUtf8, &term);
        let read = decode(&theirs.clone().into()).unwrap();
        prop_assert_eq!(encoder_utf8().encode(&read).unwrap(), theirs);
    }

    #[test]
    fn deterministic_bytes_are_the_same(term in any_term()) {
        // From OTP 26 on, closures then forget who made them; before 24, there is no such option.
        prop_assume!(VM.release() < 26 || !holds_closure(&term));
        if VM.release() < 24 {
            return Ok(());
        }
        let theirs = VM.ask_about(Question::EncodeDeterministic, &term);
        prop_assert_eq!(encoder().deterministic(true).encode(&term).unwrap(), theirs);
    }

    #[test]
    fn compressed_terms_are_read_by_both(term in any_term()) {
        let term = Term::list([term.clone(), term]);
        let theirs = VM.ask_about(Question::EncodeCompressed, &term);
        prop_assert_eq!(&decode(&theirs.into()).unwrap(), &term);
        let ours = Encoder::new().compressed(6).encode(&term).unwrap();
        let read = VM.ask(Question::EncodeUtf8, &ours).unwrap();
        prop_assert_eq!(&decode(&read.into()).unwrap(), &term);
    }
}

fn holds_closure(term: &Term) -> bool {
    holds(term, &|part| matches!(part, Term::Fun(_)))
}

#[test]
fn lengths_at_which_tags_change() {
    let atoms = |count: usize| Term::list((0..count).map(|_| true));
    for term in [
        Term::tuple((0..255).map(|_| true)),
        Term::tuple((0..256).map(|_| true)),
        Term::list((0..65_535).map(|_| 7)),
        Term::list((0..65_536).map(|_| 7)),
        Term::from("x".repeat(100_000)),
        atoms(70_000),
        Term::map((0..32).map(|n| (n, n))),
        Term::map((0..33).map(|n| (n, n))),
        Term::map((0..2000).map(|n| (n, Term::list([n])))),
        beamport_term::Integer::from_le_bytes(true, &[1; 255]).into(),
        beamport_term::Integer::from_le_bytes(false, &[1; 256]).into(),
        Term::from(beamport_term::Atom::new(&"é".repeat(200)).unwrap()),
        Term::from(beamport_term::Atom::new(&"м".repeat(255)).unwrap()),
    ] {
        let theirs = VM.ask_about(Question::Encode, &term);
        let read = decode(&theirs.clone().into()).unwrap();
        assert_eq!(read, term);
        assert_eq!(encoder().encode(&read).unwrap(), theirs);
        if VM.release() < 24 {
            continue;
        }
        let theirs = VM.ask_about(Question::EncodeDeterministic, &term);
        assert_eq!(encoder().deterministic(true).encode(&term).unwrap(), theirs);
    }
}

/// Tags that no VM writes any more, and spellings that are not the shortest.
#[test]
fn old_tags_are_read_as_the_vm_reads_them() {
    let node = b"\x77\x03a@b";
    let with_node = |head: &[u8], rest: &[u8]| [b"\x83", head, node, rest].concat();
    let float = |text: &[u8]| {
        let mut bytes = b"\x83\x63".to_vec();
        bytes.extend_from_slice(text);
        bytes.resize(2 + 31, 0);
        bytes
    };
    for bytes in [
        with_node(b"\x67", b"\0\0\0\x05\0\0\0\x06\x03"),
        with_node(b"\x66", b"\0\0\0\x05\x03"),
        with_node(b"\x66", b"\xff\xff\xff\xff\x03"),
        with_node(b"\x65", b"\0\0\0\x05\x03"),
        with_node(b"\x72\0\x03", b"\x03\0\0\0\x01\0\0\0\x02\0\0\0\x03"),
        with_node(b"\x78", b"\0\0\0\0\0\0\0\x05\0\0\0\x01"),
        float(b"1.50000000000000000000e+00"),
        float(b"-2.5e-3"),
        b"\x83\x4d\0\0\0\x01\x03\xff".to_vec(),
        b"\x83\x4d\0\0\0\x01\x08\xff".to_vec(),
        b"\x83\x4d\0\0\0\0\0".to_vec(),
        b"\x83\x6b\0\0".to_vec(),
        b"\x83\x6c\0\0\0\0\x6a".to_vec(),
        b"\x83\x6c\0\0\0\0\x61\x05".to_vec(),
        b"\x83\x6c\0\0\0\x01\x61\x05\x6c\0\0\0\x01\x61\x06\x6a".to_vec(),
        b"\x83\x6c\0\0\0\x01\x61\x05\x6b\0\x01\x06".to_vec(),
        b"\x83\x6c\0\0\0\x01\x61\x05\x6c\0\0\0\x01\x64\0\x01a\x61\x07".to_vec(),
        b"\x83\x6e\0\0".to_vec(),
        b"\x83\x6e\x03\x07\x01\x02\x03".to_vec(),
        b"\x83\x6e\x04\x01\0\0\0\x80".to_vec(),
        b"\x83\x6f\0\0\0\x01\0\x05".to_vec(),
        b"\x83\x69\0\0\0\x01\x61\x01".to_vec(),
        b"\x83\x64\0\x01\xc8".to_vec(),
        b"\x83\x73\x01\xc8".to_vec(),
        b"\x83\x76\0\x02\xc3\x88".to_vec(),
        b"\x83\x46\x80\0\0\0\0\0\0\0".to_vec(),
    ] {
        let read = decode(&bytes.clone().into()).unwrap();
        match VM.ask(Question::Encode, &bytes) {
            Ok(theirs) => assert_eq!(encoder().encode(&read).unwrap(), theirs, "{bytes:?}"),
            Err(error) => assert!(may_be_refused(&bytes), "{bytes:?}: {error}"),
        }
    }
}

/// What some VMs read and others do not; we do.
fn may_be_refused(bytes: &[u8]) -> bool {
    match bytes.get(1) {
        // Ports of more than 28 bits came with OTP 24.
        Some(102 | 120) => VM.release() < 24,
        // No bits of no bytes went with OTP 26.
        Some(77) => VM.release() > 25,
        _ => false,
    }
}

/// What the VM refuses, we refuse.
#[test]
fn what_is_no_term_is_refused_by_both() {
    for bytes in [
        &b""[..],
        b"\x82\x61\x01",
        b"\x83",
        b"\x83\x61",
        b"\x83\x00",
        b"\x83\x75",
        b"\x83\x52\x00",
        b"\x83\x4d\0\0\0\x01\0\xff",
        b"\x83\x4d\0\0\0\0\x03",
        b"\x83\x46\x7f\xf0\0\0\0\0\0\0",
        b"\x83\x46\x7f\xf8\0\0\0\0\0\0",
        b"\x83\x74\0\0\0\x02\x61\x01\x61\x02\x61\x01\x61\x03",
        b"\x83\x76\0\x01\xc8",
        b"\x83\x5a\0\x06\x77\x03a@b\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\x83\x50\0\0\0\x03\x78\x9c\x4b\x64\x05\0\0\xc9\0\x67",
        b"\x83\x50\0\0\0\x01\x78\x9c\x4b\x64\x05\0\0\xc9\0\x67",
        b"\x83\x6c\xff\xff\xff\xff",
        b"\x83\x69\xff\xff\xff\xff\x6a",
    ] {
        assert!(VM.ask(Question::Encode, bytes).is_err(), "{bytes:?}");
        assert!(decode(&bytes.to_vec().into()).is_err(), "{bytes:?}");
    }
}
