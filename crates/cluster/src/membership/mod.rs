//! Who is connected, whether they are enough, who leads.
//!
//! [`Membership`] is one node's picture of its cluster. It takes [`Event`]s, each with the moment it happens at, and
//! gives [`Action`]s to be done and the moment at which it wants to be woken if nothing happens before. It keeps no
//! clock, no socket and no task:
//!
//! ```
//! use beamport_cluster::membership::{Action, Config, Event, Membership, Phase};
//! use std::time::Duration;
//!
//! let mut membership = Membership::new(Config::new("a@host".parse()?, 2), &[]);
//! let now = Duration::ZERO;
//! membership.handle(now, Event::Up("b@host".parse()?));
//! membership.handle(now, Event::Heard { from: "b@host".parse()?, message: membership.hello() });
//! assert!(membership.actions().any(|action| action == Action::Open));
//! assert_eq!(membership.phase(), Phase::Ready);
//! # Ok::<(), beamport_dist::name::NameError>(())
//! ```
//!
//! # Who is a member
//!
//! This node, unless it leaves; and every connected node that belongs to the cluster and does not leave. A node
//! belongs that the sentry lists or that says so itself ([`View::cluster`]); one that names another cluster does not,
//! whoever lists it. Members that are connected with one another therefore have the same set, and what follows from
//! it alone is the same for all: the leader, which is the first of them, and the ring.
//!
//! # What members tell one another
//!
//! Each tells the others its [`View`] when they connect and when it changes, not more often than every few hundred
//! milliseconds. A view has no list of links but a digest of it: only where digests stay different are lists asked
//! for, so that what a node sends grows with the number of members and not with its square.

mod backoff;
mod config;
mod dial;
mod members;
mod message;
mod peer;
mod phase;
mod poll;
mod reachability;
mod snapshot;
mod tell;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use beamport_dist::FullName;

pub use config::{Config, OnTimeout};
pub use members::Digest;
pub use message::{Message, View};
pub use phase::Phase;
pub use snapshot::{Absence, Member, Problem, Snapshot, Why};

use backoff::Jitter;
use dial::Dials;
use members::Members;
use peer::Peer;
use poll::Source;

/// Time since a beginning that stays the same.
pub type Moment = Duration;

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The node's distribution runs, and these nodes are connected. Until then nobody is dialled; it may come again.
    Started(BTreeSet<FullName>),
    /// The node's distribution has ended, and with it all connections.
    Stopped,
    /// A source of the sentry, by its number, lists these nodes; how long that is good for, if it says so.
    Listed {
        /// The number of the source.
        source: usize,
        /// All that it lists.
        nodes: BTreeSet<FullName>,
        /// Its time to live.
        fresh_for: Option<Duration>,
    },
    /// A source could not be asked. What it said last stays.
    LookupFailed {
        /// The number of the source.
        source: usize,
        /// Why, for people.
        reason: String,
    },
    /// A node is connected, whoever dialled.
    Up(FullName),
    /// A node is connected no longer.
    Down {
        /// The node.
        peer: FullName,
        /// Why, for people.
        reason: String,
    },
    /// A [`Action::Dial`] came to nothing.
    DialFailed {
        /// The node.
        peer: FullName,
        /// Why, for people.
        reason: String,
    },
    /// A member of this cluster, or of another, has told something.
    Heard {
        /// Who.
        from: FullName,
        /// What.
        message: Message,
    },
    /// This node is about to stop.
    Leave,
    /// Time has passed.
    Wake,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Ask a source of the sentry, by its number: [`Event::Listed`] or [`Event::LookupFailed`] is to follow.
    LookUp(usize),
    /// Connect to a node: [`Event::Up`] or [`Event::DialFailed`] is to follow.
    Dial(FullName),
    /// Tell a member something; what does not reach it is lost.
    Tell(FullName, Message),
    /// Let the applications start.
    Open,
    /// Consensus did not come in time, and that ends the node.
    GiveUp,
    /// The others know that this node leaves: it may stop.
    Stop,
    /// It is time to say who is missed, and why.
    Report,
    /// Something that others want to know.
    Notify(Change),
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The phase of this node.
    Phase(Phase, Phase),
    /// A member has come.
    Joined(FullName),
    /// A member has gone, or leaves.
    Left(FullName),
    /// The leader; none while this node leaves alone.
    Leader(Option<FullName>),
    /// What is wrong with the links among members.
    Problems,
    /// A source of the sentry, by its number, has ceased to answer or does so again.
    Source(usize),
}

/// One node's picture of its cluster.
#[derive(Debug)]
pub struct Membership {
    config: Config,
    phase: Phase,
    sources: Vec<Source>,
    /// Whether the node's distribution runs.
    online: bool,
    peers: BTreeMap<FullName, Peer>,
    dials: Dials,
    members: Members,
    leader: Option<FullName>,
    problems: BTreeSet<Problem>,
    timetable: Timetable,
    jitter: Jitter,
    actions: VecDeque<Action>,
}

/// What is due when, beside what each peer and each source waits for.
#[derive(Debug, Default)]
struct Timetable {
    /// Consensus is given up.
    timeout: Option<Moment>,
    /// Who is missed is said again; and after which pause the next time.
    report: Option<(Moment, Duration)>,
    /// Members are told what has changed.
    tell: Option<Moment>,
    /// Members' links are compared.
    compare: Option<Moment>,
    /// Leaving is waited for no longer.
    stop: Option<Moment>,
}

/// The first pause between reports of who is missed; it doubles.
const FIRST_REPORT: Duration = Duration::from_secs(2);

/// The longest pause between them.
const LAST_REPORT: Duration = Duration::from_secs(60);

