//! The sentry's name servers: Unbound, whose records change, vanish and lie while real nodes depend on them.

use anyhow::{Result, ensure};
use beamport_lab::{Host, Image, Lab, wait_until};

use crate::support::{DEADLINE, Node, Recipe, address, all_see};

/// It knows `test.` alone, and is told of the rest by its control socket.
const START: &str = r#"cat > /tmp/unbound.conf <<END
server:
  interface: 0.0.0.0
  access-control: 0.0.0.0/0 allow
  username: ""
  chroot: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  module-config: "iterator"
  local-zone: "test." static
  local-data: "test. 1 SOA ns.test. nobody.test. 1 3600 1200 604800 1"
remote-control:
  control-enable: yes
  control-interface: /tmp/control
  control-use-cert: no
END
exec unbound -d -c /tmp/unbound.conf"#;

/// A name server in a container.
struct NameServer {
    host: Host,
    container: String,
    address: String,
}

impl NameServer {
    fn start(lab: &Lab, host: &Host, docker: &[&str]) -> Result<Self> {
        let image = lab.image(Image::Unbound117)?;
        let mut words = vec!["run", "-d"];
        words.extend(docker);
        words.extend([&image, "sh", "-ec", START]);
        let container = host.docker(words)?;
        let server = Self {
            address: address(host, &container)?,
            container,
            host: host.clone(),
        };
        wait_until("Unbound to take commands", DEADLINE, || {
            server.control(&["status"]).is_ok()
        })?;
        Ok(server)
    }

    fn control(&self, words: &[&str]) -> Result<String> {
        let control = ["unbound-control", "-c", "/tmp/unbound.conf"];
        let exec = ["exec", &self.container];
        self.host.docker(exec.iter().chain(&control).chain(words))
    }

    /// Has these be all records of a name, each with its type, good for a second.
    fn set(&self, name: &str, records: &[String]) -> Result<()> {
        self.control(&["local_data_remove", name])?;
        for record in records {
            self.control(&["local_data", &format!("{name} 1 IN {record}")])?;
        }
        Ok(())
    }

    fn docker(&self, command: &str) -> Result<()> {
        self.host.docker([command, &self.container]).map(drop)
    }

    /// What a container runs first, to ask this server and no other.
    fn settings(&self) -> String {
        format!("echo nameserver {} > /etc/resolv.conf", self.address)
    }
}

/// A node that its own address names, and that asks `server`.
fn start(
    lab: &Lab,
    server: &NameServer,
    docker: &[&str],
    sentry: &str,
    cluster: &str,
    consensus: &str,
) -> Result<Node> {
    let recipe = Recipe {
        docker,
        before: &server.settings(),
        run: &[
            "--agent",
            "none",
            "--sentry",
            sentry,
            "--cluster",
            cluster,
            "--consensus",
            consensus,
            "--consensus-timeout",
            "0",
        ],
        ..Recipe::plain(Image::Otp25)
    };
    recipe.on_bridge(lab, &server.host)
}

fn addresses(nodes: &[&Node]) -> Vec<String> {
    let host = |node: &&Node| node.name.split('@').nth(1).map(|host| format!("A {host}"));
    nodes.iter().filter_map(host).collect()
}

/// Waits until a node has said something once more than `before` times.
fn wait_said(node: &Node, what: &str, before: usize) -> Result<()> {
    node.wait_logged(&format!("to say {what:?}"), |logs| {
        logs.matches(what).count() > before
    })
}

#[test]
fn nodes_follow_the_addresses_of_a_name_and_outlive_its_server() -> Result<()> {
    const SILENT: &str = "no name server answered";
    const AGAIN: &str = "the sentry leads somewhere again";
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let server = NameServer::start(&lab, host, &[])?;
    let shop = |consensus| start(&lab, &server, &[], "dns://app.test", "shop", consensus);
    // Found by others, for it looks for nobody.
    let found = || start(&lab, &server, &[], "dns://nobody.test", "shop", "1");

    // There is no such name yet.
    let (a, b) = (shop("2")?, shop("2")?);
    wait_said(&a, "there is no host \"app.test\"", 0)?;
    a.wait_for("assembling", &[&a])?;
    server.set("app.test", &addresses(&[&a, &b]))?;
    all_see(&[&a, &b], "ready")?;
    wait_said(&a, AGAIN, 0)?;

    // One appears, moves and goes.
    let c = found()?;
    c.wait_for("ready", &[&c])?;
    server.set("app.test", &addresses(&[&a, &b, &c]))?;
    all_see(&[&a, &b, &c], "ready")?;
    c.docker(["kill"])?;
    let moved = found()?;
    server.set("app.test", &addresses(&[&a, &b, &moved]))?;
    all_see(&[&a, &b, &moved], "ready")?;
    moved.docker(["stop"])?;
    server.set("app.test", &addresses(&[&a, &b]))?;
    all_see(&[&a, &b], "ready")?;

    // Lies: nobody there, a cluster of others there, and not a word of those that are. All of it is true of `later`'s
    // record alone, so that once that is obeyed, the rest was.
    let other = start(&lab, &server, &[], "dns://nobody.test", "other", "1")?;
    let later = found()?;
    let mut lies = addresses(&[&other, &later]);
    lies.push("A 172.17.255.254".to_owned());
    server.set("app.test", &lies)?;
    all_see(&[&a, &b, &later], "ready")?;
    other.wait_for("ready", &[&other])?;

    // It says nothing, for longer than anybody waits.
    server.docker("pause")?;
    wait_said(&a, SILENT, 0)?;
    all_see(&[&a, &b, &later], "ready")?;
    let before = a.logs().matches(AGAIN).count();
    server.docker("unpause")?;
    wait_said(&a, AGAIN, before)?;

    // It says that it cannot say: SERVFAIL.
    server.control(&["local_zone_remove", "test."])?;
    server.control(&["forward_add", "+i", "test.", "127.0.0.1@1"])?;
    wait_said(&a, "cannot look up \"app.test\"", 0)?;
    ensure!(a.logs().contains("nobody is disconnected for it"));
    all_see(&[&a, &b, &later], "ready")
}

#[test]
fn service_records_and_addresses_of_both_families_lead_to_nodes() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let subnets = ["--subnet", "172.29.5.0/24", "--subnet", "fd77::/64"];
    let create = ["network", "create", "--ipv6"];
    host.docker(create.iter().chain(&subnets).chain(&["six"]))?;
    let server = NameServer::start(&lab, host, &["--network", "six"])?;
    let by = |sentry| start(&lab, &server, &["--network", "six"], sentry, "shop", "3");
    let a = by("srv://_epmd._tcp.app.test")?;
    let b = by("dns://app.test")?;
    let c = by("dns://six.test")?;
    let v6 = "{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}";
    let v6 = host.docker(["inspect", "--format", v6, &c.container])?;
    server.set("six.test", &[format!("AAAA {v6}")])?;
    server.set("b.test", &addresses(&[&b]))?;
    let services = ["b", "six"].map(|name| format!("SRV 0 0 4369 {name}.test."));
    server.set("_epmd._tcp.app.test", &services)?;
    // Who is found by `a` alone is with everybody: nodes connect in full.
    all_see(&[&a, &b, &c], "ready")
}
