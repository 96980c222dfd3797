//! What goes on while Docker answers: a listing, then events as they come, inspections of what changed, and
//! another listing now and then, since event streams are known to stop without a word.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use tracing::{debug, info};

use crate::api::{self, Error};
use crate::container::{Container, ContainerId};
use crate::event::Event;
use crate::ledger::{Ledger, Ticket};
use crate::watch::{Snapshot, Status};

/// How often everything is listed again.
const RELIST: Duration = Duration::from_secs(30);

/// The least time between the beginnings of two listings.
const RELIST_AT_MOST: Duration = Duration::from_millis(200);

/// Requests under way at a time.
const REQUESTS: usize = 8;

/// A connection to Docker.
pub(crate) struct Session<'a> {
    docker: Docker,
    ledger: &'a mut Ledger,
    snapshots: &'a watch::Sender<Snapshot>,
    answers: FuturesUnordered<Pin<Box<dyn Future<Output = Answer> + Send>>>,
    to_inspect: VecDeque<ContainerId>,
    listing_began: Instant,
    is_listing: bool,
    /// Whether there was a listing. Before the first, what is known is not said to be all.
    is_synchronized: bool,
}

/// What Docker answered to a request.
enum Answer {
    Listing(Result<Vec<Container>, Error>),
    Inspection(Ticket, Result<Option<Container>, Error>),
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        docker: Docker,
        ledger: &'a mut Ledger,
        snapshots: &'a watch::Sender<Snapshot>,
    ) -> Self {
        Self {
            docker,
            ledger,
            snapshots,
            answers: FuturesUnordered::new(),
            to_inspect: VecDeque::new(),
            listing_began: Instant::now(),
            is_listing: false,
            is_synchronized: false,
        }
    }

    /// Keeps ledger and snapshots up to date until Docker fails. A listing comes early when `wished` for.
    pub(crate) async fn follow(
        mut self,
        wished: &mut mpsc::Receiver<()>,
    ) -> Result<Infallible, Error> {
        let mut events = api::follow(&self.docker);
        let mut is_wished = false;
        self.begin_listing();
        loop {
            self.begin_inspections();
            let pause = if is_wished { RELIST_AT_MOST } else { RELIST };
            tokio::select! {
                Some(event) = events.next() => self.take_event(event?),
                Some(answer) = self.answers.next() => {
                    if self.take_answers(answer)? {
                        info!("Docker's listing shows changes that no event told of; following events anew");
                        events = api::follow(&self.docker);
                    }
                }
                Some(()) = wished.recv(), if !is_wished => is_wished = true,
                () = sleep_until(self.listing_began + pause), if !self.is_listing => {
                    is_wished = false;
                    self.begin_listing();
                }
            }
        }
    }

    fn begin_listing(&mut self) {
        self.ledger.listing_begins();
        self.listing_began = Instant::now();
        self.is_listing = true;
        let listing = api::list(self.docker.clone());
        self.answers.push(Box::pin(listing.map(Answer::Listing)));
    }

    fn begin_inspections(&mut self) {
        while self.answers.len() < REQUESTS {
            let Some(id) = self.to_inspect.pop_front() else {
                break;
            };
            let ticket = self.ledger.ticket(&id);
            let inspection = api::inspect(self.docker.clone(), id);
            self.answers.push(Box::pin(
                inspection.map(|found| Answer::Inspection(ticket, found)),
            ));
        }
    }

    fn take_event(&mut self, event: Event) {
        match event {
            Event::Died(id) => {
                debug!(container = %id, "died");
                self.ledger.died(&id);
                self.publish();
            }
            Event::Changed(id) => {
                debug!(container = %id, "changed");
                self.ledger.changed(&id);
                self.to_inspect.push_back(id);
            }
        }
    }

    /// Takes an answer and those that are there by now, to be published at once; whether events must have been
    /// missed.
    fn take_answers(&mut self, answer: Answer) -> Result<bool, Error> {
        let mut is_surprised = false;
        let mut next = Some(answer);
        while let Some(answer) = next {
            match answer {
                Answer::Listing(listing) => {
                    let findings = self.ledger.listed(listing?);
                    self.to_inspect.extend(findings.to_inspect);
                    is_surprised |= findings.surprising && self.is_synchronized;
                    self.is_listing = false;
                    self.is_synchronized = true;
                }
                Answer::Inspection(ticket, Ok(found)) => self.ledger.inspected(&ticket, found),
                // The next listing will have it inspected again.
                Answer::Inspection(ticket, Err(error)) => {
                    debug!(container = %ticket.id, %error, "cannot inspect the container");
                }
            }
            next = self.answers.next().now_or_never().flatten();
        }
        self.publish();
        Ok(is_surprised)
    }

    fn publish(&self) {
        let inventory = Arc::new(self.ledger.inventory());
        self.snapshots.send_modify(|snapshot| {
            snapshot.inventory = inventory;
            if self.is_synchronized && snapshot.status != Status::Connected {
                info!(
                    containers = snapshot.inventory.running().count(),
                    "following Docker"
                );
                snapshot.status = Status::Connected;
            }
        });
    }
}
