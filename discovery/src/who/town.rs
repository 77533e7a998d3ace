//! Who is where, as a test has it: stands in for a running node.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures::future::{BoxFuture, ready};
use peer_ring_core::id::NodeName;

use super::{NoName, WhoIs};

/// Nodes at addresses. Nobody answers at any other.
#[derive(Clone, Default)]
pub struct Town(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    lives: BTreeMap<String, Result<NodeName, NoName>>,
    asked: usize,
}

impl Town {
    /// A node comes to be at an address.
    pub fn moves_in(&self, name: &str, address: &str) {
        let name = NodeName::new(name).unwrap();
        self.0.lock().unwrap().lives.insert(address.to_owned(), Ok(name));
    }

    /// A node of another cluster comes to be at an address; what is said of it.
    pub fn stranger_moves_in(&self, address: &str) -> NoName {
        let stranger = NoName::Foreign { address: address.to_owned(), reason: "-".to_owned() };
        self.0.lock().unwrap().lives.insert(address.to_owned(), Err(stranger.clone()));
        stranger
    }

    /// Nobody answers at an address any more.
    pub fn falls_silent(&self, address: &str) {
        self.0.lock().unwrap().lives.remove(address);
    }

    /// How often was asked since it was asked for last.
    pub fn asked(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }
}

impl WhoIs for Town {
    fn who_is_at<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Result<NodeName, NoName>> {
        let mut town = self.0.lock().unwrap();
        town.asked += 1;
        let (at, reason) = (address.to_owned(), "-".to_owned());
        let nobody = || Err(NoName::NoAnswer { address: at, reason });
        Box::pin(ready(town.lives.get(address).cloned().unwrap_or_else(nobody)))
    }
}
