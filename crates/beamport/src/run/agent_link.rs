//! Finds the agent of this Docker host and asks it who we are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::time::Duration;

use beamport_epmd::agent::{self, AgentFacts, Asker};
use beamport_epmd::client::{self, ClientError};
use tokio::time::{Instant, sleep_until};

use super::identity::network;
use super::options::AgentChoice;

/// How long to wait for an agent that is told of, and for one that may be there.
const WAIT_WHEN_TOLD: Duration = Duration::from_secs(30);
const WAIT_WHEN_GUESSED: Duration = Duration::from_secs(1);

/// How long one question may take.
const QUESTION: Duration = Duration::from_secs(1);

/// How long to go on asking an agent that has not yet heard of our container: Docker tells it within moments.
const UNTIL_KNOWN: Duration = Duration::from_secs(2);

const PAUSE: Duration = Duration::from_millis(100);

/// What came of looking for an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AgentLink {
    /// There is to be none.
    None,
    /// One answers.
    Found {
        /// Where.
        address: SocketAddr,
        /// What it tells.
        facts: AgentFacts,
    },
    /// None answers, now.
    Silent {
        /// Where one would be, if we know.
        address: Option<SocketAddr>,
        /// Whether the user named it.
        told: bool,
        /// What the last attempt came to, for people.
        reason: String,
    },
}

/// Looks for the agent: where the user says; else on this host, where a container with host networking finds it;
/// else at the default gateway, which is how a container sees its Docker host.
pub(super) async fn find(
    choice: Option<&AgentChoice>,
    wait: Option<Duration>,
    port: NonZeroU16,
) -> AgentLink {
    let (address, told) = match choice {
        Some(AgentChoice::None) => return AgentLink::None,
        Some(AgentChoice::At { address, port: own }) => {
            let address = SocketAddr::new(*address, own.unwrap_or(port).get());
            (Some(address), true)
        }
        None => {
            let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port.get());
            if let Ok(Some(facts)) = ask(here).await {
                return AgentLink::Found {
                    address: here,
                    facts,
                };
            }
            let gateway = network::default_gateway();
            (
                gateway.map(|gateway| SocketAddr::new(gateway.into(), port.get())),
                false,
            )
        }
    };
    let Some(address) = address else {
        return AgentLink::Silent {
            address: None,
            told,
            reason: "there is no default gateway".to_owned(),
        };
    };
    let wait = wait.unwrap_or(if told {
        WAIT_WHEN_TOLD
    } else {
        WAIT_WHEN_GUESSED
    });
    match ask_until(address, Instant::now() + wait).await {
        Ok(facts) => AgentLink::Found { address, facts },
        Err(reason) => AgentLink::Silent {
            address: Some(address),
            told,
            reason,
        },
    }
}

async fn ask_until(address: SocketAddr, deadline: Instant) -> Result<AgentFacts, String> {
    let mut until_known = None;
    loop {
        let reason = match ask(address).await {
            Ok(Some(facts)) if facts.asker == Asker::Unknown => {
                let until = *until_known.get_or_insert(Instant::now() + UNTIL_KNOWN);
                if Instant::now() >= until {
                    tracing::warn!(agent = %address, "the agent does not know this container");
                    return Ok(facts);
                }
                None
            }
            Ok(Some(facts)) => return Ok(facts),
            Ok(None) => return Err(format!("what listens on {address} is no Beamport agent")),
            Err(error) => Some(error.to_string()),
        };
        let next = Instant::now() + PAUSE;
        if let Some(reason) = reason
            && next > deadline
        {
            return Err(reason);
        }
        sleep_until(next).await;
    }
}

/// Asks once; none when there is a port mapper that is no agent.
async fn ask(address: SocketAddr) -> Result<Option<AgentFacts>, ClientError> {
    let Ok(name) = agent::NAME.parse() else {
        return Ok(None);
    };
    let answer = client::lookup(address, &name, Instant::now() + QUESTION).await?;
    Ok(answer.and_then(|answer| AgentFacts::from_extra(&answer.extra)))
}
