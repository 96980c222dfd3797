//! `cargo xtask lab`: a lab to try things on by hand, and the one that lab tests attach to.

use std::process::ExitCode;

use anyhow::{Context, Result};
use beamport_lab::{Instance, Lab, Options};
use clap::Subcommand;

use crate::packages;
use crate::show::Show;

#[derive(Debug, Subcommand)]
pub(crate) enum LabTask {
    /// Bring the lab up, unless it is; remove what a crashed one left. BEAMPORT_LAB names it [default: main]
    Up,
    /// Take the lab down: end and remove precisely what it made
    Down,
    /// Run a command on a host: `lab exec host1 docker ps`
    Exec {
        /// host1 or host2, or just its number
        #[arg(value_parser = host_number)]
        host: u8,
        /// What to run, in the host's network and under its name; `docker` talks to its daemon
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Say what is up
    Status,
}

pub(crate) fn main(task: LabTask) -> Result<ExitCode> {
    let instance = Instance::from_environment()?;
    match task {
        LabTask::Up => {
            packages::ensure_lab()?;
            if !Lab::up(&instance, &Options::default(), &Show::new())? {
                println!("lab `{}` was up already", instance.name());
            }
            status(&instance)
        }
        LabTask::Down => {
            Lab::down(&instance)?;
            println!("lab `{}` is down", instance.name());
            Ok(ExitCode::SUCCESS)
        }
        LabTask::Exec { host, command } => exec(&instance, host, &command),
        LabTask::Status => status(&instance),
    }
}

fn host_number(text: &str) -> Result<u8, std::num::ParseIntError> {
    text.strip_prefix("host").unwrap_or(text).parse()
}

fn exec(instance: &Instance, number: u8, command: &[String]) -> Result<ExitCode> {
    let (program, arguments) = command.split_first().context("nothing to run")?;
    let status = Lab::status(instance)?.with_context(|| none_is_up(instance))?;
    let (host, _) = status
        .hosts
        .iter()
        .find(|(host, _)| host.number() == number)
        .with_context(|| format!("the lab has no host {number}"))?;
    let ended = host.command(program).args(arguments).status()?;
    let code = ended.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

fn status(instance: &Instance) -> Result<ExitCode> {
    let Some(status) = Lab::status(instance)? else {
        println!("{}", none_is_up(instance));
        return Ok(ExitCode::FAILURE);
    };
    for (host, dockerd_runs) in &status.hosts {
        println!(
            "{}  {}  dockerd {}",
            host.name(),
            host.address(),
            if *dockerd_runs {
                "serves"
            } else {
                "is not running"
            }
        );
    }
    for omission in &status.omitted {
        println!("without image {}: {}", omission.image, omission.reason);
    }
    Ok(ExitCode::SUCCESS)
}

fn none_is_up(instance: &Instance) -> String {
    format!(
        "no lab `{}` is up; `cargo xtask lab up` brings one up",
        instance.name()
    )
}
