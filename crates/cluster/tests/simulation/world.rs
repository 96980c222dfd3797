//! Nodes, links and name servers that exist in one thread and a virtual time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::LazyLock;
use std::time::Duration;

use beamport_cluster::membership::{Action, Config, Event, Membership, Message, Moment, Phase};
use beamport_cluster::sentry::{Place, Source};
use beamport_dist::FullName;

use crate::chance::Chance;

/// How long a message, or a dial, is under way.
const LATENCY: Duration = Duration::from_millis(2);

/// How long a name server takes.
const LOOKUP: Duration = Duration::from_millis(5);

/// How long it takes until a link is known to be broken whose path is: far less than a tick time.
const SILENCE: Duration = Duration::from_secs(2);

/// How long a dial takes that meets nobody.
const REFUSED: Duration = Duration::from_millis(2);

/// How long a dial takes that is lost.
const LOST: Duration = Duration::from_secs(7);

pub(crate) type Number = usize;

/// What goes on in the world.
pub(crate) struct World {
    pub(crate) now: Moment,
    pub(crate) chance: Chance,
    nodes: BTreeMap<Number, Node>,
    /// Pairs between which there is no path, the lower number first.
    cut: BTreeSet<(Number, Number)>,
    /// Connected pairs, the lower number first.
    links: BTreeSet<(Number, Number)>,
    agenda: BinaryHeap<Reverse<(Moment, u64, Happening)>>,
    count: u64,
    /// The part of dials that is lost, and of look-ups that fail or list only half.
    pub(crate) loss: f64,
    pub(crate) dns_faults: f64,
    consensus: usize,
    /// How many messages were sent and how often name servers were asked, by all nodes together.
    pub(crate) sent: usize,
    pub(crate) lookups: usize,
}

pub(crate) struct Node {
    pub(crate) membership: Membership,
    pub(crate) opened: Option<Moment>,
    pub(crate) stopped: bool,
    /// When it is woken next, to know which wake-ups are out of date.
    wake: Option<Moment>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Wake(Number),
    Listed(Number, Vec<Number>),
    LookupFailed(Number),
    Dialled(Number, Number),
    DialFailed(Number, Number),
    Silent(Number, Number),
    Arrives(Number, Number, Parcel),
}

/// A message on its way; where two arrive at a time, the order in which they were sent decides.
#[derive(Debug)]
struct Parcel(Message);

impl PartialEq for Parcel {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Parcel {}
impl PartialOrd for Parcel {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Parcel {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

/// The names of all nodes there may ever be: to make one takes longer than most of what happens to it.
static NAMES: LazyLock<Vec<FullName>> = LazyLock::new(|| {
    let names = (0..1000).map(|number| format!("node{number:04}@10.0.0.1"));
    names.map(|name| name.parse().unwrap()).collect()
});

pub(crate) fn name(number: Number) -> FullName {
    NAMES[number].clone()
}

fn number(name: &FullName) -> Number {
    name.name()["node".len()..].parse().unwrap()
}

fn pair(a: Number, b: Number) -> (Number, Number) {
    (a.min(b), a.max(b))
}

impl World {
    pub(crate) fn new(seed: u64, consensus: usize) -> Self {
        Self {
            now: Moment::ZERO,
            chance: Chance::new(seed),
            nodes: BTreeMap::new(),
            cut: BTreeSet::new(),
            links: BTreeSet::new(),
            agenda: BinaryHeap::new(),
            count: 0,
            loss: 0.0,
            dns_faults: 0.0,
            consensus,
            sent: 0,
            lookups: 0,
        }
    }

    /// Starts a node, which begins to count its own time now.
    pub(crate) fn start(&mut self, number: Number) {
        let place = Place {
            host: "app.local".into(),
            port: None,
        };
        let config = Config {
            seed: self.chance.number(),
            patience: None,
            ..Config::new(name(number), self.consensus)
        };
        let mut membership = Membership::new(config, &[Source::Dns(place)]);
        membership.handle(self.now, Event::Started(BTreeSet::new()));
        let node = Node {
            membership,
            opened: None,
            stopped: false,
            wake: None,
        };
        self.nodes.insert(number, node);
        self.act(number);
    }

