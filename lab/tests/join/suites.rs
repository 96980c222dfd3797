//! The tests of our crates against `erl`, run where `erl` is another: inside a container of each OTP image.
//!
//! Each takes the test program as `cargo test` builds it, but statically linked, so that it needs nothing there but
//! `erl` and `epmd`. Everything goes over the container's own loopback.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use beamport_lab::{Image, Lab, build_static_tests, output_within};

/// A cold machine; every wait within a suite has a deadline of its own.
const DEADLINE: Duration = Duration::from_secs(600);

/// Where the test program is in the container.
const PROGRAM: &str = "/suite";

#[test]
fn distribution_with_otp_23() -> Result<()> {
    all_pass("beamport-dist", Image::Otp23)
}

#[test]
fn distribution_with_otp_25() -> Result<()> {
    all_pass("beamport-dist", Image::Otp25)
}

#[test]
fn distribution_with_otp_27() -> Result<()> {
    all_pass("beamport-dist", Image::Otp27)
}

#[test]
fn distribution_with_otp_29() -> Result<()> {
    all_pass("beamport-dist", Image::Otp29)
}

#[test]
fn terms_with_otp_23() -> Result<()> {
    all_pass("beamport-term", Image::Otp23)
}

#[test]
fn terms_with_otp_25() -> Result<()> {
    all_pass("beamport-term", Image::Otp25)
}

#[test]
fn terms_with_otp_27() -> Result<()> {
    all_pass("beamport-term", Image::Otp27)
}

#[test]
fn terms_with_otp_29() -> Result<()> {
    all_pass("beamport-term", Image::Otp29)
}

/// Runs the tests named `otp` of a package in a container; each that it lists has to pass.
fn all_pass(package: &str, image: Image) -> Result<()> {
    let lab = Lab::attach()?;
    if !lab.otps().contains(&image) {
        // Only what may be omitted is; whoever brought the lab up says so.
        return Ok(());
    }
    let program = build_static_tests(package, "otp")?;
    let volume = format!("{}:{PROGRAM}:ro", program.display());
    let reference = lab.image(image)?;
    let run = |flag: &str| {
        let mut docker = lab.host(1)?.docker_command();
        docker
            .args(["run", "--rm", "--volume", &volume])
            // Docker takes it away, and some nodes are to talk over it.
            .args(["--sysctl", "net.ipv6.conf.all.disable_ipv6=0"])
            .args([&reference, PROGRAM, flag]);
        output_within(DEADLINE, &mut docker).with_context(|| format!("{package} with {image}"))
    };
    let listed = run("--list")?;
    let listed = listed
        .lines()
        .filter(|line| line.ends_with(": test"))
        .count();
    let result = run("--test-threads=4")?;
    let passed = passed(&result).with_context(|| format!("no result in: {result}"))?;
    ensure!(
        listed > 0 && passed == listed,
        "of {listed} tests of {package}, {passed} passed with {image}: {result}"
    );
    Ok(())
}

/// How many tests a test program says have passed.
fn passed(output: &str) -> Option<usize> {
    let result = output
        .lines()
        .find_map(|line| line.strip_prefix("test result: ok. "))?;
    result.split_once(" passed")?.0.parse().ok()
}
