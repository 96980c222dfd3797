//! A node in Rust on one Docker host, stock VMs of every release in containers on the other, and agents between them.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use beamport_dist::FullName;
use beamport_dist::node::{Address, Config, Mailbox, Node, Received};
use beamport_lab::{Agent, Image, Lab, Node as Vm, NodeOptions, wait_until};
use beamport_term::{Term, atom};
use tokio::time::timeout;

use crate::certificates;

const DEADLINE: Duration = Duration::from_secs(60);

/// The port that is published where the node is in a container.
const PORT: u16 = 12345;

/// Where `beamport run` serves EPMD in its container.
const PORT_MAPPER: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 4369);

/// Signs of life every second, so that a cut cable is noticed within seconds.
const TICKS: Duration = Duration::from_secs(4);

const TICK_FLAGS: [&str; 3] = ["-kernel", "net_ticktime", "4"];

/// Where the node in Rust is.
#[derive(Clone, Copy)]
enum Place {
    /// On the host, registered with the agent there.
    Host,
    /// In a container with a published port, registered through `beamport run`.
    Container,
}

#[test]
fn a_node_on_a_host_talks_with_vms_of_another() -> Result<()> {
    let lab = Lab::attach()?;
    let config = config()?;
    talk(&lab, Place::Host, config, &vms(&lab, &[], &[])?)
}

#[test]
fn a_node_on_a_host_talks_over_tls_with_vms_of_another() -> Result<()> {
    let lab = Lab::attach()?;
    let folder = certificates::make(&lab)?;
    let config = Config {
        tls: Some(certificates::tls(folder.path())?),
        ..config()?
    };
    let volume = format!("{}:{}:ro", folder.path().display(), certificates::FOLDER);
    let vms = vms(&lab, &["--volume", &volume], &certificates::FLAGS)?;
    talk(&lab, Place::Host, config, &vms)
}

#[test]
fn a_node_in_a_container_talks_with_vms_of_another_host() -> Result<()> {
    let lab = Lab::attach()?;
    let config = config()?;
    talk(&lab, Place::Container, config, &vms(&lab, &[], &[])?)
}

/// Calls, pings and messages, whoever dials.
fn talk(lab: &Lab, place: Place, config: Config, vms: &[(Image, Vm)]) -> Result<()> {
    let _agents = agents(lab)?;
    run(lab, place, config, async |node| {
        let mut mailbox = node.mailbox();
        mailbox.register(atom!("box"))?;
        let own = node.name().clone();
        for (image, vm) in vms {
            let peer: FullName = vm.name().parse()?;
            // We dial.
            node.ping(&peer).await?;
            let item = Term::list([atom!("otp_release")]);
            let release = node
                .rpc(&peer, atom!("erlang"), atom!("system_info"), item)
                .await?;
            let expected = Term::charlist(&image.otp().to_string());
            ensure!(release == expected, "{image}: {release}");
            exchange(vm, &mut mailbox, &own).await?;
            node.disconnect(&peer);
            let alone = "(fun F() -> case nodes(hidden) of [] -> ok; _ -> F() end end)().";
            ensure!(eval(vm, alone).await? == "ok");
            // They dial.
            let ping = format!("net_adm:ping('{own}').");
            let pong = eval(vm, &ping).await?;
            ensure!(pong == "pong", "{image}: {pong}");
            exchange(vm, &mut mailbox, &own).await?;
            ensure!(node.connected().contains(&peer));
        }
        Ok(())
    })
}

/// A message there and one back.
async fn exchange(vm: &Vm, mailbox: &mut Mailbox, own: &FullName) -> Result<()> {
    let send = format!(
        "begin {{box, '{own}'}} ! {{self(), hello}}, receive {{back, T}} -> T after 30000 -> late end end."
    );
    let (vm, asking) = (vm.clone(), send);
    let asking = tokio::task::spawn_blocking(move || vm.eval(&asking));
    let Received::Message(message) = receive(mailbox).await? else {
        anyhow::bail!("no message");
    };
    let parts = message.as_tuple().context("no tuple")?;
    let from = parts.first().and_then(Term::as_pid).context("no pid")?;
    let back = Term::from((atom!("back"), Term::from((atom!("hello"), 1))));
    mailbox.send(&from.clone().into(), back).await?;
    let answer = asking.await??;
    ensure!(answer == "{hello,1}", "{answer}");
    Ok(())
}

#[test]
fn a_killed_container_breaks_links_and_monitors() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let vms = vms(&lab, &[], &[])?;
    run(&lab, Place::Host, config()?, async |node| {
        for (image, vm) in vms {
            let mut mailbox = node.mailbox();
            let peer: FullName = vm.name().parse()?;
            let init = Address::name(atom!("init"), &peer);
            let monitor = mailbox.monitor(&init).await?;
            let arguments = Term::list([atom!("init")]);
            let pid = node
                .rpc(&peer, atom!("erlang"), atom!("whereis"), arguments)
                .await?;
            let pid = pid.as_pid().context("no pid")?.clone();
            mailbox.link(&pid).await?;
            node.ping(&peer).await?;
            vm.kill()?;
            let (mut exits, mut downs) = (0, 0);
            for _ in 0..2 {
                match receive(&mut mailbox).await? {
                    Received::Exit { from, reason } => {
                        ensure!(from == pid && reason.is_atom("noconnection"), "{image}");
                        exits += 1;
                    }
                    Received::Down {
                        reference, reason, ..
                    } => {
                        ensure!(reference == monitor && reason.is_atom("noconnection"));
                        downs += 1;
                    }
                    other => anyhow::bail!("{image}: {other:?}"),
                }
            }
            ensure!((exits, downs) == (1, 1));
        }
        ensure!(node.connected().is_empty());
        Ok(())
    })
}

