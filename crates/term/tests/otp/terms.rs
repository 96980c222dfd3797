//! Terms of every kind, with a liking for where kinds meet: the ends of integer ranges, the sizes at which tags
//! change, names that need quotes.

use beamport_term::{
    Atom, BitString, Closure, Export, Fun, Integer, List, Pid, Port, Reference, Term,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::string::string_regex;

use crate::erl::LATIN1;

/// Any term at all.
pub(crate) fn any_term() -> impl Strategy<Value = Term> {
    nested(leaf().boxed())
}

/// Any term that Erlang's syntax can express.
pub(crate) fn expressible() -> impl Strategy<Value = Term> {
    nested(expressible_leaf().boxed())
}

/// Terms that have much to compare: numbers that are close, and short terms.
pub(crate) fn comparable() -> impl Strategy<Value = Term> {
    let close = prop_oneof![
        (-3_i64..4).prop_map(Term::from),
        (-3_i8..4).prop_map(|n| Term::float(f64::from(n)).unwrap()),
        near_floats(),
        leaf(),
        vec(0_u8..3, 0..3).prop_map(|bytes| List::from_bytes(bytes).into()),
    ];
    nested(close.boxed())
}

/// Whether a term, or one that it holds, is so.
pub(crate) fn holds(term: &Term, is_so: &dyn Fn(&Term) -> bool) -> bool {
    let holds = |part: &Term| holds(part, is_so);
    is_so(term)
        || match term {
            Term::List(list) => {
                list.iter().any(|part| holds(&part)) || list.tail().is_some_and(holds)
            }
            Term::Tuple(tuple) => tuple.iter().any(holds),
            Term::Map(map) => map.iter().any(|(key, value)| holds(key) || holds(value)),
            Term::Fun(fun) => fun.free().iter().any(holds),
            _ => false,
        }
}

fn nested(leaf: BoxedStrategy<Term>) -> impl Strategy<Value = Term> {
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Term::tuple),
            (atom(), vec(inner.clone(), 0..5))
                .prop_map(|(tag, rest)| { Term::tuple([tag.into()].into_iter().chain(rest)) }),
            vec(inner.clone(), 0..6).prop_map(Term::list),
            (vec(inner.clone(), 1..4), inner.clone())
                .prop_map(|(elements, tail)| Term::improper_list(elements, tail)),
            vec((inner.clone(), inner.clone()), 0..5).prop_map(Term::map),
            vec((atom().prop_map(Term::from), inner), 0..5).prop_map(Term::map),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Term> {
    prop_oneof![
        5 => expressible_leaf(),
        1 => identifier(),
        1 => fun(),
        1 => (atom(), atom(), any::<u8>())
            .prop_map(|(module, function, arity)| Export::new(module, function, arity).into()),
    ]
}

fn expressible_leaf() -> impl Strategy<Value = Term> {
    prop_oneof![
        atom().prop_map(Term::from),
        integer().prop_map(Term::from),
        float(),
        vec(any::<u8>(), 0..40).prop_map(Term::binary),
        text().prop_map(Term::from),
        (vec(any::<u8>(), 1..9), 1..8_u8)
            .prop_map(|(bytes, bits)| BitString::new(bytes, bits).unwrap().into()),
        text().prop_map(|text| Term::charlist(&text)),
        vec(any::<u8>(), 0..40).prop_map(|bytes| List::from_bytes(bytes).into()),
        (bare_atom(), bare_atom(), any::<u8>())
            .prop_map(|(module, function, arity)| Export::new(module, function, arity).into()),
    ]
}

pub(crate) fn atom() -> impl Strategy<Value = Atom> {
    prop_oneof![
        4 => "[a-z][a-zA-Z0-9_@]{0,8}",
        1 => prop::sample::select(vec!["", "ok", "end", "true", "nil", "Elixir.Foo.Bar", "a b", "it's", "x-y", "é", "ÿes"]).prop_map(str::to_owned),
        1 => text(),
        1 => unicode(255),
    ]
    // Reserved only from OTP 27 on.
    .prop_filter("a VM of OTP 25 writes these without quotes", |name| {
        !["maybe", "else"].contains(&name.as_str())
    })
    .prop_map(|name| Atom::new(&name).unwrap())
}

/// OTP 25 prints the names in `fun m:f/a` without the quotes that they may need to be read again.
fn bare_atom() -> impl Strategy<Value = Atom> {
    prop::sample::select(vec!["lists", "map", "foo_bar", "f2"])
        .prop_map(|name| Atom::new(name).unwrap())
}

/// Latin, Cyrillic, Han, emoji, an accent that combines: characters that were in Unicode long before OTP 25, so
/// that both sides agree on what combines and how much room a text takes.
fn unicode(longest: usize) -> impl Strategy<Value = String> {
    let class = r"[ -~\xA1-\u{17F}\u{301}\u{410}-\u{44F}\u{4E00}-\u{4E80}\u{1F600}-\u{1F620}]";
    string_regex(&format!("{class}{{0,{longest}}}")).unwrap()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[ -~]{0,30}",
        1 => "[a-zéÿ\n\t\"\\\\']{0,20}",
        1 => unicode(20),
        1 => "[\\x00-\\x7F]{0,30}",
        1 => "[\\x00-\\xFF]{0,30}",
    ]
}

