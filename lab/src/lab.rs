//! The lab as a whole: bringing it up, getting hold of it, taking it down.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::binary::Build;
use crate::host::Host;
use crate::images::{self, Image};
use crate::instance::Instance;
use crate::progress::Progress;
use crate::record::{Omission, Record};
use crate::{binary, clear, down, up};
use anyhow::{Context, Result, bail};

/// What to bring up.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many hosts, 2 unless said otherwise.
    pub hosts: u8,
    /// Which images to have ready; others are made when asked for.
    pub images: Vec<Image>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            hosts: 2,
            images: Image::OTPS.into(),
        }
    }
}

/// How a lab is, seen from outside.
#[derive(Debug, Clone)]
pub struct Status {
    /// Each host, and whether its Docker daemon runs.
    pub hosts: Vec<(Host, bool)>,
    /// Images it does without.
    pub omitted: Vec<Omission>,
}

/// A lab that is up, and that nobody else uses until this is dropped.
#[derive(Debug)]
pub struct Lab {
    hosts: Vec<Host>,
    omitted: Vec<Omission>,
    binary: PathBuf,
    _lock: File,
}

impl Lab {
    /// Brings a lab up, unless it is; false when it was.
    ///
    /// What a crashed predecessor of the same name left is removed first. When something fails, what was made
    /// until then is removed too.
    pub fn up(instance: &Instance, options: &Options, progress: &dyn Progress) -> Result<bool> {
        let _lock = instance.lock()?;
        if is_up(instance)? {
            return Ok(false);
        }
        down::remove(instance).context("cannot remove what a former lab left")?;
        up::build(instance, options, progress)
            .map(|()| true)
            .map_err(|error| match down::remove(instance) {
                Ok(()) => error,
                Err(second) => error.context(format!("cleaning up failed too: {second:#}")),
            })
    }

    /// Takes a lab down: ends and removes precisely what it made. Nothing to do is fine.
    pub fn down(instance: &Instance) -> Result<()> {
        let _lock = instance.lock()?;
        down::remove(instance)
    }

    /// How a lab is; none when there is none.
    pub fn status(instance: &Instance) -> Result<Option<Status>> {
        Ok(Record::read(instance)?.map(|record| Status {
            hosts: hosts(instance, &record)
                .into_iter()
                .map(|host| {
                    let runs = host.has_dockerd();
                    (host, runs)
                })
                .collect(),
            omitted: record.omitted,
        }))
    }

    /// Gets hold of the lab that `BEAMPORT_LAB` names, for one test.
    ///
    /// Waits while others use it, builds the static binary, and clears away the containers, agents and faults
    /// that the previous test left.
    pub fn attach() -> Result<Self> {
        Self::attach_to(&Instance::from_environment()?)
    }

    /// As [`Lab::attach`], for a lab that is named otherwise.
    pub fn attach_to(instance: &Instance) -> Result<Self> {
        let lock = instance.lock()?;
        let record = Record::read(instance)?
            .filter(|record| record.complete)
            .with_context(|| {
                format!(
                    "no lab `{}` is up. Bring one up with `cargo xtask lab up`; \
                     `cargo xtask test` does so by itself",
                    instance.name()
                )
            })?;
        let lab = Self {
            hosts: hosts(instance, &record),
            omitted: record.omitted,
            binary: binary::build(Build::Debug)?,
            _lock: lock,
        };
        for host in &lab.hosts {
            clear::clear(host).with_context(|| format!("cannot clear {}", host.name()))?;
        }
        Ok(lab)
    }

    /// Host `number`, from 1.
    pub fn host(&self, number: u8) -> Result<&Host> {
        usize::from(number)
            .checked_sub(1)
            .and_then(|index| self.hosts.get(index))
            .with_context(|| format!("the lab has {} hosts, no host {number}", self.hosts.len()))
    }

    /// All hosts.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The name of an image, which every host then has. Made and imported if need be.
    pub fn image(&self, image: Image) -> Result<String> {
        if let Some(omission) = self.omission(image) {
            bail!("this lab does without {image}: {}", omission.reason);
        }
        for host in &self.hosts {
            images::import(image, host)?;
        }
        Ok(image.reference())
    }

    /// The plain Erlang images that this lab has: all of [`Image::OTPS`], but for those omitted.
    pub fn otps(&self) -> Vec<Image> {
        Image::OTPS
            .into_iter()
            .filter(|image| self.omission(*image).is_none())
            .collect()
    }

    /// The static binary, as tests build it.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    fn omission(&self, image: Image) -> Option<&Omission> {
        self.omitted.iter().find(|o| o.image == image.name())
    }
}

pub(crate) fn hosts(instance: &Instance, record: &Record) -> Vec<Host> {
    (1..=record.hosts)
        .map(|number| Host::new(instance, number))
        .collect()
}

fn is_up(instance: &Instance) -> Result<bool> {
    Ok(Record::read(instance)?.is_some_and(|record| {
        record.complete && hosts(instance, &record).iter().all(Host::has_dockerd)
    }))
}
