//! `beamport agent`: the port mapper of a Docker host.
//!
//! It speaks EPMD on the host, and answers with the ports that Docker published. A name is known in one of two
//! ways, and the rooms here follow them:
//!
//! - *registered* (`registry`): a node said so, from inside a container or from the host itself;
//! - *derived* (`resolve`): a container goes by it, by its ID, its name or its label.
//!
//! `directory` joins them behind the port mapper's server; `reason` and `complaints` explain lookups that fail.

mod advertise;
mod complaints;
mod directory;
mod port_holder;
mod reason;
mod registry;
mod resolve;
mod similar;
mod sockets;

use std::net::IpAddr;
use std::num::NonZeroU16;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use beamport_docker::{Endpoint, Status, Watch};
use beamport_epmd::server::{Config, Server};
use clap::Args;
use sd_notify::NotifyState;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tracing::{debug, info, warn};

use crate::failure::{Code, Failure};
use directory::{HostDirectory, Settings};
use sockets::ListenAddress;

/// How long the first questions may wait for Docker's first answer. Until then a container's name would be
/// answered with "no such name".
const FIRST_ANSWER: Duration = Duration::from_secs(3);

/// The flags of `beamport agent`.
#[derive(Debug, Args)]
pub(crate) struct AgentOptions {
    /// Where to serve EPMD; several addresses are separated by commas
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "0.0.0.0:4369",
        value_name = "ADDRESS:PORT"
    )]
    listen: Vec<ListenAddress>,

    /// Where Docker's API is: unix:///PATH or tcp://HOST:PORT [default: $DOCKER_HOST, else
    /// unix:///var/run/docker.sock]
    #[arg(long, value_name = "URL")]
    docker: Option<Endpoint>,

    /// The host name or address under which other hosts reach this one [default: the address that the default
    /// route uses]
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,

    /// The Erlang port in containers, unless their label `beamport.port` says otherwise
    #[arg(long, default_value = "12345")]
    port: NonZeroU16,
}

pub(crate) fn main(options: AgentOptions) -> Result<ExitCode, Failure> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    runtime.block_on(serve(options))
}

async fn serve(options: AgentOptions) -> Result<ExitCode, Failure> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot catch signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot catch signals")?;
    let endpoint = options.docker.map_or_else(default_endpoint, Ok)?;
    let advertised = options.advertise.map_or_else(find_advertised, Ok)?;
    let listeners = sockets::open(&options.listen)?;
    let addresses: Vec<_> = listeners
        .iter()
        .filter_map(|l| l.local_addr().ok())
        .collect();
    let own_port = addresses
        .first()
        .and_then(|address| NonZeroU16::new(address.port()))
        .ok_or_else(|| Failure::usage("nothing to listen on"))?;

    let docker = Watch::start(endpoint).context("cannot watch Docker")?;
    await_first_answer(docker.clone()).await;
    let settings = Settings {
        dialled: behind_published_port(&advertised),
        advertised,
        erlang_port: options.port,
        own_port,
    };
    let config = Config {
        port: own_port.get(),
        ..Config::default()
    };
    for address in &addresses {
        info!(%address, advertised = settings.advertised, "serving EPMD");
    }
    let directory = Arc::new(HostDirectory::new(settings, docker));
    let server = Server::new(config, Arc::clone(&directory));
    tell_systemd(NotifyState::Ready);

    let shutdown = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        info!("ending");
        tell_systemd(NotifyState::Stopping);
    };
    tokio::select! {
        ended = server.serve(listeners, shutdown) => ended.context("cannot serve")?,
        never = directory.bury_the_dead() => match never {},
    };
    Ok(ExitCode::SUCCESS)
}

/// What other Docker clients use too: `DOCKER_HOST`, or the usual socket.
fn default_endpoint() -> Result<Endpoint, Failure> {
    match std::env::var("DOCKER_HOST") {
        Ok(url) if !url.is_empty() => url
            .parse()
            .map_err(|e| Failure::new(Code::Config, anyhow!("DOCKER_HOST: {e}"))),
        _ => Ok(Endpoint::default()),
    }
}

fn find_advertised() -> Result<String, Failure> {
    let found = advertise::find().ok_or_else(|| {
        let error = anyhow!(
            "cannot tell under which address other hosts reach this one: say it with --advertise"
        );
        Failure::new(Code::Config, error)
    })?;
    info!(
        address = %found.address,
        "other hosts are told to dial {}: {} (--advertise says otherwise)",
        found.address,
        found.how
    );
    Ok(found.address.to_string())
}

/// The advertised address where it is none of ours: then what clients are seen to dial means nothing.
fn behind_published_port(advertised: &str) -> Option<IpAddr> {
    let address = advertised.parse().ok()?;
    (!advertise::is_own(address)).then_some(address)
}

async fn await_first_answer(mut docker: Watch) {
    let answered = async { while docker.changed().await.status == Status::Connecting {} };
    if timeout(FIRST_ANSWER, answered).await.is_err() {
        warn!("Docker takes its time; containers are not known until it answers");
    }
}

fn tell_systemd(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        debug!(%error, "cannot tell systemd");
    }
}
