//! Which node is meant.

use beamport_dist::FullName;
use beamport_dist::name::NameError;

use crate::run::state::NodeState;

/// A node, as it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Whom to dial.
    pub(crate) node: FullName,
    /// Whether the host was made up: of this host only the node itself knows the name that it goes by.
    pub(crate) is_guess: bool,
}

impl Target {
    /// Reads `Name@Host`, or a `Name` alone, which is a node of this host: one that `beamport run` started here, or
    /// `Name@ThisHost`.
    pub(crate) fn read(
        text: &str,
        running: &[NodeState],
        this_host: &str,
    ) -> Result<Self, NameError> {
        if text.contains('@') {
            return Ok(Self {
                node: text.parse()?,
                is_guess: false,
            });
        }
        let known = running.iter().find(|state| state.identity.name == text);
        match known.map(|state| state.identity.to_string().parse()) {
            Some(Ok(node)) => Ok(Self {
                node,
                is_guess: false,
            }),
            _ => Ok(Self {
                node: format!("{text}@{this_host}").parse()?,
                is_guess: true,
            }),
        }
    }

    /// The same node by the name that it says it has, if that can be.
    pub(crate) fn corrected(&self, found: &FullName) -> Option<Self> {
        let is_same = self.is_guess && found.name() == self.node.name();
        is_same.then(|| Self {
            node: found.clone(),
            is_guess: false,
        })
    }
}

/// The name of this host, as nodes that are started with `-sname` have it.
pub(crate) fn this_host() -> String {
    let name = nix::unistd::gethostname().ok();
    let name = name.and_then(|name| name.into_string().ok());
    name.as_deref()
        .and_then(|name| name.split('.').next())
        .filter(|name| !name.is_empty())
        .unwrap_or("localhost")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::PortRange;
    use crate::run::identity::Identity;

    #[test]
    fn a_short_name_is_a_node_of_this_host() {
        let identity = Identity {
            name: "app".to_owned(),
            host: "10.99.0.1".to_owned(),
        };
        let running = [NodeState::of_this_process(
            identity,
            PortRange::Any,
            None,
            None,
        )];
        let read = |text| {
            let target = Target::read(text, &running, "here").unwrap();
            (target.node.to_string(), target.is_guess)
        };
        assert_eq!(read("app"), ("app@10.99.0.1".to_owned(), false));
        assert_eq!(read("shop"), ("shop@here".to_owned(), true));
        assert_eq!(read("shop@there"), ("shop@there".to_owned(), false));
        assert!(Target::read("", &[], "here").is_err());
        assert!(Target::read("a b", &[], "here").is_err());
    }

    #[test]
    fn only_a_guess_is_corrected_and_only_its_host() {
        let target = Target::read("shop", &[], "here").unwrap();
        let corrected = target.corrected(&"shop@127.0.0.1".parse().unwrap());
        assert_eq!(corrected.unwrap().node.host(), "127.0.0.1");
        assert_eq!(target.corrected(&"other@here".parse().unwrap()), None);
        let said = Target::read("shop@here", &[], "here").unwrap();
        assert_eq!(said.corrected(&"shop@127.0.0.1".parse().unwrap()), None);
    }
}
