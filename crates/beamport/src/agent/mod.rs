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
mod sockets;

use std::net::IpAddr;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use beamport_docker::{Endpoint, Identity, Status, Watch};
use beamport_epmd::server::{Config, Server};
use clap::Args;
use sd_notify::NotifyState;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;
use tracing::{debug, info, warn};

use crate::failure::{Code, Failure};
use crate::file_limit;
use crate::host_names::HostNames;
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

    /// The authority that signed Docker's certificate, for TLS [default: ca.pem in $DOCKER_CERT_PATH if
    /// $DOCKER_TLS_VERIFY is set]
    #[arg(long, value_name = "FILE", requires_all = ["docker_tls_cert", "docker_tls_key"])]
    docker_tls_ca: Option<PathBuf>,

    /// The certificate to show Docker [default: cert.pem there]
    #[arg(long, value_name = "FILE", requires = "docker_tls_ca")]
    docker_tls_cert: Option<PathBuf>,

    /// The certificate's key [default: key.pem there]
    #[arg(long, value_name = "FILE", requires = "docker_tls_ca")]
    docker_tls_key: Option<PathBuf>,

    /// The host name or address under which other hosts reach this one [default: the address that the default
    /// route uses]
    #[arg(long, value_name = "HOST")]
    advertise: Option<String>,

    /// The Erlang port in containers, unless their label `beamport.port` says otherwise
    #[arg(long, default_value = "12345")]
    port: NonZeroU16,
}

pub(crate) fn main(options: AgentOptions) -> Result<ExitCode, Failure> {
    file_limit::raise();
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    runtime.block_on(serve(options))
}

async fn serve(options: AgentOptions) -> Result<ExitCode, Failure> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot catch signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot catch signals")?;
    let endpoint = docker_endpoint(&options)?;
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

    let host_names = HostNames::of_system().context("cannot look up host names")?;
    let docker = Watch::start(endpoint, host_names).context("cannot watch Docker")?;
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

/// Where Docker is, by flags or else by the variables that other Docker clients go by.
fn docker_endpoint(options: &AgentOptions) -> Result<Endpoint, Failure> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = match (&options.docker, variable("DOCKER_HOST")) {
        (Some(endpoint), _) => endpoint.clone(),
        (None, Some(url)) => url
            .parse()
            .map_err(|e| Failure::new(Code::Config, anyhow!("DOCKER_HOST: {e}")))?,
        (None, None) => Endpoint::default(),
    };
    let flags = (
        &options.docker_tls_ca,
        &options.docker_tls_cert,
        &options.docker_tls_key,
    );
    if let (Some(authority), Some(certificate), Some(key)) = flags {
        return Ok(endpoint.with_identity(Identity {
            authority: authority.clone(),
            certificate: certificate.clone(),
            key: key.clone(),
        }));
    }
    match (variable("DOCKER_TLS_VERIFY"), variable("DOCKER_CERT_PATH")) {
        (Some(_), Some(folder)) => {
            let file = |name| Path::new(&folder).join(name);
            Ok(endpoint.with_identity(Identity {
                authority: file("ca.pem"),
                certificate: file("cert.pem"),
                key: file("key.pem"),
            }))
        }
        _ => Ok(endpoint),
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
