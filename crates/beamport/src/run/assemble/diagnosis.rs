//! Why the VM does not get to a node.
//!
//! The VM says no more than that it does not. So a node of ours goes the same way, and where that ends is told in the
//! words of `beamport ping`.

use beamport_dist::FullName;
use beamport_dist::node::{Config, Node, StartError};

use crate::client::Explanation;
use crate::client::cookie::Source;

/// Goes the VM's way.
#[derive(Debug)]
pub(super) struct Diagnosis {
    node: Node,
    /// Where the cookie is from.
    cookie: Source,
}

impl Diagnosis {
    /// For the VM of this name.
    pub(super) async fn new(vm: &FullName, config: Config) -> Result<Self, StartError> {
        let name = format!("beamport-probe-{vm}").parse();
        Ok(Self {
            node: Node::start(name.unwrap_or_else(|_| vm.clone()), config).await?,
            cookie: Source::Run(vm.to_string()),
        })
    }

    /// Why there is no connection to a node, in a sentence. It takes as long as a connection may take.
    pub(super) async fn why(&self, peer: &FullName) -> String {
        match self.node.connect(peer).await {
            Ok(()) => {
                self.node.disconnect(peer);
                "the VM could not connect to it, though it takes connections from here: is it of another release, \
                 or busy? The VM's own log may say"
                    .to_owned()
            }
            Err(error) => {
                let own = self.node.name();
                let explanation = Explanation::found_out(&error, peer, own, &self.cookie).await;
                format!("{}; {}", explanation.what, explanation.remedy)
            }
        }
    }
}
