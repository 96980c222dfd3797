//! `--gate launch`: the VM is started when enough others are about to start theirs.
//!
//! Some VMs start their distribution long after themselves, RabbitMQ's for one, so that their boot cannot be held until
//! they are connected. What can be known before there are VMs is which entrypoints are there ([`entry`]). Waiting for
//! them is membership of another kind: who is registered counts as connected, and who is connected as a member, be it
//! an entrypoint that waits too or a node that has been running for a year.

mod entry;

use std::sync::Arc;
use std::time::Duration;

use beamport_cluster::Sentry;
use beamport_cluster::membership::{Action, Change, Config, Event, Membership};
use beamport_dist::FullName;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

pub(crate) use entry::Entry;

use super::enquiry::Enquiry;
use super::look_up::LookUps;
use super::{report, until};

/// The pause before it is looked again whether an entrypoint is still there.
const CHECK: Duration = Duration::from_secs(1);

/// How waiting has ended.
#[derive(Debug)]
pub(crate) enum Launched {
    /// It is time to start the VM. Who comes later is to find the entry, so keep it as long as the node runs.
    Go(Entry),
    /// There were not enough in time.
    GivenUp,
}

/// Waits for others, before there is a VM.
#[derive(Debug)]
pub(crate) struct Launch {
    /// To which being registered is being connected.
    membership: Membership,
    enquiry: Enquiry,
    look_ups: Arc<LookUps>,
    seeking: JoinSet<(FullName, Result<(), String>)>,
    entry: Entry,
    began: Instant,
}

impl Launch {
    pub(super) fn new(config: Config, sentry: &Sentry, look_ups: LookUps, entry: Entry) -> Self {
        let mut membership = Membership::new(config, sentry.sources());
        membership.handle(Duration::ZERO, Event::Started([].into()));
        let look_ups = Arc::new(look_ups);
        Self {
            membership,
            enquiry: Enquiry::new(sentry, Arc::clone(&look_ups)),
            look_ups,
            seeking: JoinSet::new(),
            entry,
            began: Instant::now(),
        }
    }

    /// Waits. It takes as long as the consensus timeout says, and for ever where that is 0.
    pub(crate) async fn run(mut self) -> Launched {
        loop {
            let actions: Vec<Action> = self.membership.actions().collect();
            for action in actions {
                match action {
                    Action::LookUp(number) => self.enquiry.ask(number),
                    Action::Dial(peer) => self.seek(peer, Duration::ZERO),
                    Action::Report => report::missing(&self.membership.snapshot()),
                    Action::Notify(change) => self.notify(&change),
                    Action::Open => {
                        let snapshot = self.membership.snapshot();
                        let (have, want) = (snapshot.members.len(), snapshot.consensus);
                        tracing::info!(have, want, "the VM is started");
                        return Launched::Go(self.entry);
                    }
                    Action::GiveUp => {
                        report::given_up(&self.membership.snapshot());
                        return Launched::GivenUp;
                    }
                    // Entrypoints have nothing to tell one another, and do not leave.
                    Action::Tell(..) | Action::Stop => {}
                }
            }
            let wake = self.membership.next_wake().map(|at| self.began + at);
            tokio::select! {
                Some(event) = self.enquiry.answered() => self.handle(event),
                Some(Ok((peer, outcome))) = self.seeking.join_next() => self.sought(peer, outcome),
                () = until(wake) => self.handle(Event::Wake),
            }
        }
    }

    /// Looks for an entrypoint, or a node, after a while.
    fn seek(&mut self, peer: FullName, after: Duration) {
        let look_ups = Arc::clone(&self.look_ups);
        self.seeking.spawn(async move {
            sleep(after).await;
            let outcome = look_ups.find(&peer).await;
            (peer, outcome)
        });
    }

    /// What is there is looked for again, since nobody tells when it goes.
    fn sought(&mut self, peer: FullName, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => {
                self.seek(peer.clone(), CHECK);
                self.handle(Event::Up(peer));
            }
            Err(reason) if self.is_there(&peer) => self.handle(Event::Down { peer, reason }),
            Err(reason) => self.handle(Event::DialFailed { peer, reason }),
        }
    }

    fn is_there(&self, peer: &FullName) -> bool {
        let snapshot = self.membership.snapshot();
        snapshot.members.iter().any(|member| member.name == *peer)
    }

    fn handle(&mut self, event: Event) {
        self.membership.handle(self.began.elapsed(), event);
    }

    fn notify(&self, change: &Change) {
        let snapshot = self.membership.snapshot();
        let (have, want) = (snapshot.members.len(), snapshot.consensus);
        match change {
            Change::Joined(node) => {
                tracing::info!(%node, have, want, "a node is about to start, or runs")
            }
            Change::Left(node) => {
                tracing::info!(%node, have, want, "a node is not about to start any more")
            }
            Change::Source(_) => report::change(change, &snapshot),
            // Of entrypoints nobody leads, and they have no phase but this one.
            Change::Phase(..) | Change::Leader(_) | Change::Problems => {}
        }
    }
}
