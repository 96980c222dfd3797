//! Stock RabbitMQ from Debian: brokers on two Docker hosts, with random published ports, form a cluster and pass messages.
//!
//! Two that are named `ContainerID@HostIP` are joined by a person; three with names of their own are started together and
//! join one another, by RabbitMQ's own list of peers.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use beamport_lab::{Host, Image, Lab, wait_until};

use crate::support::{DEADLINE, Node, Recipe, agents};

/// Three brokers that form a cluster by themselves take their time.
const PATIENCE: Duration = Duration::from_secs(180);

/// Publishes to a quorum queue, and waits until a majority of the brokers has each message.
const PUBLISH: &str = "
import pika
channel = pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1')).channel()
channel.queue_declare('orders', durable=True, arguments={'x-queue-type': 'quorum'})
channel.confirm_delivery()
for n in range(10):
    channel.basic_publish('', 'orders', b'order %d' % n, pika.BasicProperties(delivery_mode=2))
";

/// Takes what was published, in order.
const CONSUME: &str = "
import pika
channel = pika.BlockingConnection(pika.ConnectionParameters('127.0.0.1')).channel()
taken = []
for method, _, body in channel.consume('orders', inactivity_timeout=30):
    if method is None: break
    channel.basic_ack(method.delivery_tag)
    taken.append(body.decode())
    if len(taken) == 10: break
print(','.join(taken))
";

/// A broker, and how commands beside it are told which one is meant.
#[derive(Clone)]
struct Broker {
    node: Node,
    /// What goes before a command in `docker exec`.
    prefix: Vec<String>,
    /// Whether brokers on other hosts can dial the tools beside this one.
    has_reachable_tools: bool,
}

#[test]
fn brokers_with_environment_variables_only_form_a_cluster() -> Result<()> {
    for image in [Image::Rabbitmq310, Image::Rabbitmq4] {
        let lab = Lab::attach()?;
        let _agents = agents(&lab)?;
        let start = |host: &Host| with_variables(&lab, host, image);
        form_a_cluster(start(lab.host(1)?)?, start(lab.host(2)?)?)
            .with_context(|| image.to_string())?;
    }
    Ok(())
}

#[test]
fn brokers_under_beamport_run_form_a_cluster() -> Result<()> {
    for image in [Image::Rabbitmq310, Image::Rabbitmq4] {
        let lab = Lab::attach()?;
        let _agents = agents(&lab)?;
        let start = |host: &Host| under_run(&lab, host, image);
        form_a_cluster(start(lab.host(1)?)?, start(lab.host(2)?)?)
            .with_context(|| image.to_string())?;
    }
    Ok(())
}

#[test]
fn three_brokers_that_are_launched_together_form_a_cluster_and_outlive_one() -> Result<()> {
    for image in [Image::Rabbitmq310, Image::Rabbitmq4] {
        let lab = Lab::attach()?;
        let _agents = agents(&lab)?;
        three_together(&lab, image).with_context(|| image.to_string())?;
    }
    Ok(())
}

fn three_together(lab: &Lab, image: Image) -> Result<()> {
    let [one, two] = [lab.host(1)?, lab.host(2)?];
    let places = [("rabbit-a", one), ("rabbit-b", two), ("rabbit-c", one)];
    let names = places.map(|(name, host)| format!("{name}@{}", host.address()));
    let launch = |(name, host): &(&str, &Host)| launched(lab, host, image, name, &names);
    let [first, others @ ..] = places.each_ref();
    let a = launch(first)?;
    wait_until("the first to wait", DEADLINE, || {
        a.told().contains("waiting for consensus: 1 of 3")
    })
    .with_context(|| a.told())?;
    let processes = a.node.docker(["top", "-o", "pid,comm"])?;
    ensure!(
        !processes.contains("beam.smp"),
        "it was started: {processes}"
    );
    let others: Vec<Broker> = others.into_iter().map(launch).collect::<Result<_>>()?;
    let brokers = [&[a], &others[..]].concat();
    for broker in &brokers {
        wait_until(
            &format!("{} to see all", broker.node.name),
            PATIENCE,
            || {
                let running = broker.running();
                names.iter().all(|name| running.contains(name))
            },
        )
        .with_context(|| broker.told())?;
    }
    let [a, b, c] = brokers.as_slice() else {
        anyhow::bail!("not three");
    };
    a.exec(&["python3", "-c", PUBLISH])?;
    wait_until("each broker to have the queue", DEADLINE, || {
        let list = ["rabbitmqctl", "--quiet", "list_queues", "name", "members"];
        a.exec(&list)
            .is_ok_and(|members| names.iter().all(|name| members.contains(name)))
    })?;
    c.node.docker(["kill"])?;
    wait_until("the killed one to be missed", DEADLINE, || {
        !a.running().contains(&c.node.name)
    })?;
    let taken = b.exec(&["python3", "-c", CONSUME])?;
    let published: Vec<String> = (0..10).map(|n| format!("order {n}")).collect();
    ensure!(taken == published.join(","), "{taken}");
    Ok(())
}

