//! The demo proper: five containers on two Docker hosts, and nothing in them but Erlang.

use std::time::Instant;

use anyhow::{Result, ensure};
use beamport_lab::{
    Agent, Build, Host, Image, Instance, Lab, NODE_PORT, Node, NodeOptions, Options,
};

use super::cluster::{Cluster, Member};
use super::{paint, story};
use crate::interrupt;
use crate::show::Show;

const LAB: &str = "demo";

/// Releases that all connect to one another, with host and container.
const NODES: [(Image, u8, &str); 5] = [
    (Image::Otp25, 1, "orders"),
    (Image::Otp27, 1, "stock"),
    (Image::Otp29, 1, "billing"),
    (Image::Otp25, 2, "search"),
    (Image::Otp27, 2, "mail"),
];

/// Which of them dies, and who comes instead.
const VICTIM: usize = 1;
const SUCCESSOR: (Image, u8, &str) = (Image::Otp29, 2, "stock-2");

/// How it went.
pub(super) enum Outcome {
    /// All was shown.
    Shown,
    /// The lab could not be brought up, for this reason.
    NotPermitted(String),
}

pub(super) fn run(keep: bool) -> Result<Outcome> {
    let show = Show::new();
    let instance = Instance::named(LAB)?;
    println!(
        "{}",
        paint::bold("Beamport: stock Erlang nodes on two Docker hosts\n")
    );
    show.step("beamport, a static release binary", || {
        beamport_lab::build_static_binary(Build::Release)
    })?;
    Lab::down(&instance)?;
    let options = Options {
        images: vec![Image::Otp25, Image::Otp27, Image::Otp29],
        ..Options::default()
    };
    if let Err(error) = Lab::up(&instance, &options, &show) {
        ensure!(!interrupt::asked(), "interrupted");
        return Ok(Outcome::NotPermitted(format!("{error:#}")));
    }
    let outcome = perform(&show, &instance, keep);
    if outcome.is_err() || !keep {
        show.step("taking it all down", || Lab::down(&instance))?;
    }
    outcome.map(|()| Outcome::Shown)
}

fn perform(show: &Show, instance: &Instance, keep: bool) -> Result<()> {
    let begun = Instant::now();
    let lab = Lab::attach_to(instance)?;
    let agents = show.step("one agent for each host", || agents(&lab))?;
    let mut cluster = Cluster::default();
    let mut hosts = DockerHosts {
        lab: &lab,
        nodes: Vec::new(),
    };
    show.step("five containers", || {
        for (image, host, container) in NODES {
            cluster.0.push(hosts.start(image, host, container)?);
            ensure!(!interrupt::asked(), "interrupted");
        }
        Ok(())
    })?;
    story::tell(show, &mut cluster, VICTIM, &mut hosts)?;
    println!(
        "\n  Every container: a stock Erlang image, VM flags, and `docker run -p {NODE_PORT}`. \
         On each host: `beamport agent`.\n  All of this took {:.1} s from the first agent on.\n",
        begun.elapsed().as_secs_f32()
    );
    if keep {
        say_how_to_look_around(&lab, &hosts.nodes);
        agents.into_iter().for_each(Agent::leave_running);
    }
    Ok(())
}

fn agents(lab: &Lab) -> Result<Vec<Agent>> {
    let start = |host: &Host| host.agent(lab.binary(), [""; 0]);
    lab.hosts().iter().map(start).collect()
}

struct DockerHosts<'a> {
    lab: &'a Lab,
    nodes: Vec<Node>,
}

impl DockerHosts<'_> {
    fn start(&mut self, image: Image, host: u8, container: &str) -> Result<Member> {
        // The newest Debian cannot be had on every day.
        let image = if self.lab.otps().contains(&image) {
            image
        } else {
            Image::Otp27
        };
        let options = NodeOptions {
            docker: &["--name", container],
            ..NodeOptions::default()
        };
        let host = self.lab.host(host)?;
        let node = host.node(&self.lab.image(image)?, &options)?;
        self.nodes.push(node.clone());
        Ok(Member {
            node: node.name().to_owned(),
            host: format!("{} {}", host.name(), host.address()),
            place: format!("container {container}"),
            otp: node.otp()?,
            port: format!("{NODE_PORT} -> {}", node.published_port()?),
            ask: Box::new(move |expressions| node.eval(expressions)),
            is_gone: false,
        })
    }
}

impl story::Stage for DockerHosts<'_> {
    fn kill(&mut self, _: &Cluster, position: usize) -> Result<()> {
        self.nodes.get(position).map_or(Ok(()), Node::kill)
    }

    fn start_another(&mut self) -> Result<Member> {
        let (image, host, container) = SUCCESSOR;
        self.start(image, host, container)
    }
}

fn say_how_to_look_around(lab: &Lab, nodes: &[Node]) {
    let binary = lab.binary().display();
    println!("It stays up. To look around:\n");
    println!("  export BEAMPORT_LAB={LAB}");
    println!("  cargo xtask lab exec host1 docker ps");
    println!("  cargo xtask lab exec host2 {binary} names 10.99.0.1 10.99.0.2");
    if let Some(node) = nodes.first() {
        println!(
            "  cargo xtask lab exec host1 docker exec -it orders \\\n      \
             erl -name shell@127.0.0.1 -hidden -setcookie lab -remsh {node}"
        );
    }
    println!("\nTo end it:\n\n  BEAMPORT_LAB={LAB} cargo xtask lab down\n");
}
