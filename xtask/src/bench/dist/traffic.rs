//! A peer in Rust: what `traffic.erl` is in Erlang, line for line the same work.

use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use beamport_dist::FullName;
use beamport_dist::node::{Address, Config, Mailbox, Node, Received};
use beamport_dist::tls::{Files, Tls, Trust};
use beamport_term::{Term, atom};
use clap::Args;

use super::peer::COOKIE;

/// How long a connection may take to stand, on a machine that has other things to do.
const SETUP_TIME: Duration = Duration::from_secs(60);

/// A node for the bench itself to start.
#[derive(Debug, Args)]
pub(crate) struct TrafficOptions {
    /// What it is called
    name: FullName,

    /// The port of the port mapper
    #[arg(long)]
    mapper: u16,

    /// The folder with the files for TLS
    #[arg(long)]
    tls: Option<PathBuf>,
}

/// Is one of the peers, in a process that the bench has started.
pub(crate) fn serve(options: &TrafficOptions) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let config = Config {
        listen: Some((Ipv4Addr::LOCALHOST, 0).into()),
        mapper_port: options.mapper,
        setup_time: SETUP_TIME,
        tls: options.tls.as_deref().map(tls).transpose()?,
        ..Config::new(COOKIE.parse()?)
    };
    let node = runtime.block_on(Node::start(options.name.clone(), config))?;
    let sink = node.mailbox();
    sink.register(atom!("sink"))?;
    runtime.spawn(serve_sink(sink));
    println!("ready");
    for line in io::stdin().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let [what, peer, size, count] = *words else {
            bail!("{line:?} is no order");
        };
        let sink = Address::name(atom!("sink"), &peer.parse()?);
        let data = Term::binary(vec![7; size.parse()?]);
        let run = run(what.to_owned(), node.mailbox(), sink, data, count.parse()?);
        // Among the workers, as any task.
        let figures = runtime.block_on(runtime.spawn(run))??;
        let figures: Vec<String> = figures
            .iter()
            .map(|time| time.as_nanos().to_string())
            .collect();
        println!("{}", figures.join(" "));
        io::stdout().flush()?;
    }
    Ok(())
}

fn tls(folder: &Path) -> Result<Tls> {
    let files = Files {
        certificate: folder.join("cert.pem"),
        key: folder.join("key.pem"),
        authorities: folder.join("ca.pem"),
    };
    Ok(Tls::from_files(&files, Trust::Hosts)?)
}

async fn run(
    what: String,
    mut mailbox: Mailbox,
    sink: Address,
    data: Term,
    count: usize,
) -> Result<Vec<Duration>> {
    let own = Term::from(mailbox.pid().clone());
    if what == "echo" {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            let message = Term::from((atom!("echo"), own.clone(), data.clone()));
            mailbox.send(&sink, message).await?;
            receive(&mut mailbox).await?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        let at = |index: usize| times.get(index).copied().context("nothing was echoed");
        return Ok(vec![at(count / 2)?, at(count * 99 / 100)?]);
    }
    let start = Instant::now();
    let begin = Term::from((atom!("count"), own, count as u64));
    mailbox.send(&sink, begin).await?;
    for _ in 0..count {
        let message = Term::from((atom!("data"), data.clone()));
        mailbox.send(&sink, message).await?;
    }
    receive(&mut mailbox).await?;
    Ok(vec![start.elapsed()])
}

async fn serve_sink(mut sink: Mailbox) -> Result<()> {
    loop {
        let message = receive(&mut sink).await?;
        if let Some([from, data]) = message.tagged("echo")
            && let Some(from) = from.as_pid()
        {
            let answer = Term::from((atom!("data"), data.clone()));
            sink.send(&from.clone().into(), answer).await?;
        } else if let Some([from, count]) = message.tagged("count")
            && let (Some(from), Some(count)) = (from.as_pid(), count.as_u64())
        {
            let mut left = count;
            while left > 0 {
                if receive(&mut sink).await?.tagged("data").is_some() {
                    left -= 1;
                }
            }
            sink.send(&from.clone().into(), atom!("done").into())
                .await?;
        }
    }
}

/// The next message. Who has started this process sees to it that it does not wait for ever.
async fn receive(mailbox: &mut Mailbox) -> Result<Term> {
    match mailbox.receive().await.context("the mailbox has ended")? {
        Received::Message(message) => Ok(message),
        other => bail!("no message: {other:?}"),
    }
}
