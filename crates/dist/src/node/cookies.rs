//! Which cookie is for whom.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Config;
use crate::{Cookie, FullName};

/// The cookies of a node, which may change while it runs.
#[derive(Debug)]
pub(super) struct Cookies(Mutex<Table>);

#[derive(Debug)]
struct Table {
    own: Cookie,
    of_peers: HashMap<FullName, Cookie>,
}

impl Cookies {
    pub(super) fn new(config: &Config) -> Self {
        Self(Mutex::new(Table {
            own: config.cookie.clone(),
            of_peers: config.cookies.clone(),
        }))
    }

    /// What is shared with a peer.
    pub(super) fn of(&self, peer: &FullName) -> Cookie {
        self.with(|table| table.of_peers.get(peer).unwrap_or(&table.own).clone())
    }

    pub(super) fn set_own(&self, cookie: Cookie) {
        self.with(|table| table.own = cookie);
    }

    pub(super) fn set(&self, peer: FullName, cookie: Cookie) {
        self.with(|table| drop(table.of_peers.insert(peer, cookie)));
    }

    fn with<R>(&self, act: impl FnOnce(&mut Table) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
