//! Nodes in containers of the lab, started by `beamport run`.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use beamport_lab::{Agent, Host, Image, Lab, wait_until};

/// Far more than anything here takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) const COOKIE: &str = "BEAMPORT_COOKIE=lab";

/// A command that keeps a node up.
pub(crate) const ERL: &[&str] = &["erl", "-noinput"];

/// An agent on every host.
pub(crate) fn agents(lab: &Lab) -> Result<Vec<Agent>> {
    lab.hosts()
        .iter()
        .map(|host| host.agent(lab.binary(), [""; 0]))
        .collect()
}

/// The address of a container on the one network that it is in.
pub(crate) fn address(host: &Host, container: &str) -> Result<String> {
    let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    host.docker(["inspect", "--format", format, container])
}

/// Whether tests are to be run to their full extent, however long that takes.
pub(crate) fn is_long() -> bool {
    std::env::var_os("BEAMPORT_LONG").is_some()
}

/// Waits until each of these sees this phase, all of them as the members, and the first as the leader.
pub(crate) fn all_see(nodes: &[&Node], phase: &str) -> Result<()> {
    nodes
        .iter()
        .try_for_each(|node| node.wait_for(phase, nodes))
}

/// A container that is, or was, running `beamport run`.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) host: Host,
    pub(crate) container: String,
    /// The node's full name.
    pub(crate) name: String,
}

/// How a container is started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipe<'a> {
    pub(crate) image: Image,
    /// Flags of `docker run`.
    pub(crate) docker: &'a [&'a str],
    /// Flags of `beamport run`.
    pub(crate) run: &'a [&'a str],
    pub(crate) command: &'a [&'a str],
    /// Shell commands that come first, to build what is run.
    pub(crate) before: &'a str,
    /// The node's name, where it is not the container's id.
    pub(crate) name: Option<&'a str>,
}

impl Recipe<'_> {
    /// A node known by its container's id, with a random published port.
    pub(crate) fn plain(image: Image) -> Self {
        Self {
            image,
            docker: &["-p", "12345"],
            run: &[],
            command: ERL,
            before: "",
            name: None,
        }
    }

    /// A node that is called `shop`.
    pub(crate) fn shop() -> Self {
        Self {
            run: &["--name", "shop"],
            name: Some("shop"),
            ..Self::plain(Image::Otp25)
        }
    }

    /// Starts it on `host`, without waiting for anything.
    pub(crate) fn start(&self, lab: &Lab, host: &Host) -> Result<Node> {
        let mount = format!("{}:/usr/local/bin/beamport:ro", lab.binary().display());
        let image = lab.image(self.image)?;
        let mut words = vec!["run", "-d", "-v", &mount, "-e", COOKIE];
        words.extend(self.docker);
        words.push(&image);
        let script = format!("{}\nexec \"$@\"", self.before);
        if !self.before.is_empty() {
            words.extend(["sh", "-ec", &script, "sh"]);
        }
        words.extend(["beamport", "run"]);
        words.extend(self.run);
        words.push("--");
        words.extend(self.command);
        let container = host.docker(words)?;
        let name = match self.name {
            Some(name) => name.to_owned(),
            None => container.chars().take(12).collect(),
        };
        Ok(Node {
            name: format!("{name}@{}", host.address()),
            host: host.clone(),
            container,
        })
    }

    /// Starts it on `host` as a node that its container's own address names, without waiting for anything.
    pub(crate) fn on_bridge(&self, lab: &Lab, host: &Host) -> Result<Node> {
        let mut node = self.start(lab, host)?;
        let (name, _) = node.name.split_once('@').context("a full name")?;
        node.name = format!("{name}@{}", address(host, &node.container)?);
        Ok(node)
    }

    /// Starts it on `host` and waits until the agent there knows it.
    pub(crate) fn registered(&self, lab: &Lab, host: &Host) -> Result<Node> {
        let node = self.start(lab, host)?;
        node.wait_registered(1)?;
        Ok(node)
    }
}

