//! A stock Erlang node in a container, with nothing of Beamport in it: VM flags and a published port.
//!
//! So that tests can ask it things, it also has a [`control`] on a port that is not published.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::control;
use crate::host::Host;
use crate::wait::wait_until;

/// The distribution port inside the container.
pub const NODE_PORT: u16 = 12345;

const CONTROL_PORT: u16 = 7777;

/// A cold VM, with others starting on the same core.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// Run as `sh -c SCRIPT HOST EVAL FLAGS…`: the name is `ContainerID@Host`, as Docker's short id is its host name.
const ENTRY: &str = r#"host=$1 eval=$2; shift 2
exec erl -noinput -name "${NODE_NAME:-$(hostname)}@$host" -setcookie lab \
  -kernel inet_dist_listen_min 12345 inet_dist_listen_max 12345 -eval "$eval" "$@""#;

/// What a node is started with.
#[derive(Debug, Clone, Default)]
pub struct NodeOptions<'a> {
    /// The part of its name before the `@`; the container's short id by default.
    pub name: Option<&'a str>,
    /// Flags for `docker run`.
    pub docker: &'a [&'a str],
    /// Flags for `erl`.
    pub erl: &'a [&'a str],
}

/// A node that runs, or ran.
#[derive(Debug, Clone)]
pub struct Node {
    host: Host,
    container: String,
    name: String,
    control: Option<SocketAddr>,
}

impl Host {
    /// Starts a node from `image`, its port 12345 published on a port that Docker chooses.
    ///
    /// Returns when the node is distributed.
    pub fn node(&self, image: &str, options: &NodeOptions<'_>) -> Result<Node> {
        let publish = NODE_PORT.to_string();
        let address = self.address().to_string();
        let variable = options.name.map(|name| format!("NODE_NAME={name}"));
        let mut words = vec!["run", "--detach", "--publish", &publish];
        words.extend(variable.iter().flat_map(|v| ["--env", v]));
        words.extend(options.docker);
        let control = control::serve(CONTROL_PORT);
        words.extend([image, "sh", "-c", ENTRY, "sh", &address, &control]);
        words.extend(options.erl);
        let container = self.docker(words)?;
        let base = match options.name {
            Some(name) => name.to_owned(),
            None => container.chars().take(12).collect(),
        };
        let mut node = Node {
            control: None,
            host: self.clone(),
            name: format!("{base}@{address}"),
            container,
        };
        node.wait_up()?;
        Ok(node)
    }
}

impl Node {
    /// `ContainerID@HostIP`, unless it was given another name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The container's full id.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// Where it runs.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port under which its host publishes the distribution port, on IPv4.
    pub fn published_port(&self) -> Result<u16> {
        let port = format!("{NODE_PORT}/tcp");
        let bindings = self.host.docker(["port", &self.container, &port])?;
        bindings
            .lines()
            .find_map(|line| line.rsplit_once(':')?.1.parse().ok())
            .with_context(|| format!("no port in {bindings:?}"))
    }

    /// The value of Erlang expressions (ended with a dot) on the node, as `~0tp` writes it.
    pub fn eval(&self, expressions: &str) -> Result<String> {
        let control = self.control.with_context(|| format!("{self} is not up"))?;
        self.host
            .inside(|| control::ask(control, expressions))?
            .with_context(|| self.name.clone())
    }

    /// Whether the node reaches `other`: what `net_adm:ping` says.
    pub fn ping(&self, other: &str) -> Result<bool> {
        Ok(self.eval(&format!("net_adm:ping('{other}')."))? == "pong")
    }

    /// The nodes it is connected to, visible and hidden, sorted.
    pub fn connected(&self) -> Result<Vec<String>> {
        control::connected(|expressions| self.eval(expressions))
    }

    /// The Erlang/OTP release it runs.
    pub fn otp(&self) -> Result<String> {
        Ok(self
            .eval("erlang:system_info(otp_release).")?
            .trim_matches('"')
            .to_owned())
    }

    /// Kills its container.
    pub fn kill(&self) -> Result<()> {
        self.host.docker(["kill", &self.container]).map(drop)
    }

    /// Waits until it answers and is distributed, also after its container was started again.
    pub fn wait_up(&mut self) -> Result<()> {
        self.control = Some(SocketAddr::from((self.container_address()?, CONTROL_PORT)));
        let wanted = format!("'{}'", self.name);
        wait_until(&format!("{self} to be up"), START_DEADLINE, || {
            self.eval("node().").is_ok_and(|name| name == wanted)
        })
        .with_context(|| {
            let log = self.host.docker(["logs", &self.container]);
            format!("its output: {}", log.unwrap_or_default())
        })
    }

    fn container_address(&self) -> Result<Ipv4Addr> {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
        let addresses = self
            .host
            .docker(["inspect", "--format", format, &self.container])?;
        addresses
            .split(' ')
            .find_map(|address| address.parse().ok())
            .with_context(|| format!("{self} has no address"))
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
