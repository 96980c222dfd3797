//! A cluster across Docker hosts assembles through published ports, and is whole again after faults.

use anyhow::Result;
use beamport_lab::{Host, Image, Lab};

use crate::support::{Node, Recipe, address, agents, all_see};

/// Five nodes, three of which are enough.
pub(crate) const FLAGS: &[&str] = &[
    "--sentry",
    "hosts://10.99.0.1,10.99.0.2",
    "--cluster",
    "shop",
    "--consensus",
    "3",
];

/// A node that says when its applications start, and notices silence within seconds.
pub(crate) const SHOP: &[&str] = &[
    "erl",
    "-noinput",
    "-kernel",
    "net_ticktime",
    "4",
    "-eval",
    "io:put_chars(\"shop is open\\n\")",
];

/// What it says then.
const OPEN: &str = "shop is open";

impl Node {
    fn is_open(&self) -> bool {
        self.logs().contains(OPEN)
    }

    fn wait_open(&self) -> Result<()> {
        self.wait_logged("to open", |logs| logs.contains(OPEN))
    }

    /// Waits until one line of its log has all these words.
    fn wait_said(&self, words: &[&str]) -> Result<()> {
        let said = |line: &str| words.iter().all(|word| line.contains(word));
        self.wait_logged(&format!("to say {words:?}"), |logs| logs.lines().any(said))
    }
}

#[test]
fn five_nodes_on_two_hosts_assemble_and_are_whole_again_after_faults() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let start = |image, host: &Host| {
        let recipe = Recipe {
            run: FLAGS,
            command: SHOP,
            ..Recipe::plain(image)
        };
        recipe.registered(&lab, host)
    };
    let (one, two) = (lab.host(1)?, lab.host(2)?);

    let a = start(Image::Otp25, one)?;
    let b = start(Image::Otp27, two)?;
    all_see(&[&a, &b], "assembling")?;
    anyhow::ensure!(!a.is_open() && !b.is_open(), "two of three were enough");

    let c = start(Image::Otp25, one)?;
    for node in [&a, &b, &c] {
        node.wait_open()?;
    }
    let (d, e) = (start(Image::Otp27, two)?, start(Image::Otp25, one)?);
    all_see(&[&a, &b, &c, &d, &e], "ready")?;

    // Killed: the others know. Started anew, it has another name and is one of them.
    e.docker(["kill"])?;
    all_see(&[&a, &b, &c, &d], "ready")?;
    let e = start(Image::Otp25, one)?;
    all_see(&[&a, &b, &c, &d, &e], "ready")?;

    // Cut off from each other: the three go on, the two know that they are too few.
    two.link_down()?;
    all_see(&[&a, &c, &e], "ready")?;
    all_see(&[&b, &d], "degraded")?;
    two.link_up()?;
    all_see(&[&a, &b, &c, &d, &e], "ready")?;

    // Told to stop, a node is no member before it has.
    a.docker(["stop"])?;
    anyhow::ensure!(a.logs().contains("the node is gone"), "{}", a.logs());
    all_see(&[&b, &c, &d, &e], "ready")
}

#[test]
fn two_nodes_that_only_a_third_one_reaches_are_named_and_find_each_other_again() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    // Left alone, `global` disconnects nodes until there is no such pair, and nothing stays to be looked at.
    let alone = ["-kernel", "prevent_overlapping_partitions", "false"];
    let command = [SHOP, &alone].concat();
    let start = |host: &Host| {
        let recipe = Recipe {
            run: FLAGS,
            command: &command,
            ..Recipe::plain(Image::Otp27)
        };
        recipe.registered(&lab, host)
    };
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let (a, b, c) = (start(one)?, start(one)?, start(two)?);
    all_see(&[&a, &b, &c], "ready")?;

    one.cut_off(address(one, &b.container)?.parse()?, two)?;
    a.wait_for("ready", &[&a, &b, &c])?;
    b.wait_for("degraded", &[&a, &b])?;
    c.wait_for("degraded", &[&a, &c])?;
    let (first, second) = ((&b.name).min(&c.name), (&b.name).max(&c.name));
    a.wait_said(&[&format!(
        "{first} and {second} are not connected with each other"
    )])?;
    b.wait_said(&["missing: ", &c.name])?;
    c.wait_said(&["missing: ", &b.name])?;

    one.repair_link()?;
    all_see(&[&a, &b, &c], "ready")?;
    a.wait_said(&["every member is connected with every other again"])
}
