//! Assembling: the node's boot is held until its cluster has consensus, and membership is kept from then on.
//!
//! [`Assembly`] drives the state machine of `beamport-cluster`: it gives it what the VM tells ([`vm`]) and what the
//! sentry leads to ([`enquiry`], [`look_up`]), and does what it asks for. What the VM's own code sees of it is [`publish`]ed.

mod diagnosis;
mod enquiry;
mod http;
mod journal;
mod json;
mod launch;
mod listener;
pub(crate) mod look_up;
mod on_change;
mod options;
pub(crate) mod own_address;
mod picture;
mod prepare;
mod publish;
mod report;
mod ring;
mod virtual_address;
mod vm;
mod words;

use std::num::NonZeroU16;
use std::sync::Arc;

use beamport_cluster::Sentry;
use beamport_cluster::membership::{Action, Config, Event, Membership, Phase, Snapshot};
use beamport_dist::tls::Tls;
use beamport_dist::{Cookie, FullName, node};
use beamport_ring::Otp;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

pub(crate) use launch::{Launch, Launched};
pub(crate) use options::AssembleOptions;
pub(crate) use prepare::{Prepared, prepare};

use crate::host_names::HostNames;
use diagnosis::Diagnosis;
use enquiry::Enquiry;
use listener::Listener;
use look_up::{LookUps, Wanted};
use on_change::OnChange;
use options::Gate;
use picture::Painter;
use ring::ClusterRing;
use vm::{Link, Told, Vm, VmError};

/// Flags that make a VM hold its boot until it has heard of a node that does not exist.
pub(crate) const HOLD: &str =
    "-kernel sync_nodes_mandatory [gate@beamport] sync_nodes_timeout infinity";

/// What has to be known to assemble.
#[derive(Debug)]
struct Settings {
    cookie: Cookie,
    tls: Option<Tls>,
    sentry: Sentry,
    mapper_port: NonZeroU16,
    gate: Gate,
    listener: Option<Listener>,
    on_change: Option<String>,
    membership: Config,
}

/// How assembling has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The others know that the node leaves. Its applications may have started by then.
    Left {
        /// Whether they may have.
        open: bool,
    },
    /// Consensus did not come in time.
    GivenUp,
}

/// Keeps a node in its cluster.
#[derive(Debug)]
pub(crate) struct Assembly {
    membership: Membership,
    enquiry: Enquiry,
    diagnosis: Arc<Diagnosis>,
    /// What the VM did not get to, until it is known why.
    diagnosing: JoinSet<(FullName, String)>,
    vm: Arc<Vm>,
    /// None while the VM's distribution is not there.
    link: Option<Link>,
    /// Makes the link, while there is none.
    linking: JoinSet<Link>,
    /// Whether the applications may start, as far as the VM has been told or will be.
    open: bool,
    began: Instant,
    /// Whether the VM, and who listens, have been told something older than what is known.
    stale: bool,
    /// Shows what is known to those who look from outside.
    painter: Painter,
    /// The ring that the watcher has.
    ring: Option<Arc<ClusterRing>>,
    /// The phase that who listens was told last.
    told: Phase,
    listener: Option<Listener>,
    on_change: Option<OnChange>,
}

impl Assembly {
    async fn new(settings: Settings, host_names: HostNames) -> Result<Self, VmError> {
        let Settings {
            cookie,
            tls,
            sentry,
            mapper_port,
            gate,
            listener,
            on_change,
            membership,
        } = settings;
        let cluster = membership.cluster.clone();
        let config = node::Config {
            mapper_port: mapper_port.get(),
            tls,
            ..node::Config::new(cookie)
        };
        let diagnosis = Diagnosis::new(&membership.me, config.clone()).await?;
        let vm = Arc::new(Vm::new(membership.me.clone(), config).await?);
        let membership = Membership::new(membership, sentry.sources());
        let look_ups = LookUps::new(Wanted::Nodes, host_names, mapper_port, &cluster);
        Ok(Self {
            painter: Painter::new(membership.snapshot(), gate == Gate::Off),
            membership,
            enquiry: Enquiry::new(&sentry, Arc::new(look_ups)),
            diagnosis: Arc::new(diagnosis),
            diagnosing: JoinSet::new(),
            vm,
            link: None,
            linking: JoinSet::new(),
            open: gate != Gate::Boot,
            began: Instant::now(),
            stale: true,
            ring: None,
            told: Phase::Assembling,
            listener,
            on_change: on_change.map(OnChange::start),
        })
    }