    /// A node is killed.
    pub(crate) fn kill(&mut self, number: Number) {
        self.nodes.remove(&number);
        let broken: Vec<_> = self
            .links
            .iter()
            .copied()
            .filter(|(a, b)| *a == number || *b == number)
            .collect();
        for (a, b) in broken {
            self.links.remove(&(a, b));
            let other = if a == number { b } else { a };
            self.tell_down(other, number, "connection_closed");
        }
    }

    /// A node is asked to stop.
    pub(crate) fn leave(&mut self, number: Number) {
        self.happen(number, Event::Leave);
    }

    /// The path between two nodes is cut, or mended.
    pub(crate) fn cut(&mut self, a: Number, b: Number) {
        self.cut.insert(pair(a, b));
        if self.links.contains(&pair(a, b)) {
            self.schedule(SILENCE, Happening::Silent(a, b));
        }
    }

    pub(crate) fn mend(&mut self, a: Number, b: Number) {
        self.cut.remove(&pair(a, b));
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = (Number, &Node)> {
        self.nodes.iter().map(|(number, node)| (*number, node))
    }

    pub(crate) fn numbers(&self) -> Vec<Number> {
        self.nodes.keys().copied().collect()
    }

    pub(crate) fn node(&self, number: Number) -> &Node {
        &self.nodes[&number]
    }

    /// Lets so much time pass.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(Reverse((at, ..))) = self.agenda.peek()
            && *at <= until
        {
            let Some(Reverse((at, _, happening))) = self.agenda.pop() else {
                break;
            };
            self.now = at;
            self.occur(happening);
        }
        self.now = until;
    }

    /// Lets time pass until something holds, and gives how long that took.
    pub(crate) fn pass_until(
        &mut self,
        what: &str,
        most: Duration,
        holds: impl Fn(&Self) -> bool,
    ) -> Duration {
        let begun = self.now;
        while !holds(self) {
            assert!(
                self.now - begun < most,
                "in vain for {most:?}: {what}\n{}",
                self.picture()
            );
            self.pass(Duration::from_millis(20));
        }
        self.now - begun
    }

    /// Whether every node knows the truth: its members are those who run and whom it can reach.
    pub(crate) fn is_converged(&self) -> bool {
        self.running().all(|(number, node)| {
            let is_reached =
                |other: &Number| *other == number || !self.cut.contains(&pair(number, *other));
            let reached = self.nodes.keys().filter(|other| is_reached(other));
            // Counting takes less time than comparing, and is enough to tell that they differ.
            node.membership.members() == reached.clone().count() && {
                let snapshot = node.membership.snapshot();
                let members = snapshot
                    .members
                    .iter()
                    .map(|member| self::number(&member.name));
                members.collect::<BTreeSet<_>>() == reached.copied().collect()
            }
        })
    }

    fn picture(&self) -> String {
        let lines = self.running().take(20).map(|(number, node)| {
            let snapshot = node.membership.snapshot();
            format!(
                "{number}: {} with {} members, absent {:?}\n",
                snapshot.phase,
                snapshot.members.len(),
                snapshot.absent.iter().take(3).collect::<Vec<_>>()
            )
        });
        lines.collect()
    }

    fn occur(&mut self, happening: Happening) {
        match happening {
            Happening::Wake(node) => {
                let due = self.nodes.get(&node).and_then(|n| n.wake);
                if due.is_some_and(|at| at <= self.now) {
                    self.happen(node, Event::Wake);
                }
            }
            Happening::Listed(node, nodes) => {
                let nodes = nodes.into_iter().map(name).collect();
                self.happen(
                    node,
                    Event::Listed {
                        source: 0,
                        nodes,
                        fresh_for: None,
                    },
                );
            }
            Happening::LookupFailed(node) => {
                let reason = "SERVFAIL".to_owned();
                self.happen(node, Event::LookupFailed { source: 0, reason });
            }
            Happening::Dialled(a, b) => self.connect(a, b),
            Happening::DialFailed(a, b) => {
                let (peer, reason) = (name(b), "no answer".to_owned());
                self.happen(a, Event::DialFailed { peer, reason });
            }
            Happening::Silent(a, b) => {
                if self.cut.contains(&pair(a, b)) && self.links.remove(&pair(a, b)) {
                    self.tell_down(a, b, "net_tick_timeout");
                    self.tell_down(b, a, "net_tick_timeout");
                }
            }
            Happening::Arrives(to, from, Parcel(message)) => {
                if self.links.contains(&pair(to, from)) {
                    let from = name(from);
                    self.happen(to, Event::Heard { from, message });
                }
            }
        }
    }