#[test]
fn a_pulled_cable_breaks_monitors_on_both_sides() -> Result<()> {
    let lab = Lab::attach()?;
    let _agents = agents(&lab)?;
    let vms = vms(&lab, &[], &[])?;
    let cable = lab.host(2)?;
    run(&lab, Place::Host, config()?, async |node| {
        let mut mailbox = node.mailbox();
        mailbox.register(atom!("box"))?;
        let watch = format!(
            "register(watch, spawn(fun() -> M = monitor(process, {{box, '{}'}}), \
             receive {{'DOWN', M, _, _, R}} -> persistent_term:put(down, R) end end)).",
            node.name()
        );
        let mut monitors = Vec::new();
        for (_, vm) in &vms {
            let init = Address::name(atom!("init"), &vm.name().parse()?);
            monitors.push(mailbox.monitor(&init).await?);
            ensure!(eval(vm, &watch).await? == "true");
            // Once this is answered, the VM's monitor is here too.
            ensure!(eval(vm, &format!("net_adm:ping('{}').", node.name())).await? == "pong");
        }
        cable.link_down()?;
        for _ in 0..monitors.len() {
            let Received::Down {
                reference, reason, ..
            } = receive(&mut mailbox).await?
            else {
                anyhow::bail!("not told");
            };
            ensure!(reason.is_atom("noconnection"), "{reason}");
            monitors.retain(|monitor| *monitor != reference);
        }
        ensure!(monitors.is_empty());
        for (image, vm) in &vms {
            wait_until(&format!("{image} to be told"), DEADLINE, || {
                vm.eval("persistent_term:get(down, none).")
                    .is_ok_and(|reason| reason == "noconnection")
            })?;
        }
        cable.link_up()?;
        for (_, vm) in &vms {
            let peer: FullName = vm.name().parse()?;
            // The first packets may still find no way.
            let again = async { while node.ping(&peer).await.is_err() {} };
            timeout(DEADLINE, again).await.context("no way back")?;
        }
        Ok(())
    })
}

fn agents(lab: &Lab) -> Result<Vec<Agent>> {
    lab.hosts()
        .iter()
        .map(|host| host.agent(lab.binary(), [""; 0]))
        .collect()
}

/// A VM of each release on the second host, with these flags of `docker run` and `erl`.
fn vms(lab: &Lab, docker: &[&str], erl: &[&str]) -> Result<Vec<(Image, Vm)>> {
    let erl = [&TICK_FLAGS, erl].concat();
    let start = |image: Image| {
        let options = NodeOptions {
            docker,
            erl: &erl,
            ..NodeOptions::default()
        };
        let vm = lab.host(2)?.node(&lab.image(image)?, &options)?;
        Ok((image, vm))
    };
    lab.otps().into_iter().map(start).collect()
}

fn config() -> Result<Config> {
    Ok(Config {
        tick_time: TICKS,
        setup_time: DEADLINE,
        call_time: DEADLINE,
        ..Config::new("lab".parse()?)
    })
}

/// Runs a node on the first host, and what is to be done with it.
fn run<F: Future<Output = Result<()>>>(
    lab: &Lab,
    place: Place,
    config: Config,
    work: impl FnOnce(Node) -> F + Send,
) -> Result<()> {
    let host = lab.host(1)?;
    let name: FullName = format!("rust@{}", host.address()).parse()?;
    let port = match place {
        Place::Host => 0,
        Place::Container => PORT,
    };
    let config = Config {
        listen: Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))),
        ..config
    };
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async { work(Node::start(name, config).await?).await })
    };
    match place {
        Place::Host => host.inside(work)?,
        Place::Container => {
            let volume = format!("{}:/usr/local/bin/beamport:ro", lab.binary().display());
            let image = lab.image(Image::Otp25)?;
            let container = host.docker([
                "run", "-d", "-p", "12345", "-v", &volume, &image, "beamport", "run", "--",
                "sleep", "600",
            ])?;
            host.inside_container(&container, || {
                wait_until("a port mapper in the container", DEADLINE, || {
                    TcpStream::connect(PORT_MAPPER).is_ok()
                })?;
                work()
            })?
        }
    }
}

async fn eval(vm: &Vm, expressions: &str) -> Result<String> {
    let (vm, expressions) = (vm.clone(), expressions.to_owned());
    tokio::task::spawn_blocking(move || vm.eval(&expressions)).await?
}

async fn receive(mailbox: &mut Mailbox) -> Result<Received> {
    timeout(DEADLINE, mailbox.receive())
        .await
        .context("nothing came")?
        .context("the mailbox has ended")
}