    /// Runs until the node has left or given up. It leaves when `leave` completes.
    pub(crate) async fn run(mut self, leave: impl Future<Output = ()>) -> Ending {
        let mut leave = std::pin::pin!(leave);
        let mut leaving = false;
        // Not before: where the VM is launched late, there is nobody to link with until now.
        self.linking.spawn(Arc::clone(&self.vm).link());
        loop {
            if let Some(ending) = self.act().await {
                return ending;
            }
            let wake = self.membership.next_wake().map(|at| self.began + at);
            tokio::select! {
                told = next(self.link.as_mut()) => self.hear(told).await,
                Some(Ok(link)) = self.linking.join_next() => self.link = Some(link),
                Some(event) = self.enquiry.answered() => self.handle(event),
                Some(Ok((peer, reason))) = self.diagnosing.join_next() => {
                    self.handle(Event::DialFailed { peer, reason });
                }
                () = until(wake) => self.handle(Event::Wake),
                () = &mut leave, if !leaving => {
                    leaving = true;
                    self.handle(Event::Leave);
                }
            }
        }
    }

    /// What is known, for those who ask by HTTP.
    pub(crate) fn router(&self) -> axum::Router {
        http::router(self.painter.picture())
    }

    async fn hear(&mut self, told: Told) {
        match told {
            Told::Begun(otp, nodes) => self.begin(otp, &nodes).await,
            Told::Up(node) => self.handle(Event::Up(node)),
            Told::Down(peer, reason) => self.handle(Event::Down { peer, reason }),
            Told::Dialled(peer, false) => {
                let diagnosis = Arc::clone(&self.diagnosis);
                self.diagnosing.spawn(async move {
                    let reason = diagnosis.why(&peer).await;
                    (peer, reason)
                });
            }
            Told::Dialled(node, true) => self.handle(Event::Up(node)),
            Told::Heard(from, message) => self.handle(Event::Heard { from, message }),
            Told::Gone => {
                self.link = None;
                self.linking.spawn(Arc::clone(&self.vm).link());
                self.handle(Event::Stopped);
            }
        }
    }

    /// A watcher has begun, the first one or another: what it knows, and what it has to.
    async fn begin(&mut self, otp: Otp, nodes: &[FullName]) {
        self.painter.learn_release(otp);
        self.ring = None;
        self.handle(Event::Started(nodes.iter().cloned().collect()));
        self.stale = true;
        if self.open
            && let Some(link) = &self.link
        {
            link.open().await;
        }
    }

    fn handle(&mut self, event: Event) {
        tracing::trace!(?event, "membership");
        self.membership.handle(self.began.elapsed(), event);
    }

    /// Does what is to be done, and shows what has come of it.
    async fn act(&mut self) -> Option<Ending> {
        let actions: Vec<Action> = self.membership.actions().collect();
        self.open |= actions.contains(&Action::Open);
        let snapshot = self.membership.snapshot();
        self.painter.paint(snapshot.clone(), self.open);
        let mut ending = None;
        for action in actions {
            match action {
                Action::LookUp(number) => self.enquiry.ask(number),
                Action::Dial(peer) => self.with_link(async |link| link.dial(&peer).await).await,
                Action::Tell(peer, message) => {
                    self.with_link(async |link| link.tell(&peer, &message).await)
                        .await;
                }
                Action::Open => {
                    // What the applications look at first is there before they are.
                    self.publish(&snapshot).await;
                    self.with_link(async |link| link.open().await).await;
                }
                Action::Report => {
                    report::missing(&snapshot);
                    self.painter.note_waiting();
                }
                Action::Notify(change) => {
                    self.stale = true;
                    report::change(&change, &snapshot);
                    self.painter.note(&change);
                }
                Action::GiveUp => {
                    report::given_up(&snapshot);
                    ending = Some(Ending::GivenUp);
                }
                Action::Stop => ending = Some(Ending::Left { open: self.open }),
            }
        }
        if self.stale {
            self.publish(&snapshot).await;
        }
        ending
    }

    /// Lets the VM see what is known, and tells who listens.
    async fn publish(&mut self, snapshot: &Snapshot) {
        let Some(link) = &self.link else {
            return;
        };
        let ring = self.painter.ring();
        if let Some(ring) = &ring
            && !self.ring.as_ref().is_some_and(|had| Arc::ptr_eq(had, ring))
        {
            link.ring(ring.term()).await;
        }
        self.ring = ring;
        link.publish(publish::term(snapshot)).await;
        if let Some(Listener(module)) = &self.listener {
            link.notify(module, [self.told, snapshot.phase]).await;
        }
        let before = std::mem::replace(&mut self.told, snapshot.phase);
        if let Some(command) = &self.on_change {
            command.tell(before, snapshot.clone());
        }
        self.stale = false;
    }

    async fn with_link(&self, ask: impl AsyncFnOnce(&Link)) {
        if let Some(link) = &self.link {
            ask(link).await;
        }
    }
}

/// What the VM tells next; never anything while there is no link. Cancel safe.
async fn next(link: Option<&mut Link>) -> Told {
    match link {
        Some(link) => link.next().await,
        None => std::future::pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
