//! All that has to be settled before the VM is started.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZeroU16;
use std::process::Command;

use beamport_epmd::DEFAULT_PORT;
use beamport_epmd::agent::Asker;

use super::agent_link::{self, AgentLink};
use super::assemble::own_address::towards_peers;
use super::assemble::{self, Assembly, Launch};
use super::delivery::{self, COOKIE};
use super::environment::{self, Purpose, Settings};
use super::identity::{Facts, Identity, container, network};
use super::launcher::Launcher;
use super::options::{PortRange, RunOptions};
use super::port_mapper::PortMapper;
use super::relay::About;
use super::state::{self, CookieState, NodeState, StateFile};
use super::{limits, relx};
use crate::failure::{Code, Failure};
use crate::http::{LoopbackAddress, Server};

/// The variable that all port mappers and VMs of a system share.
const EPMD_PORT: &str = "ERL_EPMD_PORT";

/// What is ready when the VM is started.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) command: Command,
    pub(super) port_mapper: PortMapper,
    /// For `beamport exec`; none where nothing can be written.
    pub(super) state: Option<StateFile>,
    /// Keeps the node in its cluster; none where it is to join none.
    pub(super) assembly: Option<Assembly>,
    /// Waits for others before the VM is started; none where that is not asked for.
    pub(super) launch: Option<Launch>,
    /// Tells of it.
    pub(super) http: Option<Server>,
}

pub(super) async fn prepare(options: &RunOptions) -> Result<Prepared, Failure> {
    let launcher = options
        .launcher
        .unwrap_or_else(|| Launcher::of(&options.command, std::env::var_os("PATH").as_deref()));
    check_flags(launcher, &options.command)?;
    let cookie = delivery::deliver(options, launcher)?;
    let epmd_port = epmd_port()?;
    let link = agent_link::find(options.agent.as_ref(), options.agent_wait, epmd_port).await;
    let address = match (&link, &options.assemble.sentry) {
        // Peers dial the host.
        (AgentLink::Found { .. }, _) | (_, None) => None,
        (_, Some(sentry)) => towards_peers(sentry).await,
    };
    let address = address.unwrap_or_else(network::own_address);
    let (identity, place) = identity(options, &link, address)?;
    check_ports(options.port)?;
    let agent = relay_target(options, &link, epmd_port);
    tracing::info!(node = %identity, ?launcher, agent = agent.map(tracing::field::display), "starting");
    let about = About {
        host: identity.host.clone(),
        cluster: options.assemble.cluster.clone(),
    };
    let port_mapper = PortMapper::start(epmd_port, agent, about)
        .await
        .map_err(|error| Failure::new(Code::Unavailable, error))?;
    if let Err(error) = limits::limit_open_files(options.nofile) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let directory = state::directory(options.state_dir.as_deref())
        .inspect_err(|error| tracing::warn!(%error, "`beamport exec` will not work here"))
        .ok();
    let vm_args = match (launcher, &directory) {
        (Launcher::Relx, Some(directory)) => relx::write_vm_args(
            &options.command,
            std::env::var_os("PATH").as_deref(),
            &identity,
            cookie.is_some(),
            directory,
        )
        .map_err(|error| Failure::new(Code::Config, error))?,
        _ => None,
    };
    let settings = Settings {
        identity: &identity,
        ports: options.port,
        cookie: cookie.as_ref(),
        vm_args: vm_args.as_deref(),
        flags_before: std::env::var_os(environment::FLAGS),
    };
    let assemble = assemble::prepare(
        &options.assemble,
        &identity,
        place,
        cookie.as_ref().map(|delivered| &delivered.cookie),
        epmd_port,
        options.port.first(),
        launcher,
    )
    .await?;
    let (assembly, launch) = match assemble {
        Some(assemble::Prepared { assembly, launch }) => (Some(assembly), launch),
        None => (None, None),
    };
    let http = match &assembly {
        Some(assembly) => Some(serve_http(options.assemble.http, assembly).await?),
        None => None,
    };
    let command = command(options, launcher, &settings);
    let cookie = cookie.map(|delivered| CookieState {
        text: delivered.cookie.reveal().to_owned(),
        by_variable: delivered.by_variable,
    });
    let state = directory.and_then(|directory| {
        let state = NodeState {
            http: http.as_ref().map(Server::address),
            ..NodeState::of_this_process(identity, options.port, cookie, vm_args)
        };
        state
            .write(&directory)
            .inspect_err(|error| tracing::warn!(%error, "`beamport exec` will not work here"))
            .ok()
    });
    Ok(Prepared {
        command,
        port_mapper,
        state,
        assembly,
        launch,
        http,
    })
}

/// Tells of the cluster: where it was said to, or where there is room.
async fn serve_http(
    address: Option<LoopbackAddress>,
    assembly: &Assembly,
) -> Result<Server, Failure> {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let address = address.map_or(anywhere, |chosen| chosen.0);
    Server::start(address, assembly.router())
        .await
        .map_err(|error| {
            let error =
                anyhow::anyhow!("cannot serve HTTP on {address}: {error}; say another --http");
            Failure::new(Code::Unavailable, error)
        })
}