    fn connect(&mut self, a: Number, b: Number) {
        if !self.nodes.contains_key(&a) {
            return;
        }
        if !self.nodes.contains_key(&b) {
            let (peer, reason) = (name(b), "not registered".to_owned());
            self.happen(a, Event::DialFailed { peer, reason });
            return;
        }
        if self.links.insert(pair(a, b)) {
            self.happen(b, Event::Up(name(a)));
        }
        self.happen(a, Event::Up(name(b)));
    }

    fn tell_down(&mut self, node: Number, peer: Number, reason: &str) {
        let (peer, reason) = (name(peer), reason.to_owned());
        self.happen(node, Event::Down { peer, reason });
    }

    fn happen(&mut self, number: Number, event: Event) {
        if let Some(node) = self.nodes.get_mut(&number) {
            node.membership.handle(self.now, event);
            self.act(number);
        }
    }

    fn act(&mut self, number: Number) {
        let Some(node) = self.nodes.get_mut(&number) else {
            return;
        };
        let actions: Vec<Action> = node.membership.actions().collect();
        for action in actions {
            self.do_one(number, action);
        }
        let Some(node) = self.nodes.get_mut(&number) else {
            return;
        };
        assert!(
            node.membership.phase() != Phase::Ready || node.membership.members() >= self.consensus,
            "{number} is ready with too few"
        );
        let wake = node.membership.next_wake();
        if wake != node.wake {
            node.wake = wake;
            if let Some(at) = wake {
                self.schedule(at.saturating_sub(self.now), Happening::Wake(number));
            }
        }
    }

    fn do_one(&mut self, number: Number, action: Action) {
        let now = self.now;
        let Some(node) = self.nodes.get_mut(&number) else {
            return;
        };
        match action {
            Action::LookUp(_) => {
                self.lookups += 1;
                let happening = match self.chance.below(self.dns_faults) {
                    true if self.chance.below(0.5) => Happening::LookupFailed(number),
                    faulty => {
                        let all = self.numbers();
                        let listed = all
                            .into_iter()
                            .filter(|_| !faulty || self.chance.below(0.5));
                        Happening::Listed(number, listed.collect())
                    }
                };
                self.schedule(LOOKUP, happening);
            }
            Action::Dial(peer) => {
                let peer = self::number(&peer);
                let lost = self.cut.contains(&pair(number, peer)) || self.chance.below(self.loss);
                let (after, happening) = match (lost, self.nodes.contains_key(&peer)) {
                    (true, _) => (LOST, Happening::DialFailed(number, peer)),
                    (false, true) => (LATENCY * 3, Happening::Dialled(number, peer)),
                    (false, false) => (REFUSED, Happening::DialFailed(number, peer)),
                };
                self.schedule(after, happening);
            }
            Action::Tell(peer, message) => {
                self.sent += 1;
                let to = self::number(&peer);
                self.schedule(LATENCY, Happening::Arrives(to, number, Parcel(message)));
            }
            Action::Open => {
                assert_eq!(node.opened, None, "opened twice");
                node.opened = Some(now);
            }
            Action::Stop => {
                node.stopped = true;
                self.kill(number);
            }
            Action::GiveUp => panic!("{number} gave up"),
            Action::Report | Action::Notify(_) => {}
        }
    }

    fn schedule(&mut self, after: Duration, happening: Happening) {
        self.count += 1;
        self.agenda
            .push(Reverse((self.now + after, self.count, happening)));
    }
}
