//! The nodes of a demo, wherever they run.

use anyhow::Result;
use beamport_lab::control;

/// A way to have a node evaluate expressions.
type Ask = Box<dyn Fn(&str) -> Result<String>>;

/// A node, and what the table says of it.
pub(super) struct Member {
    pub(super) node: String,
    /// Its machine.
    pub(super) host: String,
    /// Its container or process.
    pub(super) place: String,
    pub(super) otp: String,
    /// Where it is reached.
    pub(super) port: String,
    pub(super) ask: Ask,
    /// It was killed.
    pub(super) is_gone: bool,
}

impl Member {
    fn ping(&self, other: &Self) -> Result<bool> {
        Ok((self.ask)(&format!("net_adm:ping('{}').", other.node))? == "pong")
    }

    fn connected(&self) -> Vec<String> {
        control::connected(&self.ask).unwrap_or_default()
    }
}

/// The nodes in the order in which they were started.
#[derive(Default)]
pub(super) struct Cluster(pub(super) Vec<Member>);

impl Cluster {
    /// Has each node ping each other one; how many answered, of how many.
    pub(super) fn ping_all(&self) -> Result<(usize, usize)> {
        let (mut answered, mut asked) = (0, 0);
        for from in self.alive() {
            for to in self.alive().filter(|to| to.node != from.node) {
                asked += 1;
                answered += usize::from(from.ping(to)?);
            }
        }
        Ok((answered, asked))
    }

    /// Whom each node is connected to, as positions in the order; nobody, for one that is gone.
    pub(super) fn connections(&self) -> Vec<Vec<usize>> {
        let position = |name: String| self.0.iter().position(|member| member.node == name);
        self.0
            .iter()
            .map(|member| {
                if member.is_gone {
                    return Vec::new();
                }
                let mut positions: Vec<_> = member
                    .connected()
                    .into_iter()
                    .filter_map(position)
                    .collect();
                positions.sort_unstable();
                positions
            })
            .collect()
    }

    /// Whether `connections` are each living node's with each other living one, and no others.
    pub(super) fn is_full_mesh(&self, connections: &[Vec<usize>]) -> bool {
        self.0
            .iter()
            .zip(connections)
            .enumerate()
            .all(|(own, (member, connected))| {
                let others = self
                    .0
                    .iter()
                    .enumerate()
                    .filter(|(i, other)| *i != own && !other.is_gone);
                member.is_gone || others.map(|(i, _)| i).eq(connected.iter().copied())
            })
    }

    fn alive(&self) -> impl Iterator<Item = &Member> {
        self.0.iter().filter(|member| !member.is_gone)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A node that answers nothing.
    pub(crate) fn member(node: &str, is_gone: bool) -> Member {
        Member {
            node: node.to_owned(),
            host: "host1 10.99.0.1".to_owned(),
            place: "container orders".to_owned(),
            otp: "25".to_owned(),
            port: "12345 -> 32768".to_owned(),
            ask: Box::new(|_| anyhow::bail!("it only looks like a node")),
            is_gone,
        }
    }

    #[test]
    fn a_mesh_has_all_the_living_and_nobody_else() {
        let cluster = Cluster(vec![
            member("a@h", false),
            member("b@h", true),
            member("c@h", false),
        ]);
        assert!(cluster.is_full_mesh(&[vec![2], vec![], vec![0]]));
        assert!(!cluster.is_full_mesh(&[vec![1, 2], vec![], vec![0]]));
        assert!(!cluster.is_full_mesh(&[vec![2], vec![], vec![]]));
    }

    #[test]
    fn only_the_living_are_asked() {
        let cluster = Cluster(vec![member("a@h", true), member("b@h", false)]);
        assert_eq!(cluster.ping_all().unwrap(), (0, 0));
        assert_eq!(cluster.connections(), [vec![0; 0], vec![]]);
    }
}
