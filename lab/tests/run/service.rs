//! A service of plain Docker: containers of one bridge that share an alias, as Compose starts them.

use anyhow::{Context as _, Result, ensure};
use beamport_lab::{Image, Lab, wait_until};

use crate::support::{DEADLINE, Node, Recipe, all_see};

const ALIAS: &[&str] = &["--network", "app", "--network-alias", "app.local"];

#[test]
fn three_containers_of_an_alias_are_held_until_all_are_connected() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    host.docker(["network", "create", "app"])?;
    let recipe = Recipe {
        docker: ALIAS,
        run: &[
            "--agent",
            "none",
            "--sentry",
            "dns://app.local",
            "--consensus",
            "3",
            "--consensus-timeout",
            "0",
        ],
        command: &["erl", "-noinput", "-eval", "io:put_chars(\"open\\n\")"],
        ..Recipe::plain(Image::Otp25)
    };
    let start = || recipe.on_bridge(&lab, host);
    let is_open = |node: &&Node| node.logs().lines().any(|line| line == "open");
    let (a, b) = (start()?, start()?);
    all_see(&[&a, &b], "assembling")?;
    ensure!(![&a, &b].iter().any(is_open), "two of three were enough");
    let c = start()?;
    all_see(&[&a, &b, &c], "ready")?;
    wait_until("applications to start", DEADLINE, || {
        [&a, &b, &c].iter().all(is_open)
    })
}

/// Where Cloister found no address to its liking, it raised; where it was to leave the node's name alone, it waited for
/// ever.
#[test]
fn a_container_without_a_network_or_a_cluster_starts_all_the_same() -> Result<()> {
    let lab = Lab::attach()?;
    let recipe = Recipe {
        docker: &["--network", "none"],
        run: &["--agent", "none"],
        command: &[
            "erl",
            "-noinput",
            "-eval",
            "io:put_chars([atom_to_list(node()), \"\\n\"])",
        ],
        ..Recipe::plain(Image::Otp25)
    };
    let node = recipe.start(&lab, lab.host(1)?)?;
    let (name, _) = node.name.split_once('@').context("a full name")?;
    let alone = format!("{name}@127.0.0.1");
    node.wait_logged("to run", |logs| logs.lines().any(|line| line == alone))
}
