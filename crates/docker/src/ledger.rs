//! Which containers there are, kept up to date from three sources that overtake one another: events, listings
//! and inspections. No I/O but a look at `/proc`.
//!
//! An answer tells how things were when Docker wrote it, and an event may have come in since. So what an event
//! says about a container stands against a listing that was asked for before it, and an inspection counts only
//! with the last [`Ticket`] that was given out for the container.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::container::{Container, ContainerId};
use crate::inventory::Inventory;

/// How many stopped containers are remembered, to say "it is stopped" instead of "there is none".
const STOPPED: usize = 256;

/// The right to report one inspection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) id: ContainerId,
    number: u64,
}

/// What a listing brought to light.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Containers to be inspected, since a listing does not tell all.
    pub(crate) to_inspect: Vec<ContainerId>,
    /// Whether it shows changes that no event told of.
    pub(crate) surprising: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    running: BTreeMap<ContainerId, Entry>,
    stopped: Vec<Arc<Container>>,
    tickets: HashMap<ContainerId, u64>,
    tickets_given: u64,
    /// Containers that an event told of since the last listing was asked for.
    touched: HashSet<ContainerId>,
    runs: u64,
}

#[derive(Debug)]
struct Entry {
    container: Arc<Container>,
    inspected: bool,
}

impl Ledger {
    /// A listing is being asked for.
    pub(crate) fn listing_begins(&mut self) {
        self.touched.clear();
    }

    /// Takes a listing of all containers, running or not, the latest first.
    pub(crate) fn listed(&mut self, listing: Vec<Container>) -> Findings {
        let mut findings = Findings::default();
        let (running, stopped): (Vec<_>, Vec<_>) = listing.into_iter().partition(|c| c.running);
        let listed: HashSet<ContainerId> = running.iter().map(|c| c.id.clone()).collect();
        let missing: Vec<_> = self
            .running
            .keys()
            .filter(|id| !listed.contains(*id) && !self.touched.contains(*id))
            .cloned()
            .collect();
        findings.surprising = !missing.is_empty();
        for id in missing {
            self.running.remove(&id);
        }
        self.stopped = stopped.into_iter().take(STOPPED).map(Arc::new).collect();

        for container in running.into_iter().rev() {
            if self.touched.contains(&container.id) {
                continue;
            }
            let id = container.id.clone();
            findings.surprising |= self.take_listed(container);
            if self.running.get(&id).is_some_and(|entry| !entry.inspected) {
                findings.to_inspect.push(id);
            }
        }
        findings
    }

    /// Gives out the right to report an inspection of a container, which ends any given out before.
    pub(crate) fn ticket(&mut self, id: &ContainerId) -> Ticket {
        self.tickets_given += 1;
        self.tickets.insert(id.clone(), self.tickets_given);
        Ticket {
            id: id.clone(),
            number: self.tickets_given,
        }
    }

    /// Takes an inspection; none says that there is no such container.
    pub(crate) fn inspected(&mut self, ticket: &Ticket, inspection: Option<Container>) {
        if self.tickets.get(&ticket.id) != Some(&ticket.number) {
            return;
        }
        self.tickets.remove(&ticket.id);
        match inspection {
            Some(container) if container.running => self.take_inspected(container),
            _ => self.stop(&ticket.id),
        }
    }

    /// An event says that the container runs now, or that something about it changed: it is to be inspected.
    pub(crate) fn changed(&mut self, id: &ContainerId) {
        self.touched.insert(id.clone());
    }

    /// An event says that the container's first process ended.
    pub(crate) fn died(&mut self, id: &ContainerId) {
        self.touched.insert(id.clone());
        self.tickets.remove(id);
        self.stop(id);
    }

    /// Drops the containers whose first process is seen to be gone; whether there were any.
    pub(crate) fn drop_seen_dead(&mut self) -> bool {
        let dead: Vec<_> = self
            .running
            .iter()
            .filter(|(_, entry)| entry.container.is_seen_dead())
            .map(|(id, _)| id.clone())
            .collect();
        for id in &dead {
            self.stop(id);
        }
        !dead.is_empty()
    }

    /// The state of things, indexed.
    pub(crate) fn inventory(&self) -> Inventory {
        let mut running: Vec<_> = self
            .running
            .values()
            .map(|entry| Arc::clone(&entry.container))
            .collect();
        running.sort_by_key(|container| container.run);
        Inventory::new(&running, self.stopped.clone())
    }

    /// Takes a container from a listing; whether that is news.
    fn take_listed(&mut self, mut container: Container) -> bool {
        let known = self.running.get(&container.id).map(|e| &e.container);
        if known.is_some_and(|known| says_the_same(known, &container)) {
            return false;
        }
        container.run = match known {
            Some(known) if is_same_run(known, &container) => known.run,
            _ => self.next_run(),
        };
        self.insert(container, false);
        true
    }

    fn take_inspected(&mut self, mut container: Container) {
        container.run = match self.running.get(&container.id) {
            Some(entry) if is_same_run(&entry.container, &container) => entry.container.run,
            _ => self.next_run(),
        };
        self.insert(container, true);
    }

    fn insert(&mut self, container: Container, inspected: bool) {
        self.stopped.retain(|stopped| stopped.id != container.id);
        let container = Arc::new(container);
        self.running.insert(
            container.id.clone(),
            Entry {
                container,
                inspected,
            },
        );
    }

    fn stop(&mut self, id: &ContainerId) {
        if let Some(entry) = self.running.remove(id) {
            self.stopped.insert(0, entry.container);
            self.stopped.truncate(STOPPED);
        }
    }

