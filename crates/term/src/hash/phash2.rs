//! `phash2`: a hash of terms that is the same in every VM since OTP R10, and so can be agreed on between nodes.
//!
//! Every number goes through one primitive, Bob Jenkins' `lookup2` mix, with a constant that tells its type.
//! A compound term is hashed as what came before it (its arity, its elements so far) runs on into what follows;
//! only the pairs of a map are hashed each for itself, so that their order does not matter.
//! Source: `make_hash2` in `erts/emulator/beam/utils.c`.

use crate::{List, Term};

/// 2^32 divided by the golden ratio; its multiples tell types apart.
const GOLDEN: u32 = 0x9E37_79B9;

const fn constant(multiple: u32) -> u32 {
    GOLDEN.wrapping_mul(multiple)
}

const SMALL: u32 = constant(1);
const FUN: u32 = constant(1);
const NIL: u32 = constant(2);
const ATOM: u32 = constant(3);
const BYTES_OF_LIST: u32 = constant(4);
const PID: u32 = constant(5);
const PORT: u32 = constant(6);
const REFERENCE: u32 = constant(7);
const TUPLE: u32 = constant(9);
const NEGATIVE_BIG: u32 = constant(10);
const POSITIVE_BIG: u32 = constant(11);
const FLOAT: u32 = constant(12);
const BINARY: u32 = constant(13);
const EXPORT: u32 = constant(14);
const LAST_BITS: u32 = constant(15);
const MAP: u32 = constant(16);
const PAIRS: u32 = constant(19);

/// What `[]` has by itself.
const NIL_ALONE: u32 = 3_468_870_702;

/// All 32 bits of the hash.
pub(super) fn hash(term: &Term) -> u32 {
    let mut hasher = Hasher {
        hash: 0,
        pairs: 0,
        pending: Vec::new(),
    };
    hasher.term(term);
    while let Some(work) = hasher.pending.pop() {
        hasher.work(work);
    }
    hasher.hash
}

struct Hasher<'a> {
    hash: u32,
    /// The hashes of the pairs so far of the map that is being hashed, by exclusive or.
    pairs: u32,
    pending: Vec<Work<'a>>,
}

