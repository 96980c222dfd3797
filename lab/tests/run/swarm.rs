//! A service of Docker Swarm across two hosts: its cluster is whoever its tasks are, at each moment.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use beamport_lab::{Host, Image, Lab, wait_until};

use crate::support::{COOKIE, Node};

/// Swarm takes its time to start, move and end tasks.
const PATIENCE: Duration = Duration::from_secs(180);

const SERVICE: &str = "app";

/// Two hosts of one swarm, and an overlay network.
struct Swarm<'a> {
    lab: &'a Lab,
    manager: &'a Host,
}

impl<'a> Swarm<'a> {
    fn form(lab: &'a Lab) -> Result<Self> {
        let (manager, worker) = (lab.host(1)?, lab.host(2)?);
        let (at, there) = (manager.address().to_string(), worker.address().to_string());
        manager.docker(["swarm", "init", "--advertise-addr", &at])?;
        let token = manager.docker(["swarm", "join-token", "--quiet", "worker"])?;
        let join = ["swarm", "join", "--advertise-addr", &there, "--token"];
        worker.docker(join.iter().chain(&[token.as_str(), &at]))?;
        wait_until("both hosts to be of the swarm", PATIENCE, || {
            manager
                .docker(["node", "ls", "--format", "{{.Status}}"])
                .is_ok_and(|all| all.lines().filter(|status| *status == "Ready").count() == 2)
        })?;
        manager.docker(["network", "create", "--driver", "overlay", "app"])?;
        Ok(Self { lab, manager })
    }

    /// Starts the service with so many tasks, which find each other by `sentry`.
    fn start(&self, sentry: &str, tasks: &str) -> Result<()> {
        let image = self.lab.image(Image::Otp25)?;
        let mount = format!(
            "type=bind,readonly,src={},dst=/usr/local/bin/beamport",
            self.lab.binary().display()
        );
        let create = ["service", "create", "--detach", "--no-resolve-image"];
        let service = ["--name", SERVICE, "--network", "app", "--replicas", tasks];
        let container = ["--mount", &mount, "--env", COOKIE, &image];
        let run = ["beamport", "run", "--agent", "none", "--sentry", sentry];
        let rest = ["--consensus", "3", "--consensus-timeout", "0"];
        let command = ["--", "erl", "-noinput"];
        let words = [&create[..], &service, &container, &run, &rest, &command];
        self.manager.docker(words.concat()).map(drop)
    }

    fn service(&self, words: &[&str]) -> Result<()> {
        let words = [&["service", "update", "--detach"], words, &[SERVICE]].concat();
        self.manager.docker(words).map(drop)
    }

    /// The tasks that run, on either host.
    fn tasks(&self) -> Result<Vec<Node>> {
        let mut tasks = Vec::new();
        for host in self.lab.hosts() {
            let filter = format!("label=com.docker.swarm.service.name={SERVICE}");
            let ids = host.docker(["ps", "--quiet", "--no-trunc", "--filter", &filter])?;
            for container in ids.lines().map(str::to_owned) {
                let format = "{{.NetworkSettings.Networks.app.IPAddress}}";
                let address = host.docker(["inspect", "--format", format, &container])?;
                let id: String = container.chars().take(12).collect();
                tasks.push(Node {
                    host: host.clone(),
                    name: format!("{id}@{address}"),
                    container,
                });
            }
        }
        Ok(tasks)
    }

    /// Waits until there are so many tasks, none of them of those that were before, and each sees all of them as its
    /// cluster, ready and with the same leader.
    fn wait_whole(&self, count: usize, before: &BTreeSet<String>) -> Result<BTreeSet<String>> {
        let mut last = String::new();
        let mut whole = BTreeSet::new();
        wait_until(&format!("{count} tasks to be a cluster"), PATIENCE, || {
            let Ok(tasks) = self.tasks() else {
                return false;
            };
            let refs: Vec<&Node> = tasks.iter().collect();
            let wanted = Node::picture("ready", &refs);
            whole = tasks.iter().map(|task| task.name.clone()).collect();
            last = format!("{whole:?}");
            tasks.len() == count
                && whole.is_disjoint(before)
                && tasks.iter().all(|task| {
                    let seen = task.sees().unwrap_or_else(|error| format!("{error:#}"));
                    last = format!("{} sees {seen}, not {wanted}", task.name);
                    seen == wanted
                })
        })
        .with_context(|| last)?;
        Ok(whole)
    }
}

#[test]
fn a_swarm_service_is_a_cluster_through_scaling_draining_and_updates() -> Result<()> {
    let lab = Lab::attach()?;
    let swarm = Swarm::form(&lab)?;
    let anew = BTreeSet::new();
    swarm.start("dns://tasks.app", "4")?;
    swarm.wait_whole(4, &anew)?;
    swarm.service(&["--replicas", "8"])?;
    swarm.wait_whole(8, &anew)?;
    swarm.service(&["--replicas", "3"])?;
    let three = swarm.wait_whole(3, &anew)?;
    swarm.service(&["--force", "--update-order", "start-first"])?;
    swarm.wait_whole(3, &three)?;
    let there = lab.host(2)?.name();
    swarm
        .manager
        .docker(["node", "update", "--availability", "drain", &there])?;
    wait_until("the drained host to be empty", PATIENCE, || {
        swarm
            .tasks()
            .is_ok_and(|tasks| tasks.iter().all(|task| task.host.number() == 1))
    })?;
    swarm.wait_whole(3, &anew).map(drop)
}

#[test]
fn the_virtual_address_of_a_service_is_told_from_its_tasks() -> Result<()> {
    let lab = Lab::attach()?;
    let swarm = Swarm::form(&lab)?;
    swarm.start("dns://app", "3")?;
    let mut said = String::new();
    wait_until("a task to say what is wrong", PATIENCE, || {
        let logs = swarm.tasks().unwrap_or_default();
        said = logs.iter().map(Node::logs).collect();
        said.contains("is the virtual address of a service of Docker Swarm")
            && said.contains("say dns://tasks.app")
    })
    .with_context(|| said)
}
