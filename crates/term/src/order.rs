//! The order of terms.
//!
//! Numbers, atoms, references, funs, ports, pids, tuples, maps, `[]`, lists, bit strings. Two variants: Erlang's
//! `<`, where numbers compare by what they are worth, and the exact order, where an integer comes before every
//! float, which is a total order and the one in which a VM sorts the keys of a map. Source: "Term Comparisons"
//! in the Erlang reference manual, and for what it leaves open (pids, references, funs) the order OTP 25 shows.

use std::cmp::Ordering;

use crate::number::integer_with_float;
use crate::{Closure, Fun, List, Map, Pid, Port, Reference, Term};

/// The total order that agrees with `=:=`.
#[inline]
pub(crate) fn exact(a: &Term, b: &Term) -> Ordering {
    // What keys are more often than anything else.
    if let (Term::Atom(a), Term::Atom(b)) = (a, b) {
        return a.cmp(b);
    }
    compare(a, b, true)
}

/// The order of `<` and `==`.
pub(crate) fn erlang(a: &Term, b: &Term) -> Ordering {
    compare(a, b, false)
}

#[inline]
fn compare(a: &Term, b: &Term, exact: bool) -> Ordering {
    match heads(a, b, exact) {
        Heads::Decided(order) => order,
        Heads::Parts(parts) => compare_parts(parts, exact),
    }
}

/// Compares what two terms hold, and what that holds, with a stack of its own: terms may be nested deeper than
/// the thread's stack is.
fn compare_parts(first: Parts<'_>, exact: bool) -> Ordering {
    let mut open = vec![(first, exact)];
    while let Some((parts, exact)) = open.last_mut() {
        let (heads, exact) = match parts.next(*exact) {
            None => {
                open.pop();
                continue;
            }
            Some(Pair::Decided(order)) => (Heads::Decided(order), *exact),
            Some(Pair::Terms(a, b)) => (heads(a, b, *exact), *exact),
            Some(Pair::Keys(a, b)) => (heads(a, b, true), true),
        };
        match heads {
            Heads::Decided(Ordering::Equal) => {}
            Heads::Decided(order) => return order,
            Heads::Parts(parts) => open.push((parts, exact)),
        }
    }
    Ordering::Equal
}

/// What looking at two terms, but not into them, tells.
enum Heads<'a> {
    Decided(Ordering),
    Parts(Parts<'a>),
}

#[inline]
fn heads<'a>(a: &'a Term, b: &'a Term, exact: bool) -> Heads<'a> {
    let order = match (a, b) {
        (Term::Atom(a), Term::Atom(b)) => a.cmp(b),
        (Term::Integer(a), Term::Integer(b)) => a.cmp(b),
        (Term::Float(a), Term::Float(b)) if exact => a.cmp(b),
        (Term::Float(a), Term::Float(b)) => {
            a.get().partial_cmp(&b.get()).unwrap_or(Ordering::Equal)
        }
        (Term::Integer(a), Term::Float(b)) if !exact => integer_with_float(a, *b),
        (Term::Float(a), Term::Integer(b)) if !exact => integer_with_float(b, *a).reverse(),
        (Term::Binary(a), Term::Binary(b)) => a.cmp(b),
        (Term::Pid(a), Term::Pid(b)) => pids(a, b),
        (Term::Port(a), Term::Port(b)) => ports(a, b),
        (Term::Reference(a), Term::Reference(b)) => references(a, b),
        (Term::Export(a), Term::Export(b)) => a.cmp(b),
        (Term::Local(a), Term::Local(b)) => a.cmp(b),
        (Term::Binary(_) | Term::BitString(_), Term::Binary(_) | Term::BitString(_)) => bits(a, b),
        (Term::Tuple(a), Term::Tuple(b)) if a.len() == b.len() => {
            return Heads::Parts(Parts::Slices(a, b));
        }
        (Term::Tuple(a), Term::Tuple(b)) => a.len().cmp(&b.len()),
        (Term::List(a), Term::List(b)) => return lists(a, b),
        (Term::Map(a), Term::Map(b)) if a.len() == b.len() => {
            return Heads::Parts(Parts::Maps { a, b, at: 0 });
        }
        (Term::Map(a), Term::Map(b)) => a.len().cmp(&b.len()),
        (Term::Fun(a), Term::Fun(b)) => return funs(a, b),
        _ => rank(a).cmp(&rank(b)),
    };
    Heads::Decided(order)
}

