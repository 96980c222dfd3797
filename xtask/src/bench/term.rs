//! Encoding and decoding of terms, beside the crates eetf and erltf and beside a real VM.
//!
//! The contenders are libraries, which only `beamport-term` has any use for, so the bench is a target of that
//! crate (`crates/term/benches/codec`).

use anyhow::Result;

use super::cargo;

pub(crate) fn term() -> Result<()> {
    cargo(["bench", "--package", "beamport-term", "--bench", "codec"])
}