/// A broker that waits for the two others before it is started, and then joins them.
fn launched(lab: &Lab, host: &Host, image: Image, name: &str, all: &[String]) -> Result<Broker> {
    let peers = (1..).zip(all);
    let peers =
        peers.map(|(n, peer)| format!("cluster_formation.classic_config.nodes.{n} = {peer}"));
    // Before 3.11 brokers wait for up to a minute, so that they do not all start at a time; later ones know no such setting.
    let delay = match image {
        Image::Rabbitmq310 => &["min = 0", "max = 1"][..],
        _ => &[],
    };
    let delay = delay
        .iter()
        .map(|range| format!("cluster_formation.randomized_startup_delay_range.{range}"));
    let lines = peers.chain(delay).collect::<Vec<_>>().join("\n");
    let settings = format!("printf '%s\\n' '{lines}' > /etc/rabbitmq/rabbitmq.conf");
    let sentry = all.join(",");
    let recipe = Recipe {
        docker: &["-p", "12345-12347", "-p", "5672"],
        before: &settings,
        run: &[
            "--name",
            name,
            "--port",
            "12345-12347",
            "--gate",
            "launch",
            "--sentry",
            &sentry,
            "--consensus",
            "3",
        ],
        command: &["rabbitmq-server"],
        name: Some(name),
        ..Recipe::plain(image)
    };
    Ok(Broker::of(recipe.start(lab, host)?))
}

/// No Beamport in the container: a stock broker and its stock port mapper.
fn with_variables(lab: &Lab, host: &Host, image: Image) -> Result<Broker> {
    let image = lab.image(image)?;
    let address = format!("HOST={}", host.address());
    let name = "RABBITMQ_NODENAME=$(hostname)@$HOST exec rabbitmq-server";
    let container = host.docker([
        "run",
        "-d",
        "-p",
        "12345",
        "-p",
        "5672",
        "-e",
        "RABBITMQ_USE_LONGNAME=true",
        "-e",
        "RABBITMQ_DIST_PORT=12345",
        "-e",
        "RABBITMQ_ERLANG_COOKIE=lab",
        "-e",
        &address,
        &image,
        "sh",
        "-c",
        name,
    ])?;
    let short: String = container.chars().take(12).collect();
    let name = format!("{short}@{}", host.address());
    Ok(Broker {
        prefix: vec!["env".into(), format!("RABBITMQ_NODENAME={name}")],
        has_reachable_tools: false,
        node: Node {
            host: host.clone(),
            container,
            name,
        },
    })
}

fn under_run(lab: &Lab, host: &Host, image: Image) -> Result<Broker> {
    // The ports beside the broker's are for its tools.
    let recipe = Recipe {
        docker: &["-p", "12345-12347", "-p", "5672"],
        run: &["--port", "12345-12347"],
        command: &["rabbitmq-server"],
        ..Recipe::plain(image)
    };
    Ok(Broker::of(recipe.start(lab, host)?))
}

fn form_a_cluster(a: Broker, b: Broker) -> Result<()> {
    for broker in [&a, &b] {
        wait_until(
            &format!("broker {} to be up", broker.node.name),
            DEADLINE,
            || {
                broker
                    .exec(&["rabbitmqctl", "await_startup", "--timeout", "5"])
                    .is_ok()
            },
        )
        .with_context(|| broker.told())?;
    }
    b.exec(&["rabbitmqctl", "stop_app"])?;
    b.exec(&["rabbitmqctl", "join_cluster", &a.node.name])
        .with_context(|| format!("{}\n{}", a.told(), b.told()))?;
    b.exec(&["rabbitmqctl", "start_app"])?;
    let running = a.running();
    ensure!(
        running.contains(&a.node.name) && running.contains(&b.node.name),
        "{running}"
    );

    a.exec(&["python3", "-c", PUBLISH])?;
    // Without `--local` every broker sends its part to the tool, and has to dial it for that.
    let mut list = vec!["rabbitmqctl", "--quiet", "list_queues"];
    if !a.has_reachable_tools {
        list.push("--local");
    }
    list.extend(["name", "type", "members"]);
    let members = a.exec(&list)?;
    ensure!(
        members.contains("quorum")
            && members.contains(&a.node.name)
            && members.contains(&b.node.name),
        "{members}"
    );
    let taken = b.exec(&["python3", "-c", CONSUME])?;
    let published: Vec<String> = (0..10).map(|n| format!("order {n}")).collect();
    ensure!(taken == published.join(","), "{taken}");
    Ok(())
}

impl Broker {
    /// Under `beamport run`.
    fn of(node: Node) -> Self {
        Self {
            node,
            prefix: ["beamport", "exec", "--"].map(String::from).into(),
            has_reachable_tools: true,
        }
    }

    /// The brokers that it says are running; nothing while it does not say.
    fn running(&self) -> String {
        let status = [
            "rabbitmqctl",
            "--quiet",
            "cluster_status",
            "--formatter",
            "json",
        ];
        let status = self.exec(&status).unwrap_or_default();
        let status: serde_json::Value = serde_json::from_str(&status).unwrap_or_default();
        let running = status.get("running_nodes").map(ToString::to_string);
        running.unwrap_or_default()
    }

    fn exec(&self, command: &[&str]) -> Result<String> {
        let mut words = vec!["exec", &self.node.container];
        words.extend(self.prefix.iter().map(String::as_str));
        words.extend(command);
        self.node.host.docker(words)
    }

    /// What the broker has to say, for a test that failed.
    fn told(&self) -> String {
        let show = "tail -n 60 /var/log/rabbitmq/*";
        let files = self.node.docker(["exec", "sh", "-c", show]);
        let Node { name, .. } = &self.node;
        format!(
            "{name}:\n{}\n{}",
            self.node.logs(),
            files.unwrap_or_default()
        )
    }
}