impl Membership {
    /// A node that begins to assemble, at the moment zero. The sources are numbered as they come.
    pub fn new(config: Config, sources: &[crate::sentry::Source]) -> Self {
        let mut membership = Self {
            phase: Phase::Assembling,
            sources: Vec::new(),
            online: false,
            peers: BTreeMap::new(),
            dials: Dials::default(),
            members: Members::of(&config.me, &config.place),
            leader: Some(config.me.clone()),
            problems: BTreeSet::new(),
            timetable: Timetable {
                timeout: config.patience,
                report: Some((FIRST_REPORT, FIRST_REPORT)),
                ..Timetable::default()
            },
            jitter: Jitter::new(config.seed),
            actions: VecDeque::new(),
            config,
        };
        for (number, source) in sources.iter().enumerate() {
            membership.sources.push(Source::new(source));
            if let crate::sentry::Source::Nodes(nodes) = source {
                membership.list(Moment::ZERO, number, nodes.iter().cloned().collect());
            }
        }
        membership.review(Moment::ZERO);
        membership
    }

    /// Takes in what has happened.
    pub fn handle(&mut self, now: Moment, event: Event) {
        match event {
            Event::Started(connected) => self.started(now, connected),
            Event::Stopped => self.stopped(now),
            Event::Listed {
                source,
                nodes,
                fresh_for,
            } => self.listed(now, source, nodes, fresh_for),
            Event::LookupFailed { source, reason } => self.lookup_failed(now, source, reason),
            Event::Up(peer) => self.up(now, peer),
            Event::Down { peer, reason } => self.down(now, &peer, reason),
            Event::DialFailed { peer, reason } => self.dial_failed(now, &peer, reason),
            Event::Heard { from, message } => self.heard(now, from, message),
            Event::Leave => self.leave(now),
            Event::Wake => {}
        }
        self.review(now);
    }

    /// What is to be done, in order. Each is given once.
    pub fn actions(&mut self) -> impl Iterator<Item = Action> {
        self.actions.drain(..)
    }

    /// When to [wake](Event::Wake) this, if nothing happens before; never, if it waits for events only.
    pub fn next_wake(&self) -> Option<Moment> {
        let timetable = [
            self.timetable.timeout,
            self.timetable.report.map(|(at, _)| at),
            self.timetable.tell,
            self.timetable.compare,
            self.timetable.stop,
        ];
        let dials = self.next_dial();
        let polls = self.sources.iter().filter_map(Source::next);
        timetable
            .into_iter()
            .flatten()
            .chain(dials)
            .chain(polls)
            .min()
    }

    /// Where this node stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// What is due is done, and what follows from all that is known.
    fn review(&mut self, now: Moment) {
        if self.phase == Phase::Gone {
            return;
        }
        self.conclude(now);
        self.poll(now);
        self.dial(now);
        self.tell_if_due(now);
        self.compare_if_due(now);
        self.report_if_due(now);
        self.stop_if_told(now);
    }

    /// Sets the phase by the number of members.
    fn conclude(&mut self, now: Moment) {
        let enough = self.members.len() >= self.config.consensus;
        match self.phase {
            Phase::Assembling if enough => {
                self.enter(now, Phase::Ready);
                self.push(Action::Open);
            }
            Phase::Assembling if due(self.timetable.timeout, now) => {
                self.timetable.timeout = None;
                match self.config.on_timeout {
                    OnTimeout::Exit => self.push(Action::GiveUp),
                    OnTimeout::Open => {
                        self.enter(now, Phase::Degraded);
                        self.push(Action::Open);
                    }
                }
            }
            Phase::Ready if !enough => self.enter(now, Phase::Degraded),
            Phase::Degraded if enough => self.enter(now, Phase::Ready),
            _ => {}
        }
    }

    fn enter(&mut self, now: Moment, phase: Phase) {
        let before = std::mem::replace(&mut self.phase, phase);
        self.timetable.timeout = None;
        self.timetable.report = match phase {
            Phase::Degraded => Some((now + FIRST_REPORT, FIRST_REPORT)),
            _ => None,
        };
        self.hurry_polls(now);
        self.tell_soon(now);
        self.push(Action::Notify(Change::Phase(before, phase)));
    }

    fn report_if_due(&mut self, now: Moment) {
        let Some((at, pause)) = self.timetable.report else {
            return;
        };
        if at <= now {
            let pause = (pause * 2).min(LAST_REPORT);
            self.timetable.report = Some((now + pause, pause));
            self.push(Action::Report);
        }
    }

    /// What is known of a peer has changed: it may be a member now, or no longer, and is to be dialled or not.
    fn reconsider(&mut self, now: Moment, name: &FullName) {
        self.plan(name);
        let place = self
            .peers
            .get(name)
            .filter(|peer| peer.is_member(&self.config.cluster))
            .map(|peer| peer.place(name).to_owned());
        let change = match place {
            Some(place) => self
                .members
                .insert(name, &place)
                .then(|| Change::Joined(name.clone())),
            None => self
                .members
                .remove(name)
                .then(|| Change::Left(name.clone())),
        };
        if let Some(change) = change {
            self.push(Action::Notify(change));
            self.members_changed(now);
        }
    }

    fn members_changed(&mut self, now: Moment) {
        let leader = self.members.first().cloned();
        if leader != self.leader {
            self.leader.clone_from(&leader);
            self.push(Action::Notify(Change::Leader(leader)));
        }
        self.tell_later(now);
        self.compare_later(now);
    }

    fn push(&mut self, action: Action) {
        self.actions.push_back(action);
    }
}

fn due(at: Option<Moment>, now: Moment) -> bool {
    at.is_some_and(|at| at <= now)
}
