//! `cargo xtask`: the commands a developer uses.

fn main() {}
