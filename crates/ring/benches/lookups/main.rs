//! How fast owners are found, beside libring's algorithm in a real VM, in one run: `cargo bench -p beamport-ring`.
//! Needs `erl`.
//!
//! Five nodes; a thousand keys of each sort, each term made beforehand on both sides. Of several rounds in turns the
//! best counts. A ratio is how many times as many lookups we make.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot run has nothing to say but why"
)]

mod otp;

use std::hint::black_box;
use std::time::{Duration, Instant};

use beamport_ring::{Otp, Ring};
use beamport_term::{Atom, Term};

/// The least ratio where one was set out for: integers and binaries.
const LEAST: f64 = 5.0;

const NODES: u32 = 5;
const KEYS: u32 = 1000;

/// Many and short, so that some go undisturbed on a machine that has other things to do.
const ROUNDS: usize = 200;
const ROUND: Duration = Duration::from_millis(2);

fn main() {
    let mut ring = Ring::new(Otp::UpTo25);
    for number in 1..=NODES {
        ring.add(Atom::new(&format!("app@10.0.0.{number}")).unwrap());
    }
    let mut vm = otp::Vm::start();
    println!("{:<28}{:>14}{:>14}", "lookups/s", "ours", "OTP");
    for (name, sort, key, least) in [
        ("integers", b'i', integer as fn(u32) -> Term, Some(LEAST)),
        ("binaries of 8 to 10 bytes", b'b', binary, Some(LEAST)),
        ("atoms", b'a', atom, None),
        ("tuples {atom, integer}", b't', tuple, None),
    ] {
        let keys: Vec<Term> = (0..KEYS).map(key).collect();
        let (mut ours, mut theirs) = (0.0_f64, 0.0_f64);
        for _ in 0..ROUNDS {
            ours = ours.max(lookups_per_second(&ring, &keys));
            theirs = theirs.max(vm.lookups_per_second(sort));
        }
        let ratio = ours / theirs;
        let target = match least {
            Some(least) if ratio < least => format!(" (at least {least:.1})  MISSED"),
            Some(least) => format!(" (at least {least:.1})"),
            None => String::new(),
        };
        println!("{name:<28}{ours:>14.0}{theirs:>14.0}  {ratio:.1}{target}");
    }
}

fn lookups_per_second(ring: &Ring, keys: &[Term]) -> f64 {
    let (start, mut lookups) = (Instant::now(), 0);
    while start.elapsed() < ROUND {
        for key in keys {
            black_box(ring.owner(black_box(key)));
        }
        lookups += keys.len();
    }
    lookups as f64 / start.elapsed().as_secs_f64()
}

fn integer(number: u32) -> Term {
    number.into()
}

fn binary(number: u32) -> Term {
    format!("session{number}").into()
}

fn atom(number: u32) -> Term {
    Atom::new(&format!("session{number}")).unwrap().into()
}

fn tuple(number: u32) -> Term {
    Term::from((beamport_term::atom!("session"), number))
}