/// A name in the command's own flags would defeat ours (`-sname`) or be defeated by it (`-name`), and two cookies
/// void each other: neither does what it says.
fn check_flags(launcher: Launcher, command: &[OsString]) -> Result<(), Failure> {
    let conflict = ["-name", "-sname", "--name", "--sname"]
        .into_iter()
        .find(|flag| command.iter().skip(1).any(|word| word == flag));
    match conflict {
        Some(flag) if launcher == Launcher::Erl => Err(Failure::usage(format!(
            "the command names its node itself ({flag}): leave that out and say `beamport run --name NAME`"
        ))),
        _ => Ok(()),
    }
}

fn epmd_port() -> Result<NonZeroU16, Failure> {
    let Some(text) = std::env::var_os(EPMD_PORT) else {
        return NonZeroU16::new(DEFAULT_PORT).ok_or_else(|| Failure::usage("no default port"));
    };
    text.to_str()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Failure::usage(format!("{EPMD_PORT} is no port: {}", text.display())))
}

/// Who the node is, and what it is called on the ring if that is something else.
fn identity(
    options: &RunOptions,
    link: &AgentLink,
    address: IpAddr,
) -> Result<(Identity, Option<String>), Failure> {
    let mut facts = Facts {
        container: container::own_id(),
        container_name: None,
        hostname: container::hostname(),
        agent_host: None,
        address,
    };
    match link {
        AgentLink::Found { facts: told, .. } => {
            facts.agent_host = Some(told.host.clone());
            if let Asker::Container(ours) = &told.asker {
                facts.container = Some(ours.id.clone());
                facts.container_name = Some(ours.name.clone());
                warn_of_unpublished(options.port, |port| ours.published(port).is_some());
            }
        }
        AgentLink::Silent {
            told: true, reason, ..
        } if !names_its_host(options) => {
            return Err(Failure::new(
                Code::Unavailable,
                anyhow::anyhow!(
                    "the agent does not answer, and only it knows the host that peers dial: {reason}. Start it, \
                     or say --host, or --agent none"
                ),
            ));
        }
        AgentLink::Silent { reason, .. } => {
            tracing::info!(
                reason,
                "no agent: peers have to reach this container's own address"
            );
        }
        AgentLink::None => {}
    }
    let usage = |error| Failure::new(Code::Usage, error);
    let identity = Identity::resolve(options.name.as_deref(), options.host.as_deref(), &facts)
        .map_err(usage)?;
    let place = options.assemble.place.as_deref();
    let place = place
        .map(|template| identity.expand(template, &facts))
        .transpose();
    Ok((identity, place.map_err(usage)?))
}

/// Whether the part after the `@` is known without an agent.
fn names_its_host(options: &RunOptions) -> bool {
    let name = options.name.as_deref().unwrap_or_default();
    let host = options.host.as_deref();
    host.or(name.split_once('@').map(|(_, host)| host))
        .is_some_and(|host| !host.contains("{host}"))
}

/// Not an error: a node that only dials others needs no published port.
fn warn_of_unpublished(ports: PortRange, is_published: impl Fn(u16) -> bool) {
    if let PortRange::From { low, high } = ports
        && !(low.get()..=high.get()).any(is_published)
    {
        tracing::warn!(
            port = low,
            "the Erlang port is not published, so nobody reaches this node from outside: start the container \
             with `-p {low}`"
        );
    }
}

/// Says that the port is taken in words, before the VM says `eaddrinuse`.
fn check_ports(ports: PortRange) -> Result<(), Failure> {
    let PortRange::From { low, high } = ports else {
        return Ok(());
    };
    let is_free = |port| {
        let address = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port);
        !matches!(TcpListener::bind(address), Err(e) if e.kind() == std::io::ErrorKind::AddrInUse)
    };
    if (low.get()..=high.get()).any(is_free) {
        return Ok(());
    }
    Err(Failure::new(
        Code::Unavailable,
        anyhow::anyhow!(
            "the Erlang port is taken ({low} to {high}), by another node perhaps: several nodes in one container \
             need a range such as --port {low}-{}",
            high.saturating_add(1)
        ),
    ))
}

/// Which agent registrations go to.
///
/// One that is silent now but may come is tried again and again, provided that the node's name does not depend on
/// it. The agent that VMs register with themselves, since it is what listens here, needs no relay.
fn relay_target(
    options: &RunOptions,
    link: &AgentLink,
    epmd_port: NonZeroU16,
) -> Option<SocketAddr> {
    let is_here =
        |address: SocketAddr| address.ip().is_loopback() && address.port() == epmd_port.get();
    match link {
        AgentLink::Found { address, .. } => (!is_here(*address)).then_some(*address),
        AgentLink::Silent { address, told, .. } => {
            let may_come = *told || container::own_id().is_some();
            address.filter(|_| may_come && names_its_host(options))
        }
        AgentLink::None => None,
    }
}

fn command(options: &RunOptions, launcher: Launcher, settings: &Settings<'_>) -> Command {
    let mut words = options.command.iter();
    // clap asks for at least one word.
    let mut command = Command::new(words.next().map(OsString::as_os_str).unwrap_or_default());
    command
        .args(words)
        .envs(environment::variables(
            launcher,
            Purpose::Node {
                held: options.assemble.holds(),
            },
            settings,
        ))
        .env_remove(COOKIE);
    command
}
