//! What an entrypoint registers of a node that is not there yet.
//!
//! Some VMs start their distribution long after themselves. So that those that are to start together find one another
//! before any of them is there, the entrypoint of each registers [`entry_name`] of its node. That is no node's name, and
//! nobody dials it.

use crate::node::NodeName;

/// What is put before a node's name. As with [`agent::NAME`](crate::agent::NAME), the dot keeps nodes from having such a
/// name.
const PREFIX: &str = "entry.";

/// What the entrypoint of the node `name` registers; none if that is too long to be registered.
pub fn entry_name(name: &NodeName) -> Option<NodeName> {
    format!("{PREFIX}{name}").parse().ok()
}

/// Whether this is such a name.
pub fn is_entry(name: &NodeName) -> bool {
    name.as_str().starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_told_from_a_node() {
        let name: NodeName = "rabbit".parse().unwrap();
        let entry = entry_name(&name).unwrap();
        assert_eq!(entry.as_str(), "entry.rabbit");
        assert!(is_entry(&entry) && !is_entry(&name));
        assert_eq!(entry_name(&"x".repeat(250).parse().unwrap()), None);
    }
}
