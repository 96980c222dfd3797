//! The questions: `-names`, `-started`, `-dump`, `-kill`, `-stop`, asked of the port mapper on this host.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use beamport_epmd::client::{self, ClientError};
use tokio::time::Instant;

use super::arguments::Question;

/// How long the port mapper may take. Stock epmd waits for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest name that stock epmd's client lets pass.
const LONGEST_NAME: usize = 1000;

/// Asks, and prints the answer in stock epmd's words.
pub(super) fn ask(port: u16, question: &Question) -> ExitCode {
    if matches!(question, Question::Stop(name) if name.len() > LONGEST_NAME) {
        print("epmd: Name too long!");
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let answer = match runtime {
        Ok(runtime) => runtime.block_on(answer(port, question)),
        Err(error) => {
            eprintln!("epmd: {error}");
            return ExitCode::FAILURE;
        }
    };
    match answer {
        Ok(answer) => {
            print(answer.text);
            answer.code
        }
        Err(error) => {
            if *question != Question::Started {
                explain(question, &error);
            }
            ExitCode::FAILURE
        }
    }
}

struct Answer {
    text: Vec<u8>,
    code: ExitCode,
}

async fn answer(port: u16, question: &Question) -> Result<Answer, ClientError> {
    let deadline = Instant::now() + PATIENCE;
    // Loopback, IPv6 first, as stock epmd asks.
    let v6 = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
    let v4 = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    match answer_at(v6, question, deadline).await {
        Err(ClientError::Refused { .. } | ClientError::Unreachable { .. }) => {
            answer_at(v4, question, deadline).await
        }
        other => other,
    }
}

async fn answer_at(
    mapper: SocketAddr,
    question: &Question,
    deadline: Instant,
) -> Result<Answer, ClientError> {
    let success = |text: Vec<u8>| Answer {
        text,
        code: ExitCode::SUCCESS,
    };
    Ok(match question {
        Question::Names => success(listing(client::names_text(mapper, deadline).await?)),
        Question::Dump => success(listing(client::dump_text(mapper, deadline).await?)),
        Question::Started => {
            client::names_text(mapper, deadline).await?;
            success(Vec::new())
        }
        Question::Kill => {
            if client::kill(mapper, deadline).await? {
                success(b"Killed\n".to_vec())
            } else {
                Answer {
                    text: b"Killing not allowed - living nodes in database.\n".to_vec(),
                    code: ExitCode::FAILURE,
                }
            }
        }
        Question::Stop(name) => {
            let stopped = match name.parse() {
                Ok(name) => client::stop(mapper, &name, deadline).await?,
                Err(_) => false,
            };
            success(if stopped { b"STOPPED\n" } else { b"NOEXIST\n" }.to_vec())
        }
    })
}

fn listing(text: client::ListingText) -> Vec<u8> {
    let port = text.port;
    let mut out = format!("epmd: up and running on port {port} with data:\n").into_bytes();
    out.extend_from_slice(&text.lines);
    out
}

fn explain(question: &Question, error: &ClientError) {
    match (error, question) {
        (
            ClientError::Refused { .. }
            | ClientError::Unreachable { .. }
            | ClientError::Timeout {
                step: client::Step::Connect,
                ..
            },
            _,
        ) => eprintln!("epmd: Cannot connect to local epmd"),
        (_, Question::Names | Question::Dump) => print("epmd: no response from local epmd\n"),
        (ClientError::Closed { .. }, _) => print("epmd: local epmd responded with <>\n"),
        _ => print("epmd: failed to read answer from local epmd\n"),
    }
}

/// Prints bytes as they are; where nobody reads them any more, that is theirs to know.
fn print(text: impl AsRef<[u8]>) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_ref()).and_then(|()| out.flush());
}
