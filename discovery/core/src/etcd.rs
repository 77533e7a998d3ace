//! What a node makes of etcd's answers: who is there, and what to do about its own key.
//!
//! The story of a session: connected, it asks for a lease unless it still has one, writes its key
//! with it, lists, and watches from there. Whatever breaks the session changes nothing of what was
//! said; the next one begins by listing again.

use std::collections::BTreeMap;

use peer_ring_core::actor::Outbox;
use peer_ring_core::id::NodeName;
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_core::planted;

use crate::announcement::{self, Unread};
use crate::said::Said;

/// What etcd says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum In {
    /// There is a session.
    Connected,
    /// A lease was granted.
    Granted {
        /// Its number.
        lease: i64,
    },
    /// The own key was written.
    Announced {
        /// The revision by which.
        revision: i64,
    },
    /// The lease ran out, or was revoked.
    LeaseLost,
    /// All keys under the prefix.
    Listed {
        /// The revision as of which.
        revision: i64,
        /// The keys.
        entries: Vec<Entry>,
    },
    /// What has changed since, in order.
    Changed(Vec<Change>),
    /// What changed in the meantime is not kept any more.
    Compacted,
}

/// What is asked of etcd, and said to the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// Say this.
    Say(Fact),
    /// Ask for a lease.
    Grant,
    /// Write the own key with this lease.
    Announce {
        /// The lease.
        lease: i64,
    },
    /// Keep this lease alive from now on.
    KeepAlive {
        /// The lease.
        lease: i64,
    },
    /// List all keys under the prefix.
    List,
    /// Watch the prefix from this revision on, instead of what was watched before.
    Watch {
        /// The first revision that is not known yet.
        from: i64,
    },
    /// Tell the operator.
    Warn(String),
}

/// A key under the prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What follows the prefix.
    pub name: String,
    /// What stands under it.
    pub value: Vec<u8>,
    /// The lease that it goes with; zero for none.
    pub lease: i64,
}

/// A change of a key under the prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was written.
    Put(Entry),
    /// It is gone.
    Delete {
        /// What follows the prefix.
        name: String,
        /// The revision by which.
        revision: i64,
    },
}

/// This node's picture of the keys under the prefix.
#[derive(Debug)]
pub struct Registry {
    own: NodeName,
    lease: Option<i64>,
    /// The revision by which the own key was written with the present lease.
    announced: Option<i64>,
    said: Said,
}

impl Registry {
    /// The picture of the node of this name: nobody is in it yet.
    #[must_use]
    pub fn new(own: NodeName) -> Self {
        Self { own, lease: None, announced: None, said: Said::default() }
    }

    /// The lease to give back at the end.
    #[must_use]
    pub fn lease(&self) -> Option<i64> {
        self.lease
    }

    /// Takes note of what is said, and decides what to say and to ask for.
    pub fn handle(&mut self, input: In, out: &mut Outbox<Out>) {
        match input {
            In::Connected => self.connected(out),
            In::Granted { lease } => {
                self.lease = Some(lease);
                out.push(Out::KeepAlive { lease });
                out.push(Out::Announce { lease });
            }
            In::Announced { revision } => self.announced = Some(revision),
            // Several orders may come back with the same bad news.
            In::LeaseLost => {
                if self.lease.take().is_some() && !planted!("lease-not-renewed") {
                    self.announced = None;
                    out.push(Out::Grant);
                }
            }
            In::Listed { revision, entries } => self.listed(revision, entries, out),
            In::Changed(changes) => {
                let mut unread = Unread::default();
                for change in changes {
                    self.changed(change, &mut unread, out);
                }
                out_warn(unread, out);
            }
            In::Compacted => out.push(Out::List),
        }
    }

    fn connected(&self, out: &mut Outbox<Out>) {
        match (self.lease, self.announced) {
            (None, _) => out.push(Out::Grant),
            (Some(lease), Some(_)) => out.push(Out::KeepAlive { lease }),
            (Some(lease), None) => {
                out.push(Out::KeepAlive { lease });
                out.push(Out::Announce { lease });
            }
        }
        out.push(Out::List);
    }

    fn listed(&mut self, revision: i64, entries: Vec<Entry>, out: &mut Outbox<Out>) {
        let mut nodes = BTreeMap::new();
        let mut has_own = false;
        let mut unread = Unread::default();
        for entry in entries {
            has_own |= entry.name == self.own.as_str();
            if let Some(node) = self.read(&entry, &mut unread, out) {
                nodes.insert(node.name.clone(), node);
            }
        }
        out_warn(unread, out);
        for fact in self.said.all(nodes) {
            out.push(Out::Say(fact));
        }
        // An etcd that was restored from a backup counts on from a lower revision.
        self.announced = self.announced.map(|at| at.min(revision));
        if !has_own {
            self.announce_again(out);
        }
        let late = i64::from(planted!("watch-one-late"));
        out.push(Out::Watch { from: revision + 1 + late });
    }

    fn changed(&mut self, change: Change, unread: &mut Unread, out: &mut Outbox<Out>) {
        match change {
            Change::Put(entry) => {
                let news = self.read(&entry, unread, out).and_then(|node| self.said.seen(node));
                out_say(news, out);
            }
            Change::Delete { name, revision } => {
                // Of a name that cannot be one nothing was said.
                let Ok(name) = NodeName::new(&name) else { return };
                out_say(self.said.lost(&name), out);
                if name == self.own && self.announced.is_some_and(|at| at < revision) {
                    self.announce_again(out);
                }
            }
        }
    }

    /// Writes the own key again, which somebody has deleted while its lease lives.
    fn announce_again(&mut self, out: &mut Outbox<Out>) {
        if let (Some(lease), Some(_)) = (self.lease, self.announced.take()) {
            out.push(Out::Announce { lease });
        }
    }

    /// What an entry says. When it cannot be read, what was said of its node before, since a node of
    /// a later release is there all the same; and so when another node has this one's name, since
    /// where this one is it knows by itself.
    fn read(&self, entry: &Entry, unread: &mut Unread, out: &mut Outbox<Out>) -> Option<Sighting> {
        match announcement::read(&entry.name, &entry.value) {
            Ok(node) if node.name == self.own && self.lease != Some(entry.lease) => {
                // Before, it is what the last start has left.
                if self.announced.is_some() {
                    let warning = format!(
                        "another node announces itself as {}, at {}: two nodes must not have one \
                         name",
                        node.name, node.address
                    );
                    out.push(Out::Warn(warning));
                }
                self.said.get(&self.own).cloned()
            }
            Ok(node) => Some(node),
            Err(problem) => {
                unread.note(&entry.name, problem);
                let name = NodeName::new(&entry.name).ok()?;
                self.said.get(&name).cloned()
            }
        }
    }
}

fn out_warn(unread: Unread, out: &mut Outbox<Out>) {
    if let Some(warning) = unread.warning() {
        out.push(Out::Warn(warning));
    }
}

fn out_say(fact: Option<Fact>, out: &mut Outbox<Out>) {
    if let Some(fact) = fact {
        out.push(Out::Say(fact));
    }
}

#[cfg(test)]
mod tests;