enum Work<'a> {
    Term(&'a Term),
    /// What is left of a list after so many elements.
    Rest(&'a List, usize),
    PairEnd,
    /// What was hashed before the map, and of the map around it.
    MapEnd {
        hash: u32,
        pairs: u32,
    },
}

impl<'a> Hasher<'a> {
    fn work(&mut self, work: Work<'a>) {
        match work {
            Work::Term(term) => self.term(term),
            Work::Rest(list, at) => self.list(list, at),
            Work::PairEnd => {
                self.pairs ^= self.hash;
                self.hash = 0;
            }
            Work::MapEnd { hash, pairs } => {
                self.hash = hash;
                self.mix(self.pairs, 0, PAIRS);
                self.pairs = pairs;
            }
        }
    }

    fn term(&mut self, term: &'a Term) {
        match term {
            Term::Atom(atom) if self.hash == 0 => self.hash = atom.otp_hash(),
            Term::Atom(atom) => self.mix(atom.otp_hash(), 0, ATOM),
            Term::Integer(integer) => match (integer.as_i64(), integer.as_big()) {
                (Some(value), _) => self.small(value),
                (None, big) => {
                    let (negative, magnitude) =
                        big.map_or((false, &[][..]), |big| (big.is_negative(), big.magnitude()));
                    self.big(negative, magnitude);
                }
            },
            Term::Float(float) => {
                // -0.0 counts as 0.0.
                let bits = (float.get() + 0.0).to_bits();
                self.mix((bits >> 32) as u32, bits as u32, FLOAT);
            }
            Term::Binary(bytes) | Term::Local(bytes) => self.bytes(bytes),
            Term::BitString(bits) => {
                let Some((last, whole)) = bits.bytes().split_last() else {
                    return;
                };
                let count = bits.last_bits();
                self.hash = lookup2(whole, BINARY.wrapping_add(self.hash));
                self.mix(count.into(), (last >> (8 - count)).into(), LAST_BITS);
            }
            Term::List(list) => self.list(list, 0),
            Term::Tuple(elements) => {
                self.mix(elements.len() as u32, 0, TUPLE);
                // Mostly nothing in it holds anything, so that nothing has to wait.
                let flat = elements.iter().take_while(|e| e.height() == 0).count();
                let (flat, rest) = elements.split_at_checked(flat).unwrap_or_default();
                for element in flat {
                    self.term(element);
                }
                self.pending.extend(rest.iter().rev().map(Work::Term));
            }
            Term::Map(map) => self.map(map),
            Term::Pid(pid) => self.mix(pid.id, 0, PID),
            Term::Port(port) => self.mix(port.id as u32, (port.id >> 32) as u32, PORT),
            Term::Reference(reference) => {
                let [first, ..] = reference.all_words();
                self.mix(*first, 0, REFERENCE);
            }
            Term::Fun(fun) => {
                let closure = fun.closure();
                self.mix(fun.free().len() as u32, closure.module.otp_hash(), FUN);
                self.mix(closure.index, closure.old_uniq as u32, FUN);
                self.pending.extend(fun.free().iter().rev().map(Work::Term));
            }
            Term::Export(export) => {
                self.mix(export.arity().into(), export.module().otp_hash(), FUN);
                self.mix(export.function().otp_hash(), 0, EXPORT);
            }
        }
    }

    fn small(&mut self, value: i64) {
        const RANGE: std::ops::Range<i64> = -(1 << 27)..1 << 27;
        if !RANGE.contains(&value) {
            return self.big(value < 0, &value.unsigned_abs().to_le_bytes());
        }
        if value < 0 {
            self.mix(value.unsigned_abs() as u32, 0, SMALL);
        }
        self.mix(value as u32, 0, SMALL);
    }

    /// In digits of 64 bits.
    fn big(&mut self, negative: bool, magnitude: &[u8]) {
        let constant = if negative { NEGATIVE_BIG } else { POSITIVE_BIG };
        for digit in magnitude.chunks(8) {
            let value = digit
                .iter()
                .rfold(0_u64, |v, byte| v << 8 | u64::from(*byte));
            self.mix(value as u32, (value >> 32) as u32, constant);
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.hash = hash_bytes(bytes, self.hash);
    }

    /// Elements that are bytes are taken together, four at a time.
    fn list(&mut self, list: &'a List, from: usize) {
        let mut at = from;
        let (mut packed, mut count) = (0_u32, 0);
        while let Some(byte) = byte_at(list, at) {
            packed = packed << 8 | u32::from(byte);
            count += 1;
            if count == 4 {
                self.mix(packed, 0, BYTES_OF_LIST);
                (packed, count) = (0, 0);
            }
            at += 1;
        }
        if count > 0 {
            self.mix(packed, 0, BYTES_OF_LIST);
        }
        match list.parts().and_then(|parts| parts.get(at)) {
            Some(tail) if at == list.len() => self.pending.push(Work::Term(tail)),
            Some(element) => {
                self.pending.push(Work::Rest(list, at + 1));
                self.pending.push(Work::Term(element));
            }
            None if self.hash == 0 => self.hash = NIL_ALONE,
            None => self.mix(2, 0, NIL),
        }
    }

    fn map(&mut self, map: &'a crate::Map) {
        self.mix(map.len() as u32, 0, MAP);
        if map.is_empty() {
            return;
        }
        self.pending.push(Work::MapEnd {
            hash: self.hash,
            pairs: self.pairs,
        });
        (self.hash, self.pairs) = (0, 0);
        for (key, value) in map.iter() {
            self.pending
                .extend([Work::PairEnd, Work::Term(value), Work::Term(key)]);
        }
    }

    #[inline]
    fn mix(&mut self, x: u32, y: u32, constant: u32) {
        let mut state = [
            constant.wrapping_add(x),
            constant.wrapping_add(y),
            self.hash,
        ];
        mix(&mut state);
        let [_, _, hash] = state;
        self.hash = hash;
    }
}

fn byte_at(list: &List, at: usize) -> Option<u8> {
    if let Some(bytes) = list.as_bytes() {
        return bytes.get(at).copied();
    }
    let element = list.as_slice()?.get(at)?;
    element.as_i64()?.try_into().ok()
}

/// The hash of a binary that comes after what has `before`.
pub(super) fn hash_bytes(bytes: &[u8], before: u32) -> u32 {
    let seed = BINARY.wrapping_add(before);
    if bytes.is_empty() {
        seed
    } else {
        lookup2(bytes, seed)
    }
}

/// Jenkins' `lookup2` over bytes.
fn lookup2(bytes: &[u8], seed: u32) -> u32 {
    let (blocks, rest) = bytes.as_chunks::<12>();
    let mut state = [GOLDEN, GOLDEN, seed];
    for block in blocks {
        let (words, _) = block.as_chunks::<4>();
        add(&mut state, words);
        mix(&mut state);
    }
    let (words, odd) = rest.as_chunks::<4>();
    let mut odd = odd
        .iter()
        .rfold(0, |word, byte| word << 8 | u32::from(*byte));
    if words.len() == 2 {
        // In the last word, the length takes the place of the lowest byte.
        odd <<= 8;
    }
    add(&mut state, words);
    let [a, b, c] = &mut state;
    let next = match words.len() {
        0 => a,
        1 => b,
        _ => &mut *c,
    };
    *next = next.wrapping_add(odd);
    *c = c.wrapping_add(bytes.len() as u32);
    mix(&mut state);
    let [_, _, hash] = state;
    hash
}

#[inline]
fn add(state: &mut [u32; 3], words: &[[u8; 4]]) {
    for (sum, word) in state.iter_mut().zip(words) {
        *sum = sum.wrapping_add(u32::from_le_bytes(*word));
    }
}

#[inline]
fn mix([a, b, c]: &mut [u32; 3]) {
    for (p, q, r) in [(13, 8, 13), (12, 16, 5), (3, 10, 15)] {
        *a = a.wrapping_sub(*b).wrapping_sub(*c) ^ *c >> p;
        *b = b.wrapping_sub(*c).wrapping_sub(*a) ^ *a << q;
        *c = c.wrapping_sub(*a).wrapping_sub(*b) ^ *b >> r;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Integer, atom};

    /// From OTP 25, modulo 2^32 - 1, where libring takes them.
    #[test]
    fn known_hashes() {
        let vectors = [
            (atom!("foo").into(), 27_999),
            (0.into(), 3_175_731_469),
            (1.into(), 539_485_162),
            ((-1).into(), 1_117_813_597),
            ("a".into(), 1_589_197_455),
            (Term::tuple::<Term>([]), 221_703_996),
            (Term::charlist("abc"), 519_996_486),
            (Term::from((atom!("cloister@172.26.0.2"), 1)), 2_397_395_450),
        ];
        for (term, hash) in vectors {
            assert_eq!(term.phash2_range((1 << 32) - 1), Some(hash), "{term}");
        }
    }

    /// From OTP 25, modulo 2^32.
    #[test]
    fn known_hashes_of_what_is_rare() {
        let vectors = [
            (Term::from(Integer::from(1_i128 << 64)), 2_519_041_713),
            (Integer::from(-(1_i128 << 64)).into(), 2_563_594_619),
            (Integer::from(1_u64 << 63).into(), 710_941_318),
            (
                Term::improper_list([1, 2, 3].map(Term::from), atom!("foo")),
                39_336_851,
            ),
            (Term::NIL, 3_468_870_702),
            (Term::tuple([Term::NIL]), 1_775_079_505),
            (Term::list([atom!("a")]), 1_634_476_877),
            (
                Term::improper_list([256, 1, 2].map(Term::from), 3),
                3_531_637_227,
            ),
        ];
        for (term, hash) in vectors {
            assert_eq!(term.phash2_range(1 << 32), Some(hash), "{term}");
        }
    }
}