pub(crate) fn integer() -> impl Strategy<Value = Integer> {
    let edges = [
        0, 7, 8, 15, 16, 26, 27, 28, 31, 32, 53, 58, 59, 60, 63, 64, 65, 126,
    ];
    prop_oneof![
        any::<i8>().prop_map(Integer::from),
        any::<i32>().prop_map(Integer::from),
        any::<i64>().prop_map(Integer::from),
        (
            prop::sample::select(edges.to_vec()),
            -2_i128..3,
            any::<bool>()
        )
            .prop_map(|(bits, near, negative)| {
                let value = (1_i128 << bits) + near;
                Integer::from(if negative { -value } else { value })
            }),
        (vec(any::<u8>(), 1..300), any::<bool>())
            .prop_map(|(bytes, negative)| Integer::from_le_bytes(negative, &bytes)),
    ]
}

/// Without `-0.0`, which up to OTP 26 is the same key as `0.0`.
fn float() -> impl Strategy<Value = Term> {
    prop_oneof![
        any::<f64>(),
        any::<i32>().prop_map(f64::from),
        (any::<i16>(), 0..6_i32).prop_map(|(n, scale)| f64::from(n) / 10_f64.powi(scale)),
        (-20_i32..30).prop_map(|exponent| 10_f64.powi(exponent)),
    ]
    .prop_filter_map("floats are finite", |value| Term::float(value + 0.0).ok())
}

/// Floats where integers stop being floats, and the integers around them.
fn near_floats() -> impl Strategy<Value = Term> {
    (
        prop::sample::select(vec![52, 53, 54, 59, 60, 63, 64, 100]),
        -2_i128..3,
        any::<bool>(),
    )
        .prop_map(|(bits, near, whole)| {
            let value = (1_i128 << bits) + near;
            if whole {
                Term::from(value)
            } else {
                Term::float(value as f64).unwrap()
            }
        })
}

fn node() -> impl Strategy<Value = Atom> {
    prop::sample::select(vec!["a@b", "b@a", "rabbit@10.0.0.1", "ünï@b"])
        .prop_map(|name| Atom::new(name).unwrap())
}

/// Up to OTP 23 the numbers of processes, ports and references have fewer bits.
pub(crate) fn identifier() -> impl Strategy<Value = Term> {
    let is_narrow = LATIN1.release() < 24;
    let narrow = move |number: u32, bits: u32| match is_narrow {
        true => number & ((1 << bits) - 1),
        false => number,
    };
    let most_words = if is_narrow { 3 } else { 5 };
    let number = || prop_oneof![0_u32..3, any::<u32>()];
    let wide = prop_oneof![0_u64..3, any::<u32>().prop_map(u64::from), any::<u64>()];
    prop_oneof![
        (node(), number(), number(), number()).prop_map(move |(node, id, serial, creation)| {
            Pid {
                node,
                id: narrow(id, 15),
                serial: narrow(serial, 13),
                creation,
            }
            .into()
        }),
        (node(), wide, number()).prop_map(move |(node, id, creation)| {
            let id = if is_narrow { id & 0xFFF_FFFF } else { id };
            Port { node, id, creation }.into()
        }),
        (node(), number(), vec(number(), 1..=most_words)).prop_map(
            move |(node, creation, mut words)| {
                if let Some(first) = words.first_mut() {
                    *first = narrow(*first, 18);
                }
                Reference::new(node, creation, words).unwrap().into()
            }
        ),
    ]
}

/// A VM keeps closures by module, index and MD5, and takes the rest from the first it saw; so here the rest follows
/// from those.
fn fun() -> impl Strategy<Value = Term> {
    (0_u8..4, 0_u8..3, vec(integer().prop_map(Term::from), 0..3)).prop_map(
        |(module, index, free)| {
            let closure = Closure {
                arity: index,
                uniq: [module; 16],
                index: index.into(),
                module: Atom::new(&format!("module_{module}")).unwrap(),
                old_index: i32::from(index) + 300,
                old_uniq: i32::from(module) - 2,
                pid: Pid {
                    node: Atom::new("a@b").unwrap(),
                    id: 1,
                    serial: 2,
                    creation: 3,
                },
            };
            Fun::new(closure, free).into()
        },
    )
}