/// The place of a term's type among the types.
fn rank(term: &Term) -> u8 {
    match term {
        Term::Integer(_) => 0,
        Term::Float(_) => 1,
        Term::Atom(_) => 2,
        Term::Reference(_) => 3,
        Term::Fun(_) => 4,
        Term::Export(_) => 5,
        Term::Port(_) => 6,
        Term::Pid(_) => 7,
        Term::Tuple(_) => 8,
        Term::Map(_) => 9,
        Term::List(list) if list.is_empty() => 10,
        Term::List(_) => LIST,
        Term::Binary(_) | Term::BitString(_) => 12,
        Term::Local(_) => 13,
    }
}

const LIST: u8 = 11;

fn pids(a: &Pid, b: &Pid) -> Ordering {
    let key = |pid: &Pid| (pid.serial, pid.id);
    key(a)
        .cmp(&key(b))
        .then_with(|| a.node.cmp(&b.node))
        .then_with(|| a.creation.cmp(&b.creation))
}

fn ports(a: &Port, b: &Port) -> Ordering {
    let key = |port: &Port| (port.creation, port.id);
    a.node.cmp(&b.node).then_with(|| key(a).cmp(&key(b)))
}

fn references(a: &Reference, b: &Reference) -> Ordering {
    a.node()
        .cmp(b.node())
        .then_with(|| a.creation().cmp(&b.creation()))
        .then_with(|| a.all_words().iter().rev().cmp(b.all_words().iter().rev()))
}

/// Unused bits are zero, so a bit string that is the beginning of another is at most its equal by the byte.
fn bits(a: &Term, b: &Term) -> Ordering {
    fn whole(term: &Term) -> Option<(&[u8], u8)> {
        match term {
            Term::Binary(bytes) => Some((bytes, 8)),
            Term::BitString(bits) => Some((bits.bytes(), bits.last_bits())),
            _ => None,
        }
    }
    whole(a).cmp(&whole(b))
}

fn funs<'a>(a: &'a Fun, b: &'a Fun) -> Heads<'a> {
    let key = |closure: &Closure| (closure.index, closure.old_uniq);
    let order = a
        .closure()
        .module
        .cmp(&b.closure().module)
        .then_with(|| key(a.closure()).cmp(&key(b.closure())))
        .then_with(|| a.free().len().cmp(&b.free().len()));
    match order {
        Ordering::Equal => Heads::Parts(Parts::Slices(a.free(), b.free())),
        order => Heads::Decided(order),
    }
}

fn lists<'a>(a: &'a List, b: &'a List) -> Heads<'a> {
    match (a.as_bytes(), b.as_bytes()) {
        (Some(a), Some(b)) => Heads::Decided(a.cmp(b)),
        _ => Heads::Parts(Parts::Lists { a, b, at: 0 }),
    }
}

/// What two terms hold, to be compared in turn.
enum Parts<'a> {
    /// Of equal length.
    Slices(&'a [Term], &'a [Term]),
    Lists {
        a: &'a List,
        b: &'a List,
        at: usize,
    },
    /// Of equal size: first all keys, then all values.
    Maps {
        a: &'a Map,
        b: &'a Map,
        at: usize,
    },
}

enum Pair<'a> {
    Decided(Ordering),
    Terms(&'a Term, &'a Term),
    /// Which are compared exactly, whatever the terms they are in are.
    Keys(&'a Term, &'a Term),
}

impl<'a> Parts<'a> {
    fn next(&mut self, exact: bool) -> Option<Pair<'a>> {
        match self {
            Self::Slices(a, b) => {
                let (a, b) = (a.split_off_first()?, b.split_off_first()?);
                Some(Pair::Terms(a, b))
            }
            Self::Lists { a, b, at } => {
                let pair = cells(Cell::at(a, *at), Cell::at(b, *at), exact);
                *at += 1;
                pair
            }
            Self::Maps { a, b, at } => {
                let rank = *at;
                *at += 1;
                let size = a.len();
                if rank < size {
                    let ([a, _], [b, _]) = (a.ranked(rank)?, b.ranked(rank)?);
                    return Some(Pair::Keys(a, b));
                }
                let ([_, a], [_, b]) = (a.ranked(rank - size)?, b.ranked(rank - size)?);
                Some(Pair::Terms(a, b))
            }
        }
    }
}

