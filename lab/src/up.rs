//! Bringing a lab up.

use anyhow::Result;

use crate::host::Host;
use crate::images::{self, Image};
use crate::instance::Instance;
use crate::lab::{Options, hosts};
use crate::progress::{Progress, step};
use crate::record::{Omission, Record};
use crate::switch;

/// Makes the lab, having written down what it is about to make.
pub(crate) fn build(instance: &Instance, options: &Options, progress: &dyn Progress) -> Result<()> {
    let numbers = 1..=options.hosts;
    let mut record = Record {
        complete: false,
        hosts: options.hosts,
        namespaces: std::iter::once(instance.switch_namespace())
            .chain(numbers.clone().map(|n| instance.host_namespace(n)))
            .collect(),
        cgroups: numbers.map(|n| instance.host_cgroup(n)).collect(),
        omitted: Vec::new(),
    };
    record.write(instance)?;
    let hosts = hosts(instance, &record);
    step(progress, "switch and cables", || {
        switch::build(instance, options.hosts)
    })?;
    in_parallel(&hosts, |host| {
        step(
            progress,
            format!("{} with its dockerd", host.name()),
            || {
                host.build()?;
                host.start_dockerd()
            },
        )
    })?;
    let omitted = in_parallel(&options.images, |image| provide(*image, &hosts, progress))?;
    record.omitted = omitted.into_iter().flatten().collect();
    record.complete = true;
    record.write(instance)
}

/// Gives each host the image, or says why the lab does without.
fn provide(image: Image, hosts: &[Host], progress: &dyn Progress) -> Result<Option<Omission>> {
    match step(progress, format!("image {image}"), || {
        images::prepare(image)
    }) {
        Ok(()) => {}
        Err(error) if image.may_be_omitted() => {
            return Ok(Some(Omission {
                image: image.name().to_owned(),
                reason: format!("{error:#}"),
            }));
        }
        Err(error) => return Err(error),
    }
    step(progress, format!("image {image} into each host"), || {
        hosts
            .iter()
            .try_for_each(|host| images::import(image, host).map(drop))
    })?;
    Ok(None)
}

fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = items
            .iter()
            .map(|item| scope.spawn(|| work(item)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    })
}