    fn next_run(&mut self) -> u64 {
        self.runs += 1;
        self.runs
    }
}

/// Whether a listing has nothing to add to what is known. Exposed ports do not count: Podman's listings leave
/// them out.
fn says_the_same(known: &Container, listed: &Container) -> bool {
    known.name == listed.name
        && known.addresses == listed.addresses
        && known.published().eq(listed.published())
}

/// Whether a container that was looked at twice may still be the same processes. A restart that no event told
/// of shows in the first process or, where that is not seen, in the published ports.
fn is_same_run(known: &Container, now: &Container) -> bool {
    match &known.process {
        Some(process) => process.is_alive(),
        None => known.published().eq(now.published()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::container::Port;

    pub(crate) fn container(digit: char, name: &str) -> Container {
        Container {
            id: ContainerId::new(&digit.to_string().repeat(64)),
            name: name.into(),
            labels: BTreeMap::new(),
            running: true,
            host_network: false,
            addresses: Vec::new(),
            ports: Vec::new(),
            process: None,
            run: 0,
        }
    }

    fn publishing(mut container: Container, published: u16) -> Container {
        container.ports = vec![Port {
            number: 12345,
            bindings: vec![([0, 0, 0, 0], published).into()],
        }];
        container
    }

    fn stopped(mut container: Container) -> Container {
        container.running = false;
        container
    }

    fn names(ledger: &Ledger) -> Vec<String> {
        let inventory = ledger.inventory();
        inventory.running().map(|c| c.name.to_string()).collect()
    }

    fn run(ledger: &Ledger, name: &str) -> u64 {
        ledger.inventory().named(name).unwrap().run
    }

    #[test]
    fn a_listing_tells_what_runs_and_what_is_stopped() {
        let mut ledger = Ledger::default();
        ledger.listing_begins();
        let listing = vec![
            container('b', "b"),
            container('a', "a"),
            stopped(container('c', "c")),
        ];
        let findings = ledger.listed(listing);
        assert_eq!(names(&ledger), ["a", "b"]);
        assert!(ledger.inventory().stopped_named("c").is_some());
        // In the order of their creation: a listing has the latest first.
        let digits: Vec<_> = findings.to_inspect.iter().map(ContainerId::short).collect();
        assert_eq!(digits, ["a".repeat(12), "b".repeat(12)]);
    }

    #[test]
    fn a_death_stands_against_a_listing_asked_for_before() {
        let mut ledger = Ledger::default();
        let a = container('a', "a");
        ledger.listed(vec![a.clone()]);
        ledger.listing_begins();
        ledger.died(&a.id);
        ledger.listed(vec![a.clone()]);
        assert_eq!(names(&ledger), [""; 0]);
        ledger.listing_begins();
        ledger.listed(vec![a]);
        assert_eq!(names(&ledger), ["a"]);
    }

    #[test]
    fn a_death_stands_against_an_inspection_asked_for_before() {
        let mut ledger = Ledger::default();
        let a = container('a', "a");
        ledger.changed(&a.id);
        let ticket = ledger.ticket(&a.id);
        ledger.died(&a.id);
        ledger.inspected(&ticket, Some(a.clone()));
        assert_eq!(names(&ledger), [""; 0]);

        let early = ledger.ticket(&a.id);
        let late = ledger.ticket(&a.id);
        ledger.inspected(&early, None);
        ledger.inspected(&late, Some(a));
        assert_eq!(names(&ledger), ["a"]);
    }

    #[test]
    fn a_start_stands_against_a_listing_asked_for_before() {
        let mut ledger = Ledger::default();
        let a = container('a', "a");
        ledger.listing_begins();
        ledger.changed(&a.id);
        let ticket = ledger.ticket(&a.id);
        ledger.inspected(&ticket, Some(a));
        let findings = ledger.listed(Vec::new());
        assert_eq!(names(&ledger), ["a"]);
        assert_eq!(findings, Findings::default());
    }

    #[test]
    fn what_no_event_told_of_is_surprising() {
        let mut ledger = Ledger::default();
        let listing = || vec![publishing(container('a', "a"), 32768)];
        assert!(ledger.listed(listing()).surprising);
        assert!(!ledger.listed(listing()).surprising);
        assert!(ledger.listed(Vec::new()).surprising);
    }

    #[test]
    fn a_restart_is_another_run_however_it_is_seen() {
        let mut ledger = Ledger::default();
        let a = |port| publishing(container('a', "a"), port);
        ledger.listed(vec![a(1)]);
        let first = run(&ledger, "a");

        // Inspected for the first time, and listed again: nothing new.
        let ticket = ledger.ticket(&a(1).id);
        ledger.inspected(&ticket, Some(a(1)));
        ledger.listed(vec![a(1)]);
        assert_eq!(run(&ledger, "a"), first);

        // Seen in a listing only.
        ledger.listed(vec![a(2)]);
        let second = run(&ledger, "a");
        assert_ne!(second, first);

        // Seen through events.
        ledger.died(&a(2).id);
        let ticket = ledger.ticket(&a(2).id);
        ledger.inspected(&ticket, Some(a(2)));
        assert_ne!(run(&ledger, "a"), second);
    }

    #[test]
    fn remembered_stopped_containers_are_bounded() {
        let mut ledger = Ledger::default();
        let many = (0..2 * STOPPED).map(|n| stopped(container('f', &n.to_string())));
        ledger.listed(many.collect());
        assert_eq!(ledger.stopped.len(), STOPPED);
    }
}
