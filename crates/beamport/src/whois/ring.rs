//! A ring from what flags say of it.

use std::str::FromStr;

use anyhow::{Error, anyhow};
use beamport_ring::{Otp, Ring, Weight};
use beamport_term::{Atom, Term};

use super::WhoisOptions;
use crate::failure::Failure;

/// A node's weight: `a@host1=64`.
#[derive(Debug, Clone)]
pub(super) struct NodeWeight {
    node: Atom,
    weight: Weight,
}

impl FromStr for NodeWeight {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (node, weight) = text
            .rsplit_once('=')
            .ok_or_else(|| anyhow!("not NODE=POINTS, as in a@host1=64"))?;
        Ok(Self {
            node: parse_node(node)?,
            weight: weight.parse()?,
        })
    }
}

/// A node's full name.
pub(super) fn parse_node(text: &str) -> Result<Atom, Error> {
    match text.split_once('@') {
        Some((name, host)) if !name.is_empty() && !host.is_empty() => Ok(Atom::new(text)?),
        _ => Err(anyhow!("a node is NAME@HOST")),
    }
}

pub(super) fn build(options: &WhoisOptions) -> Result<Ring, Failure> {
    let is_on_ring = |weighted: &&NodeWeight| options.nodes.contains(&weighted.node);
    if let Some(stray) = options.weights.iter().find(|one| !is_on_ring(one)) {
        let node = stray.node.as_str();
        return Err(Failure::usage(format!(
            "{node} has a --weight and is not among --nodes"
        )));
    }
    let mut ring = Ring::new(Otp::of_release(options.otp));
    for node in &options.nodes {
        let weighted = options.weights.iter().rfind(|one| one.node == *node);
        let weight = weighted.map_or_else(Weight::default, |one| one.weight);
        ring.add_weighted(Term::from(node.clone()), weight);
    }
    Ok(ring)
}
