//! Against other implementations: a real VM, for which `erl` must be installed (Debian: erlang-base), and the crates
//! eetf and erltf.
//!
//! The binary needs nothing but itself and `erl`, so that it can be run where another OTP is; or name the command in
//! `BEAMPORT_ERL`, as in `BEAMPORT_ERL="docker run -i --rm erlang:27 erl"`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of tests may fail as a test may: its failure is the message"
)]

mod erl;
mod hash;
mod order;
mod rivals;
mod round_trip;
mod terms;
mod text;

use proptest::test_runner::Config;

/// Enough to meet the rare kinds of terms in every run, and still a matter of seconds; or as many as `PROPTEST_CASES`
/// says.
fn config() -> Config {
    let cases = std::env::var("PROPTEST_CASES").ok();
    Config {
        cases: cases.and_then(|cases| cases.parse().ok()).unwrap_or(1000),
        failure_persistence: None,
        ..Config::default()
    }
}
