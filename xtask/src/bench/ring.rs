//! Owners on a consistent hash ring, beside libring's algorithm in a real VM.
//!
//! As for terms, the bench is a target of the crate (`crates/ring/benches/lookups`).

use anyhow::Result;

use super::cargo;

pub(crate) fn ring() -> Result<()> {
    cargo(["bench", "--package", "beamport-ring", "--bench", "lookups"])
}
