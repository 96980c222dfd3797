//! Stock ejabberd from Debian: two servers on two Docker hosts, with random published ports, share what they know.

mod client;

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use beamport_lab::{Host, Image, Lab, wait_until};

use crate::support::{DEADLINE, Node, Recipe, agents, all_see};
use client::{Client, DOMAIN};

/// Clients need no certificates; all else is what ejabberd has by itself.
const PREPARE: &str = "
mkdir /run/ejabberd; chown ejabberd: /run/ejabberd
cat >/etc/ejabberd/ejabberd.yml <<END
hosts: [shop.example]
listen:
  - port: 5222
    module: ejabberd_c2s
END";

/// In base 64: a zero, `ann`, a zero and `secret`.
const ANN: &str = "AGFubgBzZWNyZXQ=";

/// The same of `bob`.
const BOB: &str = "AGJvYgBzZWNyZXQ=";

#[test]
fn two_servers_join_and_share_sessions() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let (a, b) = (start(&lab, one)?, start(&lab, two)?);
    wait_up(&a)?;
    wait_up(&b)?;
    all_see(&[&a, &b], "ready")?;
    control(&b, &["join_cluster", &a.name])?;
    wait_up(&b)?;
    for node in [&a, &b] {
        let mut last = String::new();
        wait_until("both to be of the cluster", DEADLINE, || {
            last = control(node, &["list_cluster"]).unwrap_or_else(|error| format!("{error:#}"));
            last.contains(&a.name) && last.contains(&b.name)
        })
        .with_context(|| last)?;
    }

    // Whoever is known to the one is known to the other.
    control(&a, &["register", "ann", DOMAIN, "secret"])?;
    control(&b, &["register", "bob", DOMAIN, "secret"])?;
    let mut ann = Client::log_in(one, address(&b)?, ANN).context("ann at the second")?;
    let mut bob = Client::log_in(two, address(&a)?, BOB).context("bob at the first")?;
    for node in [&a, &b] {
        let users = control(node, &["connected_users"])?;
        ensure!(users.contains("ann@") && users.contains("bob@"), "{users}");
    }
    ann.write_to("bob", "from the second to the first")?;
    bob.wait_message("from the second to the first")?;
    bob.write_to("ann", "and back")?;
    ann.wait_message("and back")?;

    // Sessions go with the server that has them.
    b.docker(["kill"])?;
    wait_until(
        "the sessions of the killed one to be gone",
        DEADLINE,
        || {
            control(&a, &["connected_users"])
                .is_ok_and(|users| users.contains("bob@") && !users.contains("ann@"))
        },
    )
}

/// A server that starts when both are connected.
fn start(lab: &Lab, host: &Host) -> Result<Node> {
    let recipe = Recipe {
        before: PREPARE,
        docker: &["-p", "12345", "-p", "5222"],
        run: &[
            "--name",
            "ejabberd",
            "--sentry",
            "hosts://10.99.0.1,10.99.0.2",
            "--consensus",
            "2",
        ],
        command: &["ejabberdctl", "foreground"],
        name: Some("ejabberd"),
        ..Recipe::plain(Image::Ejabberd2301)
    };
    recipe.start(lab, host)
}

fn wait_up(node: &Node) -> Result<()> {
    wait_until(&format!("{} to be up", node.name), DEADLINE, || {
        control(node, &["status"]).is_ok_and(|said| said.contains("is running in that node"))
    })
    .with_context(|| node.logs())
}

fn control(node: &Node, words: &[&str]) -> Result<String> {
    node.exec(&[&["ejabberdctl"], words].concat())
}

/// Where clients reach a server.
fn address(node: &Node) -> Result<SocketAddr> {
    let bindings = node.docker(["port", "5222/tcp"])?;
    let port = bindings
        .lines()
        .find_map(|line| line.rsplit_once(':')?.1.parse().ok());
    let port = port.with_context(|| format!("no port in {bindings:?}"))?;
    Ok((node.host.address(), port).into())
}
