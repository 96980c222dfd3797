//! What a port mapper says besides that it does not know a name.

use std::net::SocketAddr;
use std::time::Duration;

use beamport_epmd::{NodeName, agent, client};
use tokio::time::Instant;

use crate::similar;

/// How long the answers may take, which are only of help.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most names that are worth listing.
const LISTED: usize = 10;

/// What a port mapper says besides that it does not know a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hints {
    /// The names that it lists, if it answered.
    pub(crate) names: Option<Vec<String>>,
    /// Why it does not give a port for the name, if it is an agent.
    pub(crate) reason: Option<agent::Reason>,
}

impl Hints {
    /// Asks the port mapper that does not know `name`.
    pub(crate) async fn ask(mapper: SocketAddr, name: &str) -> Self {
        let deadline = Instant::now() + PATIENCE;
        let reason = async {
            let name: NodeName = name.parse().ok()?;
            let question = agent::why_name(&name)?;
            let answer = client::lookup(mapper, &question, deadline).await.ok()??;
            agent::reason_from_extra(&answer.extra)
        };
        let (names, reason) = tokio::join!(client::names(mapper, deadline), reason);
        let names = names.ok().map(|listing| {
            let names = listing.nodes.into_iter().map(|node| node.name.to_string());
            names.collect()
        });
        Self { names, reason }
    }

    /// The names that are like `name`, as the end of a sentence.
    pub(super) fn similar(&self, name: &str) -> String {
        similar::hint(name, self.names.clone().unwrap_or_default())
    }

    /// What is registered there.
    pub(super) fn listing(&self) -> String {
        match self.names.as_deref() {
            None => "it did not list its nodes".to_owned(),
            Some([]) => "no node is registered there".to_owned(),
            Some(names) => {
                let shown = names.get(..LISTED).unwrap_or(names).join(", ");
                let more = match names.len().saturating_sub(LISTED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!("registered there: {shown}{more}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_listings_are_cut() {
        let hints = |count: usize| Hints {
            names: Some((0..count).map(|n| format!("n{n}")).collect()),
            reason: None,
        };
        assert_eq!(hints(0).listing(), "no node is registered there");
        assert_eq!(hints(2).listing(), "registered there: n0, n1");
        assert!(hints(12).listing().ends_with("n9 and 2 more"));
        assert_eq!(hints(12).similar("n12"), "; similar: n1, n10, n11");
    }
}
