//! `beamport ping`: goes the whole way to a node, shows each part of it with the time it took, and explains why there is
//! no connection where there is none.

mod report;

use std::process::ExitCode;
use std::time::Duration;

use beamport_dist::node::{ConnectError, Reached};
use beamport_dist::{Flags, FullName, Releases};
use clap::Args;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::client::{ClientOptions, Explanation, Session, Stage, session};
use crate::failure::{Code, Failure};
use report::{Part, Report};

/// The flags of `beamport ping`.
#[derive(Debug, Args)]
pub(crate) struct PingOptions {
    /// The node: NAME@HOST, or NAME alone for one of this host
    #[arg(value_name = "NODE")]
    node: String,

    /// Print JSON: an object with the parts of the way, and the error if there is one
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    client: ClientOptions,
}

pub(crate) fn main(options: PingOptions) -> Result<ExitCode, Failure> {
    session::run(async {
        let mut report = Report::new(options.json);
        match ping(&options, &mut report).await? {
            None => Ok(ExitCode::SUCCESS),
            Some(Stage::Name) => Ok(ExitCode::from(Code::Usage as u8)),
            Some(_) => Ok(ExitCode::from(Code::Failed as u8)),
        }
    })
}

/// Goes the way, as far as it leads; none if that is to a pong, otherwise where it ended.
async fn ping(options: &PingOptions, report: &mut Report) -> Result<Option<Stage>, Failure> {
    let begun = Instant::now();
    let mut session = match Session::open(&options.client, &options.node).await? {
        Ok(session) => session,
        Err(explanation) => {
            report.begin(&options.node)?;
            return end(report, explanation, begun.elapsed());
        }
    };
    report.begin(session.peer().as_str())?;
    report.add(Part {
        stage: Stage::Name,
        took: begun.elapsed(),
        detail: name_detail(session.peer()),
    })?;
    if let Err(error) = connect(&mut session, report).await? {
        let explanation = session.explain(&error).await;
        return end(report, explanation, begun.elapsed());
    }
    let connected = Instant::now();
    match session.in_time(session.node().ping(session.peer())).await {
        Ok(()) => {
            report.add(Part {
                stage: Stage::Answer,
                took: connected.elapsed(),
                detail: "pong".to_owned(),
            })?;
            report.pong(session.peer().as_str(), begun.elapsed())?;
            Ok(None)
        }
        Err(error) => end(report, session.explain_silence(&error), begun.elapsed()),
    }
}

fn end(
    report: &mut Report,
    explanation: Explanation,
    took: Duration,
) -> Result<Option<Stage>, Failure> {
    report.failed(&explanation, took)?;
    Ok(Some(explanation.stage))
}

/// Connects, and reports each part of the way as it is done.
async fn connect(
    session: &mut Session,
    report: &mut Report,
) -> Result<Result<(), std::sync::Arc<ConnectError>>, Failure> {
    // As many as there are parts, for each address of the host: never many.
    let (told, mut parts) = mpsc::unbounded_channel();
    let cookie = format!("the one of {}", session.cookie());
    let observer = move || {
        let (told, cookie) = (told.clone(), cookie.clone());
        move |reached: Reached<'_>, took: Duration| {
            if let Some(part) = part(&reached, took, &cookie) {
                // If nobody listens any more, nobody wants to know.
                let _ = told.send(part);
            }
        }
    };
    let mut connecting = std::pin::pin!(session.connect(observer));
    let outcome = loop {
        tokio::select! {
            biased;
            Some(part) = parts.recv() => report.add(part)?,
            outcome = &mut connecting => break outcome?,
        }
    };
    while let Ok(part) = parts.try_recv() {
        report.add(part)?;
    }
    Ok(outcome)
}

/// What is said of a part of the way.
fn part(reached: &Reached<'_>, took: Duration, cookie: &str) -> Option<Part> {
    let (stage, detail) = match reached {
        Reached::Host(addresses) => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            (Stage::Host, addresses.join(", "))
        }
        Reached::DeadEnd(address, error) => (
            Stage::Mapper,
            format!("{address} leads nowhere, and VMs try no other: {error}"),
        ),
        Reached::Mapper(mapper, node) => (
            Stage::Mapper,
            format!("{mapper} has {} at port {}", node.name, node.port),
        ),
        Reached::Port(address) => (Stage::Tcp, format!("{address} takes connections")),
        Reached::Tls => (Stage::Tls, "the peer's certificate is good".to_owned()),
        Reached::Peer(peer, flags) => (
            Stage::Handshake,
            format!("{}, creation {}", speaks(*flags), peer.creation),
        ),
        Reached::Proof => (Stage::Cookie, cookie.to_owned()),
        // Is part of the handshake.
        _ => return None,
    };
    Some(Part {
        stage,
        took,
        detail,
    })
}

fn name_detail(node: &FullName) -> String {
    format!("{} at {}", node.name(), node.host())
}

/// What a peer is, by its flags, and whom it cannot talk to.
fn speaks(flags: Flags) -> String {
    let release = match Releases::of(flags) {
        Some(releases) => releases.to_string(),
        None => "no VM (a C node, or one in another language)".to_owned(),
    };
    let hidden = if flags.contains(Flags::PUBLISHED) {
        ""
    } else {
        ", hidden"
    };
    let mismatch = if flags.contains(Flags::MANDATORY_26) {
        ""
    } else {
        " (OTP 26 and later do not connect with it)"
    };
    format!("{release}{mismatch}{hidden}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_tell_what_a_peer_is_and_whom_it_cannot_talk_to() {
        assert_eq!(speaks(Flags::from_bits(0xD_07DF_7FBD)), "OTP 24 to 27");
        assert_eq!(
            speaks(Flags::from_bits(0x1_01DF_7FBC)),
            "OTP 23 (OTP 26 and later do not connect with it), hidden"
        );
        assert!(speaks(Flags::MANDATORY_26).starts_with("no VM"));
    }
}
