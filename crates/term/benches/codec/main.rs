//! How fast terms are encoded and decoded, beside `eetf`, `erltf` and a real VM, all in one run:
//! `cargo bench -p beamport-term`. Needs `erl`.
//!
//! Each contestant decodes bytes to a term and drops it, and encodes that term to new bytes; `view` is ours checking
//! the bytes and looking at two parts, beside the others decoding; of several rounds in
//! turn the best counts. A ratio is how many times as long as we the other takes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark that cannot run has nothing to say but why"
)]

#[path = "../cases/mod.rs"]
mod cases;
mod otp;

use std::hint::black_box;
use std::time::{Duration, Instant};

use beamport_term::{Decoder, Limits, decode, encode};
use bytes::Bytes;
use cases::Case;

/// Many and short, so that some go undisturbed on a machine that has other things to do.
const ROUNDS: usize = 100;
const ROUND: Duration = Duration::from_millis(2);

fn main() {
    println!(
        "{:<28}{:>12}{:>9}{:>9}{:>9}",
        "", "ours", "eetf", "erltf", "OTP"
    );
    for case in cases::all() {
        let vm = otp::measure(&case);
        row(&case, "decode", decoding(&case), vm.decode);
        row(&case, "view", viewing(&case), vm.decode);
        row(&case, "encode", encoding(&case), vm.encode);
    }
}

fn row(case: &Case, what: &str, [ours, eetf, erltf]: [f64; 3], vm: f64) {
    let name = format!("{}, {} B", case.name, case.bytes.len());
    println!(
        "{name:<28}{:>9.2} us{:>8.1}x{:>8.1}x{:>8.1}x  {what}",
        ours * 1e6,
        eetf / ours,
        erltf / ours,
        vm / ours
    );
}

fn decoding(case: &Case) -> [f64; 3] {
    let bytes = &case.bytes;
    let mut decoder = Decoder::new(Limits::default());
    best([
        &mut || drop(black_box(decoder.decode(black_box(bytes)).unwrap())),
        &mut || {
            drop(black_box(
                eetf::Term::decode(black_box(&bytes[..])).unwrap(),
            ))
        },
        &mut || drop(black_box(erltf::decode(black_box(bytes)).unwrap())),
    ])
}

/// The same with our view in place of a term, of which two parts are looked at.
fn viewing(case: &Case) -> [f64; 3] {
    let bytes = &case.bytes;
    best([
        &mut || _ = black_box(cases::look(black_box(bytes))),
        &mut || {
            drop(black_box(
                eetf::Term::decode(black_box(&bytes[..])).unwrap(),
            ))
        },
        &mut || drop(black_box(erltf::decode(black_box(bytes)).unwrap())),
    ])
}

fn encoding(case: &Case) -> [f64; 3] {
    let bytes: &Bytes = &case.bytes;
    let ours = decode(bytes).unwrap();
    let eetf = eetf::Term::decode(&bytes[..]).unwrap();
    let erltf = erltf::decode(bytes).unwrap();
    best([
        &mut || drop(black_box(encode(black_box(&ours)).unwrap())),
        &mut || {
            let mut out = Vec::new();
            black_box(&eetf).encode(&mut out).unwrap();
            drop(black_box(out));
        },
        &mut || drop(black_box(erltf::encode(black_box(&erltf)).unwrap())),
    ])
}

/// Seconds for one call of each, at best.
fn best(contestants: [&mut dyn FnMut(); 3]) -> [f64; 3] {
    let mut best = [f64::INFINITY; 3];
    let mut contestants = contestants;
    for _ in 0..ROUNDS {
        for (run, best) in contestants.iter_mut().zip(&mut best) {
            let (start, mut calls) = (Instant::now(), 0_u32);
            while start.elapsed() < ROUND {
                run();
                calls += 1;
            }
            *best = best.min(start.elapsed().as_secs_f64() / f64::from(calls));
        }
    }
    best
}
