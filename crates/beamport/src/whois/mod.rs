//! `beamport whois`: which node owns a key.
//!
//! Either of a running cluster, which a `beamport run` here is asked about ([`running`]), or of a ring that is described
//! on the command line ([`ring`]).

mod ring;
mod running;

use std::borrow::Cow;
use std::io::{BufRead, BufWriter, Read, Write, stdin, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use beamport_ring::Ring;
use beamport_term::{Atom, Term};
use clap::Args;
use serde_json::json;

use crate::client::input::{self, SyntaxChoice};
use crate::client::output;
use crate::failure::Failure;
use ring::NodeWeight;
use running::Running;

/// The longest key, in bytes of text.
const MAX_KEY: usize = 1 << 20;

/// The flags of `beamport whois`.
#[derive(Debug, Args)]
pub(crate) struct WhoisOptions {
    /// The nodes on the ring, in the order in which they were added to it [default: those of the cluster that the
    /// node is in which `beamport run` started here]
    #[arg(long, value_name = "NODE", value_delimiter = ',', value_parser = ring::parse_node)]
    nodes: Vec<Atom>,

    /// A node that has not the 128 points that others have, and how many it has
    #[arg(long = "weight", value_name = "NODE=POINTS", value_delimiter = ',')]
    weights: Vec<NodeWeight>,

    /// The OTP release that the nodes run. Atoms as keys have other owners before 26 than from then on
    #[arg(long, value_name = "RELEASE", default_value = "26")]
    otp: u32,

    /// Where a `beamport run` serves HTTP [default: the one that runs here]
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "nodes")]
    at: Option<SocketAddr>,

    /// Where `beamport run` leaves what it tells of itself [default: as there]
    #[arg(long, value_name = "DIR")]
    state_dir: Option<PathBuf>,

    /// The syntax of the keys
    #[arg(long, value_enum, default_value = "auto")]
    syntax: SyntaxChoice,

    /// Read the keys from standard input, a line each
    #[arg(long, conflicts_with = "keys")]
    stdin: bool,

    /// Print JSON: a list with an object for each key or, with --stdin, an object a line
    #[arg(long)]
    json: bool,

    /// The keys, as terms: 'user_42', '{session, 7}', '<<"cart">>'
    #[arg(required_unless_present = "stdin", value_name = "TERM")]
    keys: Vec<String>,
}

pub(crate) fn main(options: WhoisOptions) -> Result<ExitCode, Failure> {
    let mut owners = match options.nodes.is_empty() {
        true => Owners::Running(Running::find(&options)?),
        false => Owners::Described(ring::build(&options)?),
    };
    if options.stdin {
        answer_lines(&mut owners, &options)?;
    } else {
        answer_arguments(&mut owners, &options)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What knows who owns a key.
enum Owners {
    Running(Running),
    Described(Ring),
}

impl Owners {
    fn of(&mut self, text: &str, choice: SyntaxChoice) -> Result<Cow<'_, str>, Failure> {
        let (key, syntax) = input::term(text, choice)?;
        match self {
            Self::Running(running) => running.owner(text, syntax).map(Cow::from),
            Self::Described(ring) => Ok(owner(ring, &key)?.into()),
        }
    }
}

fn answer_arguments(owners: &mut Owners, options: &WhoisOptions) -> Result<(), Failure> {
    let mut answers = Vec::new();
    for key in &options.keys {
        answers.push((key, owners.of(key, options.syntax)?.into_owned()));
    }
    if options.json {
        let objects = answers.iter().map(|(key, owner)| as_json(key, owner));
        return output::line(format!("{:#}", objects.collect::<serde_json::Value>()));
    }
    answers
        .iter()
        .try_for_each(|(_, owner)| output::line(owner))
}

/// Answers each line with one, until there are no more.
fn answer_lines(owners: &mut Owners, options: &WhoisOptions) -> Result<(), Failure> {
    let mut input = stdin().lock();
    let mut output = BufWriter::new(stdout().lock());
    let mut line = String::new();
    for number in 1_u64.. {
        line.clear();
        let read = Read::take(&mut input, MAX_KEY as u64 + 1).read_line(&mut line);
        if read.with_context(|| format!("line {number}"))? == 0 {
            break;
        }
        let text = line.trim();
        let owner = match owners.of(text, options.syntax) {
            Ok(owner) => owner,
            Err(failure) => {
                // Those before it are answered.
                let _ = output.flush();
                return Err(failure.within(format!("line {number}")));
            }
        };
        let written = match options.json {
            true => writeln!(output, "{}", as_json(text, &owner)),
            false => writeln!(output, "{owner}"),
        };
        written.context("cannot write")?;
    }
    Ok(output.flush().context("cannot write")?)
}

fn owner<'a>(ring: &'a Ring, key: &Term) -> Result<&'a str, anyhow::Error> {
    match ring.owner(key) {
        Some(Term::Atom(owner)) => Ok(owner.as_str()),
        _ => Err(anyhow!("the ring has no points")),
    }
}

fn as_json(key: &str, owner: &str) -> serde_json::Value {
    json!({ "key": key, "owner": owner })
}
