//! What names are answered with and, where there is no answer, why.

use anyhow::Result;
use beamport_epmd::agent::{Asker, ContainerFacts};
use beamport_lab::{Host, Image, Lab, NodeOptions};

use super::DEADLINE;
use super::client::Client;

const NO_FLAGS: [&str; 0] = [];

#[test]
fn a_stock_node_that_cannot_be_reached_is_explained() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let agent = host.agent(lab.binary(), NO_FLAGS)?;
    let image = lab.image(Image::Otp25)?;
    let start = |name: &str, flags: &[&str]| {
        let words = [
            &["run", "-d", "--name", name],
            flags,
            &[&image, "sleep", "600"],
        ]
        .concat();
        host.docker(words)
    };
    start("unpublished", &[])?;
    start("other", &["-p", "80"])?;
    start("local", &["-p", "127.0.0.1:5001:12345"])?;
    start("labelled", &["-p", "12345", "-l", "beamport.port=x"])?;
    start("stopped", &["-p", "12345"])?;
    host.docker(["kill", "stopped"])?;
    start("shop", &["-p", "12345"])?;
    host.docker(["rm", "-f", "--volumes", "shop"])?;
    start("shop", &["-p", "12345"])?;

    let asking = lab.host(2)?.node(&image, &NodeOptions::default())?;
    for (name, reason) in [
        (
            "unpublished",
            "does not publish port 12345: start it with `-p 12345` (it publishes no TCP port)",
        ),
        (
            "other",
            "or name the Erlang port with the label beamport.port (it publishes 80)",
        ),
        (
            "local",
            "publishes port 12345 on 127.0.0.1:5001 only, and 10.99.0.1 was dialled",
        ),
        (
            "labelled",
            "has the label beamport.port=x, which is no port",
        ),
        ("stopped", "is stopped: start it"),
        (
            "shpo",
            "no container of this host goes by it; similar: shop",
        ),
        (
            "nothing",
            "no node registered this name, and no container of this host goes by it",
        ),
    ] {
        for _ in 0..2 {
            assert!(!asking.ping(&format!("{name}@10.99.0.1"))?, "{name}");
        }
        agent.wait_log(reason, DEADLINE)?;
        let told = agent
            .log()
            .lines()
            .filter(|l| l.contains(&format!("node={name} ")))
            .count();
        assert_eq!(told, 1, "{name}: {}", agent.log());
    }
    Ok(())
}

#[test]
fn a_container_is_told_who_it_is() -> Result<()> {
    let lab = Lab::attach()?;
    let (one, two) = (lab.host(1)?, lab.host(2)?);
    let _agent = one.agent(lab.binary(), NO_FLAGS)?;
    let image = lab.image(Image::Otp25)?;
    let ports = [
        "run", "-d", "--name", "web", "-p", "80", "-p", "12345", "-p", "443/udp",
    ];
    let id = one.docker(ports.into_iter().chain([&image, "sleep", "600"]))?;
    one.docker(["network", "create", "other"])?;
    one.docker(["network", "connect", "other", "web"])?;

    let facts = Client::in_container(one, &id).facts()?;
    assert_eq!(facts.host, "10.99.0.1");
    let Asker::Container(container) = facts.asker else {
        panic!("{facts:?}")
    };
    assert_eq!(
        container.published(12345),
        Some(published(one, "web", 12345)?)
    );
    assert_eq!(container.published(80), Some(published(one, "web", 80)?));
    let ContainerFacts {
        id: told,
        name,
        ports,
    } = container;
    assert_eq!((told, name.as_str(), ports.len()), (id, "web", 2));

    assert_eq!(Client::on(one).facts()?.asker, Asker::Host);
    // A container of another host comes from that host's address.
    let stranger = two.docker(["run", "-d", &image, "sleep", "600"])?;
    let stranger = Client::in_container(two, &stranger).asking(one.address());
    assert_eq!(stranger.facts()?.asker, Asker::Unknown);
    Ok(())
}

/// RabbitMQ asks its host for its own name before it starts, and does not start when it is there.
#[test]
fn a_container_is_listed_to_others_and_to_itself_only_once_it_registered() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let _agent = host.agent(lab.binary(), NO_FLAGS)?;
    let image = lab.image(Image::Otp25)?;
    let run = |name: &str| {
        host.docker([
            "run", "-d", "--name", name, "-p", "12345", &image, "sleep", "600",
        ])
    };
    let (a, b) = (run("one")?, run("two")?);
    let labelled = [
        "-l",
        "beamport.name=shop",
        "-p",
        "12345",
        &image,
        "sleep",
        "600",
    ];
    host.docker(["run", "-d"].into_iter().chain(labelled))?;
    host.docker(["run", "-d", &image, "sleep", "600"])?;
    let names = |client: &Client<'_>| -> Result<Vec<String>> {
        Ok(client.names()?.into_iter().map(|(name, _)| name).collect())
    };
    let sorted = |mut names: Vec<&str>| {
        names.sort_unstable();
        names.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };

    let in_a = Client::in_container(host, &a);
    assert_eq!(names(&in_a)?, sorted(vec![&b[..12], "shop"]));
    let all = sorted(vec![&a[..12], &b[..12], "shop"]);
    assert_eq!(names(&Client::on(host))?, all);

    let _held = in_a.register("rabbit", 12345)?.unwrap();
    let all = sorted(vec!["rabbit", &b[..12], "shop"]);
    assert_eq!(names(&in_a)?, all);
    assert_eq!(names(&Client::on(host))?, all);
    Ok(())
}

#[test]
fn the_binding_that_serves_the_dialled_address_is_answered() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let _agent = host.agent(lab.binary(), ["--listen", "0.0.0.0,[::]"])?;
    let image = lab.image(Image::Otp25)?;
    let bindings = [
        "-p",
        "127.0.0.1:5001:12345",
        "-p",
        "10.99.0.1:5002:12345",
        "-p",
        "[::1]:5003:12345",
    ];
    let words = ["run", "-d", "--name", "web"].into_iter().chain(bindings);
    host.docker(words.chain([image.as_str(), "sleep", "600"]))?;
    let ask = |address: &str| {
        Client::on(host)
            .asking(address.parse::<std::net::IpAddr>()?)
            .lookup("web")
    };
    assert_eq!(ask("127.0.0.1")?, Some(5001));
    assert_eq!(ask("10.99.0.1")?, Some(5002));
    assert_eq!(ask("::1")?, Some(5003));
    Ok(())
}

/// The host's port that leads to a TCP port of a container.
pub(crate) fn published(host: &Host, container: &str, port: u16) -> Result<u16> {
    let bindings = host.docker(["port", container, &format!("{port}/tcp")])?;
    let first = bindings.lines().next().unwrap_or_default();
    Ok(first.rsplit(':').next().unwrap_or_default().parse()?)
}
