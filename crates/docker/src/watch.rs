//! A live view of Docker's containers, and the thread behind it.
//!
//! The thread connects, and again when the connection ends. While Docker does not answer, containers whose first
//! process is seen to end are dropped all the same. What goes on while it does answer is [`Session`]'s matter.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tracing::{info, warn};

use crate::api;
use crate::endpoint::{Endpoint, Resolve};
use crate::inventory::Inventory;
use crate::ledger::Ledger;
use crate::session::Session;

/// The pause before connecting again, doubling from the first to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// How often first processes are looked at while Docker does not answer.
const LOOK: Duration = Duration::from_millis(250);

/// What is known of Docker, and from it.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Whether Docker answers.
    pub status: Status,
    /// The containers: as they are or, while Docker does not answer, as they were less those seen to end since.
    pub inventory: Arc<Inventory>,
}

/// Whether Docker answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Status {
    /// It has not answered yet.
    #[default]
    Connecting,
    /// It answers, and tells of changes as they happen.
    Connected,
    /// It does not answer, for this reason.
    Unreachable(Arc<str>),
}

/// A live view of Docker's containers. The thread behind it ends with the last clone.
#[derive(Debug, Clone)]
pub struct Watch {
    snapshots: watch::Receiver<Snapshot>,
    wishes: mpsc::Sender<()>,
}

impl Watch {
    /// Starts watching, on a thread of its own: to read a long listing takes milliseconds, for which nothing else
    /// is to wait.
    ///
    /// Where the endpoint has a host name, `resolve` looks it up for each connection.
    pub fn start(endpoint: Endpoint, resolve: impl Resolve) -> io::Result<Self> {
        let (snapshots, seen) = watch::channel(Snapshot::default());
        let (wishes, wished) = mpsc::channel(1);
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        thread::Builder::new()
            .name("docker".to_owned())
            .spawn(move || runtime.block_on(keep_watch(endpoint, resolve, snapshots, wished)))?;
        Ok(Self {
            snapshots: seen,
            wishes,
        })
    }

    /// What is known now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshots.borrow().clone()
    }

    /// Waits until something changed since the last call, or since this clone was made. Cancel safe.
    pub async fn changed(&mut self) -> Snapshot {
        if self.snapshots.changed().await.is_err() {
            // The thread ends before its watchers only if it panics.
            std::future::pending::<Infallible>().await;
        }
        self.snapshots.borrow_and_update().clone()
    }

    /// Asks for a listing ahead of time. Wishes that come close together are granted by one.
    pub fn refresh(&self) {
        // A wish that finds no room finds another that is as good.
        let _ = self.wishes.try_send(());
    }
}

async fn keep_watch(
    endpoint: Endpoint,
    resolve: impl Resolve,
    snapshots: watch::Sender<Snapshot>,
    mut wished: mpsc::Receiver<()>,
) {
    let mut ledger = Ledger::default();
    let mut pause = FIRST_PAUSE;
    loop {
        let session = async {
            let docker = api::connect(&endpoint, &resolve).await?;
            Session::new(docker, &mut ledger, &snapshots)
                .follow(&mut wished)
                .await
        };
        let error = tokio::select! {
            ended = session => match ended {
                Ok(never) => match never {},
                Err(error) => error,
            },
            () = snapshots.closed() => return,
        };

        if snapshots.borrow().status == Status::Connected {
            pause = FIRST_PAUSE;
        }
        report_unreachable(&endpoint, &error, &snapshots);
        tokio::select! {
            never = look_after_processes(&mut ledger, &snapshots) => match never {},
            () = sleep(pause) => {}
            () = snapshots.closed() => return,
        }
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

fn report_unreachable(
    endpoint: &Endpoint,
    error: &api::Error,
    snapshots: &watch::Sender<Snapshot>,
) {
    let status = Status::Unreachable(error.to_string().into());
    snapshots.send_if_modified(|snapshot| {
        if snapshot.status == status {
            return false;
        }
        if !matches!(snapshot.status, Status::Unreachable(_)) {
            warn!(docker = %endpoint, %error, "Docker does not answer; trying until it does");
        }
        snapshot.status = status;
        true
    });
}

/// Drops containers as their first processes end.
async fn look_after_processes(
    ledger: &mut Ledger,
    snapshots: &watch::Sender<Snapshot>,
) -> Infallible {
    loop {
        if ledger.drop_seen_dead() {
            info!("containers ended while Docker does not answer");
            let inventory = Arc::new(ledger.inventory());
            snapshots.send_modify(|snapshot| snapshot.inventory = inventory);
        }
        sleep(LOOK).await;
    }
}
