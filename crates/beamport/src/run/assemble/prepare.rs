//! From flags to an [`Assembly`].

use std::num::NonZeroU16;
use std::path::Path;

use anyhow::anyhow;
use beamport_cluster::membership::Config;
use beamport_dist::FullName;

use super::launch::Entry;
use super::look_up::{LookUps, Wanted};
use super::options::Gate;
use super::{AssembleOptions, Assembly, Launch, Settings};
use crate::failure::{Code, Failure};
use crate::host_names::HostNames;
use crate::run::cookie::Cookie;
use crate::run::identity::Identity;
use crate::run::launcher::Launcher;

/// What keeps the node in its cluster, and what waits for others before there is a node.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) assembly: Assembly,
    /// None where the VM is started at once.
    pub(crate) launch: Option<Launch>,
}

/// Both; none if there is no sentry. `cookie` is the one that was given, if one was, and `port` the one that the VM will
/// listen on, as far as that is known.
pub(crate) async fn prepare(
    options: &AssembleOptions,
    identity: &Identity,
    place: Option<String>,
    cookie: Option<&Cookie>,
    mapper_port: NonZeroU16,
    port: Option<NonZeroU16>,
    launcher: Launcher,
) -> Result<Option<Prepared>, Failure> {
    let Some(sentry) = options.sentry.clone() else {
        return Ok(None);
    };
    if launcher == Launcher::Rabbitmq && options.gate == Gate::Boot {
        return Err(Failure::usage(
            "RabbitMQ starts its distribution when its boot is over, so that its boot cannot be held until others \
             are connected: say --gate launch, or --gate off",
        ));
    }
    let node: FullName = identity
        .to_string()
        .parse()
        .map_err(|error| Failure::new(Code::Usage, error))?;
    let place = place.unwrap_or_else(|| node.to_string());
    // Where nothing is held, nothing is waited for.
    let patience = options.patience().filter(|_| options.holds());
    let membership = Config {
        place,
        cluster: options.cluster.clone(),
        patience,
        on_timeout: options.on_timeout.into(),
        seed: seed(),
        ..Config::new(node, options.consensus)
    };
    let launch = match options.gate {
        Gate::Launch => {
            // Nobody dials an entry, but it has to have a port.
            let port = port.unwrap_or(mapper_port);
            let membership = Config {
                patience: options.patience(),
                ..membership.clone()
            };
            let look_ups = LookUps::new(
                Wanted::Entrypoints,
                host_names()?,
                mapper_port,
                &options.cluster,
            );
            let announced = Entry::announce(&membership, mapper_port, port);
            let entry = announced.map_err(|error| Failure::new(Code::Usage, error))?;
            Some(Launch::new(membership, &sentry, look_ups, entry))
        }
        Gate::Boot | Gate::Off => None,
    };
    let settings = Settings {
        cookie: cookie_of(cookie)?,
        tls: options.tls.read()?,
        sentry,
        mapper_port,
        gate: options.gate,
        listener: options.listener.clone(),
        on_change: options.on_change.clone(),
        membership,
    };
    let assembly = Assembly::new(settings, host_names()?)
        .await
        .map_err(|error| Failure::new(Code::Unavailable, error))?;
    Ok(Some(Prepared { assembly, launch }))
}

fn host_names() -> Result<HostNames, Failure> {
    HostNames::of_system()
        .map_err(|error| Failure::new(Code::Config, anyhow!("cannot look up host names: {error}")))
}

/// The cookie of the VM, which we have to know too: the one that was given, else the one that it will read.
fn cookie_of(given: Option<&Cookie>) -> Result<beamport_dist::Cookie, Failure> {
    let config = |error: anyhow::Error| Failure::new(Code::Config, error);
    let cookie = match given {
        Some(cookie) => cookie.clone(),
        None => {
            let home = std::env::var_os("HOME").ok_or_else(|| {
                config(anyhow!("to assemble needs the cookie: set BEAMPORT_COOKIE, or HOME to where .erlang.cookie is"))
            })?;
            Cookie::read(&Path::new(&home).join(".erlang.cookie")).map_err(|error| {
                config(anyhow!("to assemble needs the cookie: set BEAMPORT_COOKIE, or say --cookie-file ({error})"))
            })?
        }
    };
    cookie
        .reveal()
        .parse()
        .map_err(|error| config(anyhow!("the cookie is none: {error}")))
}

/// Something that other nodes do not have, so that they do not do everything at the same time.
fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}