impl Node {
    pub(crate) fn logs(&self) -> String {
        // Both streams: the VM writes to one and `beamport run` to the other.
        let mut docker = self.host.docker_command();
        let output = docker.args(["logs", &self.container]).output();
        output
            .map(|o| String::from_utf8_lossy(&[o.stdout, o.stderr].concat()).into_owned())
            .unwrap_or_default()
    }

    /// Waits until what it has logged is as wanted.
    pub(crate) fn wait_logged(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Result<()> {
        wait_until(&format!("{} {what}", self.name), DEADLINE, || {
            wanted(&self.logs())
        })
        .with_context(|| self.logs())
    }

    /// Waits until it has been registered with an agent `times` times since its container was made.
    pub(crate) fn wait_registered(&self, times: usize) -> Result<()> {
        self.wait_logged("to be registered", |logs| {
            logs.matches("node registered with the agent").count() >= times
        })
    }

    pub(crate) fn docker<const N: usize>(&self, command: [&str; N]) -> Result<String> {
        let [first, rest @ ..] = command.as_slice() else {
            return Ok(String::new());
        };
        let mut words = vec![*first, self.container.as_str()];
        words.extend(rest);
        self.host.docker(words)
    }

    /// Runs a command in the container as `beamport exec` does, and gives what it printed.
    pub(crate) fn exec(&self, command: &[&str]) -> Result<String> {
        let mut words = vec!["exec", &self.container, "beamport", "exec", "--"];
        words.extend(command);
        self.host.docker(words)
    }

    /// What `expression` is when the node evaluates it.
    pub(crate) fn evaluate(&self, expression: &str) -> Result<String> {
        // It is evaluated there and not here: what it connects to is connected to the node.
        let program = format!(
            "N = list_to_atom(os:getenv(\"BEAMPORT_NODE\")), \
             {{ok, T, _}} = erl_scan:string({text}), {{ok, E}} = erl_parse:parse_exprs(T), \
             {{value, V, _}} = rpc:call(N, erl_eval, exprs, [E, []]), \
             io:format(\"~0p\", [V]), halt().",
            text = quoted(&format!("{expression}.")),
        );
        self.exec(&["erl", "-noinput", "-eval", &program])
            .with_context(|| self.logs())
    }

    /// What a node's code sees in this phase, with these members and the first of them as the leader.
    pub(crate) fn picture(phase: &str, members: &[&Self]) -> String {
        let mut names: Vec<String> = members
            .iter()
            .map(|node| format!("'{}'", node.name))
            .collect();
        names.sort();
        let leader = names.first().map_or("undefined", String::as_str);
        format!("{{{phase},[{}],{leader}}}", names.join(","))
    }

    /// What the node's code sees: see [`Node::picture`].
    pub(crate) fn sees(&self) -> Result<String> {
        self.evaluate(
            "#{phase := P, members := M, leader := L} = persistent_term:get(beamport), {P, M, L}",
        )
    }

    /// Waits until the node's code sees this phase, these members and the first of them as the leader.
    pub(crate) fn wait_for(&self, phase: &str, members: &[&Self]) -> Result<()> {
        let wanted = Self::picture(phase, members);
        let mut last = String::new();
        wait_until(&format!("{} to see {wanted}", self.name), DEADLINE, || {
            last = self.sees().unwrap_or_else(|error| format!("{error:#}"));
            last == wanted
        })
        .with_context(|| format!("it sees {last}"))
    }

    /// Has the node ping others, and wants an answer from each.
    pub(crate) fn ping(&self, others: &[&Self]) -> Result<()> {
        let names: Vec<String> = others
            .iter()
            .map(|other| format!("'{}'", other.name))
            .collect();
        let wanted = format!("[{}]", vec!["pong"; names.len()].join(","));
        let said = self.evaluate(&format!("[net_adm:ping(N) || N <- [{}]]", names.join(",")))?;
        ensure!(said == wanted, "{} pinged {names:?}: {said}", self.name);
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
