//! The cluster, as PID 1 sees it: something to be left before the VM is told to end, and that may end the VM.

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::assemble::{Assembly, Ending};

/// A task that keeps the node in its cluster.
#[derive(Debug)]
pub(super) struct Cluster {
    leave: Option<oneshot::Sender<()>>,
    assembly: JoinHandle<Ending>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.assembly.abort();
    }
}

impl Cluster {
    pub(super) fn start(assembly: Assembly) -> Self {
        let (leave, left) = oneshot::channel();
        let leaving = async move {
            if left.await.is_err() {
                std::future::pending().await
            }
        };
        Self {
            leave: Some(leave),
            assembly: tokio::spawn(assembly.run(leaving)),
        }
    }

    /// Has the others told that this node leaves; false if that was asked for before.
    pub(super) fn leave(&mut self) -> bool {
        self.leave
            .take()
            .is_some_and(|leave| leave.send(()).is_ok())
    }

    /// Completes when the node has left its cluster, or is to end. Cancel safe; not to be called again afterwards.
    pub(super) async fn ended(&mut self) -> Option<Ending> {
        (&mut self.assembly).await.ok()
    }
}