/// What is found so many elements into a list.
enum Cell<'a> {
    Byte(u8),
    Element(&'a Term),
    /// The tail of an improper list.
    Tail(&'a Term),
    /// The tail of a proper list, or nothing any more.
    End,
}

impl<'a> Cell<'a> {
    fn at(list: &'a List, at: usize) -> Self {
        if let Some(bytes) = list.as_bytes() {
            return bytes.get(at).map_or(Self::End, |byte| Self::Byte(*byte));
        }
        match list.parts().and_then(|parts| parts.get(at)) {
            Some(tail) if at == list.len() => Self::Tail(tail),
            Some(element) => Self::Element(element),
            None => Self::End,
        }
    }
}

fn cells<'a>(a: Cell<'a>, b: Cell<'a>, exact: bool) -> Option<Pair<'a>> {
    let byte = |byte: u8, other: &Term| match heads(&Term::from(byte), other, exact) {
        Heads::Decided(order) => order,
        Heads::Parts(_) => Ordering::Equal,
    };
    let order = match (a, b) {
        (Cell::End, Cell::End) => return None,
        (Cell::Element(a), Cell::Element(b)) | (Cell::Tail(a), Cell::Tail(b)) => {
            return Some(Pair::Terms(a, b));
        }
        (Cell::Byte(a), Cell::Byte(b)) => a.cmp(&b),
        (Cell::Byte(a), Cell::Element(b)) => byte(a, b),
        (Cell::Element(a), Cell::Byte(b)) => byte(b, a).reverse(),
        (Cell::End, Cell::Tail(b)) => rank(&Term::NIL).cmp(&rank(b)),
        (Cell::Tail(a), Cell::End) => rank(a).cmp(&rank(&Term::NIL)),
        (Cell::Tail(a), _) => rank(a).cmp(&LIST),
        (_, Cell::Tail(b)) => LIST.cmp(&rank(b)),
        (Cell::End, _) => Ordering::Less,
        (_, Cell::End) => Ordering::Greater,
    };
    Some(Pair::Decided(order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atom;

    #[test]
    fn types_come_in_order() {
        let terms = [
            Term::from(1),
            Term::float(0.5).unwrap(),
            atom!("a").into(),
            Term::tuple([1, 2]),
            Term::map([(1, 2)]),
            Term::NIL,
            Term::list([1]),
            Term::binary("a"),
        ];
        assert!(terms.is_sorted());
        let (one, half) = (&terms[0], &terms[1]);
        assert_eq!(one.compare(half), Ordering::Greater);
    }

    #[test]
    fn equal_worth_is_equal_only_to_compare() {
        let (whole, float) = (Term::list([1, 300]), Term::float(1.0).unwrap());
        let mixed = Term::list([float, Term::from(300)]);
        assert_eq!(whole.compare(&mixed), Ordering::Equal);
        assert_ne!(whole, mixed);
        let short = Term::list([1]);
        let float = Term::list([Term::float(1.0).unwrap()]);
        assert_eq!(short.compare(&float), Ordering::Equal);
        assert_eq!(short.cmp(&float), Ordering::Less);
    }

    #[test]
    fn keys_of_maps_are_compared_exactly_by_both() {
        let whole = Term::map([(1, 1)]);
        let float = Term::map([(Term::float(1.0).unwrap(), 1)]);
        assert_eq!(whole.compare(&float), Ordering::Less);
    }

    #[test]
    fn lists_compare_cell_by_cell() {
        let improper = |tail: Term| Term::improper_list([Term::from(1)], tail);
        let ordered = [
            improper(2.into()),
            Term::list([1]),
            Term::list([1, 2]),
            Term::list([1, 300]),
            improper("bin".into()),
        ];
        assert!(ordered.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn depth_does_not_matter() {
        let nest = |bottom: i32| (0..300_000).fold(Term::from(bottom), |t, _| Term::tuple([t]));
        assert_eq!(nest(1), nest(1));
        assert!(nest(1) < nest(2));
        // Keys that are maps of two keys, one of them such a map again.
        let tower = |bottom: i32| {
            (0..100_000).fold(Term::from(bottom), |key, _| {
                Term::map([(Term::map([(1, 1), (2, 2)]), 1), (key, 2)])
            })
        };
        assert!(tower(1) < tower(2));
    }
}
