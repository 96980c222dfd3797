//! `beamport names`: what port mappers list.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Error, anyhow};
use beamport_epmd::client;
use beamport_epmd::directory::Listed;
use clap::Args;
use serde_json::json;
use tokio::runtime;
use tokio::time::Instant;

use crate::client::output;
use crate::failure::{Code, Failure};
use crate::host_names::HostNames;
use crate::time_span;

/// The flags of `beamport names`.
#[derive(Debug, Args)]
pub(crate) struct NamesOptions {
    /// The hosts to ask: names or addresses
    #[arg(required = true, value_name = "HOST")]
    hosts: Vec<String>,

    /// The port of the port mappers
    #[arg(long, env = "ERL_EPMD_PORT", default_value = "4369")]
    port: NonZeroU16,

    /// How long each host may take, such as 500ms, 5s or 2m
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = time_span::parse_some)]
    timeout: Duration,

    /// Print JSON: a list with an object for each host
    #[arg(long)]
    json: bool,
}

/// What a host answered.
struct Answer {
    host: String,
    outcome: Result<Nodes, Error>,
}

/// What a port mapper lists.
struct Nodes {
    mapper: SocketAddr,
    nodes: Vec<Listed>,
}

pub(crate) fn main(options: NamesOptions) -> Result<ExitCode, Failure> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let answers = runtime.block_on(ask_all(&options))?;
    if options.json {
        let all: serde_json::Value = answers.iter().map(as_json).collect();
        output::line(format!("{all:#}"))?;
    } else {
        print(&answers)?;
    }
    match answers.iter().filter(|a| a.outcome.is_err()).count() {
        0 => Ok(ExitCode::SUCCESS),
        // What went wrong has been told, host by host.
        _ => Ok(ExitCode::from(Code::Failed as u8)),
    }
}

/// Asks all hosts at the same time, and answers in their order.
async fn ask_all(options: &NamesOptions) -> Result<Vec<Answer>, Failure> {
    let host_names = HostNames::of_system().context("cannot look up host names")?;
    let host_names = Arc::new(host_names);
    let deadline = Instant::now() + options.timeout;
    let port = options.port.get();
    let asked: Vec<_> = options
        .hosts
        .iter()
        .map(|host| {
            let (host, host_names) = (host.clone(), Arc::clone(&host_names));
            tokio::spawn(async move {
                let outcome = ask(&host_names, &host, port, deadline).await;
                Answer { host, outcome }
            })
        })
        .collect();
    let mut answers = Vec::new();
    for answer in asked {
        answers.push(
            answer
                .await
                .context("a question was not asked to its end")?,
        );
    }
    Ok(answers)
}

/// Asks a host at each of its addresses until one answers.
async fn ask(
    host_names: &HostNames,
    host: &str,
    port: u16,
    deadline: Instant,
) -> Result<Nodes, Error> {
    let mut failed = None;
    for address in host_names.addresses(host, deadline).await? {
        let mapper = SocketAddr::new(address, port);
        match client::names(mapper, deadline).await {
            Ok(listing) => {
                let nodes = listing.nodes;
                return Ok(Nodes { mapper, nodes });
            }
            // The first is the one that nodes would be told.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    Err(failed.map_or_else(|| anyhow!("{host} has no address"), Error::from))
}

fn print(answers: &[Answer]) -> Result<(), Failure> {
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            output::line("")?;
        }
        output::line(&answer.host)?;
        match &answer.outcome {
            Ok(found) => print_table(&found.nodes)?,
            Err(error) => {
                output::line("  cannot be listed")?;
                eprintln!("beamport: {}: {error:#}", answer.host);
            }
        }
    }
    Ok(())
}

fn print_table(nodes: &[Listed]) -> Result<(), Failure> {
    if nodes.is_empty() {
        return output::line("  no nodes");
    }
    let widest = nodes.iter().map(|n| n.name.as_str().chars().count()).max();
    let width = widest.unwrap_or_default().max("NAME".len());
    output::line(format!("  {:width$}  PORT", "NAME"))?;
    for node in nodes {
        output::line(format!("  {:width$}  {}", node.name.as_str(), node.port))?;
    }
    Ok(())
}

fn as_json(answer: &Answer) -> serde_json::Value {
    match &answer.outcome {
        Ok(found) => {
            let nodes = found
                .nodes
                .iter()
                .map(|node| json!({ "name": node.name.as_str(), "port": node.port }));
            json!({
                "host": answer.host,
                "mapper": found.mapper.to_string(),
                "nodes": nodes.collect::<Vec<_>>(),
            })
        }
        Err(error) => json!({ "host": answer.host, "error": format!("{error:#}") }),
    }
}
