//! `beamport whois`: which node owns a key.
//!
//! So far of a ring that is described on the command line; running entrypoints are not asked yet.

mod ring;

use std::io::{BufRead, BufWriter, Read, Write, stdin, stdout};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use beamport_ring::Ring;
use beamport_term::{Atom, Limits, Parser, Syntax, Term};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::failure::Failure;
use ring::NodeWeight;

/// The longest key, in bytes of text.
const MAX_KEY: usize = 1 << 20;

/// A longer one is not repeated when there is something wrong with it.
const SHOWN: usize = 200;

/// The flags of `beamport whois`.
#[derive(Debug, Args)]
pub(crate) struct WhoisOptions {
    /// The nodes on the ring, in the order in which they were added to it
    #[arg(long, value_name = "NODE", value_delimiter = ',', value_parser = ring::parse_node)]
    nodes: Vec<Atom>,

    /// A node that has not the 128 points that others have, and how many it has
    #[arg(long = "weight", value_name = "NODE=POINTS", value_delimiter = ',')]
    weights: Vec<NodeWeight>,

    /// The OTP release that the nodes run. Atoms as keys have other owners before 26 than from then on
    #[arg(long, value_name = "RELEASE", default_value = "26")]
    otp: u32,

    /// The syntax of the keys
    #[arg(long, value_enum, default_value = "erlang")]
    syntax: KeySyntax,

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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KeySyntax {
    Erlang,
    Elixir,
}

pub(crate) fn main(options: WhoisOptions) -> Result<ExitCode, Failure> {
    let ring = ring::build(&options)?;
    let keys = Keys::new(&options);
    if options.stdin {
        answer_lines(&ring, &keys, options.json)?;
    } else {
        answer_arguments(&ring, &keys, &options)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How keys are read.
struct Keys(Parser);

impl Keys {
    fn new(options: &WhoisOptions) -> Self {
        let limits = Limits {
            bytes: MAX_KEY,
            ..Limits::default()
        };
        Self(Parser::new(limits).syntax(match options.syntax {
            KeySyntax::Erlang => Syntax::Erlang,
            KeySyntax::Elixir => Syntax::Elixir,
        }))
    }

    fn read(&self, text: &str) -> Result<Term, anyhow::Error> {
        self.0
            .parse(text)
            .map_err(|error| match text.len() > SHOWN {
                false => anyhow!("{text} is no key: {error}"),
                true => anyhow!("this is no key: {error}"),
            })
    }
}

fn answer_arguments(ring: &Ring, keys: &Keys, options: &WhoisOptions) -> Result<(), Failure> {
    let owners = options.keys.iter().map(|text| {
        let key = keys.read(text).map_err(|e| Failure::usage(e.to_string()))?;
        Ok((text, owner(ring, &key)?))
    });
    let owners: Vec<(&String, &str)> = owners.collect::<Result<_, Failure>>()?;
    if options.json {
        let objects = owners.iter().map(|(key, owner)| as_json(key, owner));
        println!("{:#}", objects.collect::<serde_json::Value>());
    } else {
        for (_, owner) in owners {
            println!("{owner}");
        }
    }
    Ok(())
}

/// Answers each line with one, until there are no more.
fn answer_lines(ring: &Ring, keys: &Keys, json: bool) -> Result<(), anyhow::Error> {
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
        let key = keys.read(text).with_context(|| format!("line {number}"));
        // Those before it are answered.
        let owner = key.and_then(|key| owner(ring, &key)).inspect_err(|_| {
            let _ = output.flush();
        })?;
        let written = if json {
            writeln!(output, "{}", as_json(text, owner))
        } else {
            writeln!(output, "{owner}")
        };
        written.context("cannot write")?;
    }
    output.flush().context("cannot write")
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
