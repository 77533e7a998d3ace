//! What a node makes of ZooKeeper's answers: who is there, and what to do about its own znode.
//!
//! The story of a session: it registers, watches, and lists. When it has lost its connection and
//! found another, it watches and lists again; its znode is there still. A new session begins from
//! the start, and what was said before stays said until a listing says otherwise.

use std::collections::BTreeMap;

use peer_ring_core::actor::Outbox;
use peer_ring_core::id::NodeName;
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_core::planted;

use crate::announcement::{self, Unread};
use crate::said::Said;

/// What ZooKeeper says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum In {
    /// There is a new session.
    Opened {
        /// Its number.
        session: i64,
    },
    /// The session has a connection again.
    Reconnected,
    /// The own znode was created.
    Registered,
    /// There was a znode of the own name already.
    Taken {
        /// The session that it belongs to.
        owner: i64,
    },
    /// All children of the path.
    Listed(Vec<Entry>),
    /// A child was created or changed.
    Touched {
        /// Its name.
        name: String,
    },
    /// A child as it is now.
    Read(Entry),
    /// A child is gone.
    Deleted {
        /// Its name.
        name: String,
    },
}

/// What is asked of ZooKeeper, and said to the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// Say this.
    Say(Fact),
    /// Create the own znode.
    Register,
    /// Delete the znode of the own name and create the own one, in one step.
    Replace,
    /// Watch the path and what is below it, instead of what was watched before.
    Watch,
    /// List all children of the path.
    List,
    /// Read this child.
    Read {
        /// Its name.
        name: String,
    },
    /// Tell the operator.
    Warn(String),
}

/// A child of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What stands in it.
    pub value: Vec<u8>,
    /// The session that it belongs to.
    pub owner: i64,
}

/// This node's picture of the children of the path.
#[derive(Debug)]
pub struct Roster {
    own: NodeName,
    session: i64,
    is_registered: bool,
    said: Said,
}

impl Roster {
    /// The picture of the node of this name: nobody is in it yet.
    #[must_use]
    pub fn new(own: NodeName) -> Self {
        Self { own, session: 0, is_registered: false, said: Said::default() }
    }

    /// Whether there is a znode to delete at the end.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.is_registered
    }

    /// Takes note of what is said, and decides what to say and to ask for.
    pub fn handle(&mut self, input: In, out: &mut Outbox<Out>) {
        match input {
            In::Opened { session } => {
                self.session = session;
                self.is_registered = false;
                self.begin(out);
            }
            In::Reconnected => self.begin(out),
            In::Registered => self.is_registered = true,
            In::Taken { owner } => self.taken(owner, out),
            In::Listed(entries) => self.listed(entries, out),
            In::Touched { name } => out.push(Out::Read { name }),
            In::Read(entry) => {
                let mut unread = Unread::default();
                let news =
                    self.read(&entry, &mut unread, out).and_then(|node| self.said.seen(node));
                out_warn(unread, out);
                out_say(news, out);
            }
            In::Deleted { name } => self.deleted(&name, out),
        }
    }

    fn begin(&self, out: &mut Outbox<Out>) {
        let is_there = self.is_registered
            || planted!("not-registered-again") && self.said.get(&self.own).is_some();
        if !is_there {
            out.push(Out::Register);
        }
        if !(self.is_registered && planted!("watch-not-set-again")) {
            out.push(Out::Watch);
        }
        out.push(Out::List);
    }

    /// At the start of a session a znode of the own name is what the last one left. Later it is
    /// another node's, which is told of and not fought: else the two would go on for ever.
    fn taken(&mut self, owner: i64, out: &mut Outbox<Out>) {
        if owner == self.session {
            self.is_registered = true;
        } else if self.is_registered {
            out.push(Out::Warn(self.is_double()));
        } else {
            out.push(Out::Replace);
        }
    }

    fn listed(&mut self, entries: Vec<Entry>, out: &mut Outbox<Out>) {
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
        if self.is_registered && !has_own {
            out.push(Out::Register);
        }
    }

    fn deleted(&mut self, name: &str, out: &mut Outbox<Out>) {
        // Of a name that cannot be one nothing was said.
        let Ok(name) = NodeName::new(name) else { return };
        out_say(self.said.lost(&name), out);
        if self.is_registered && name == self.own {
            out.push(Out::Register);
        }
    }

    /// What an entry says. When it cannot be read, what was said of its node before, since a node of
    /// a later release is there all the same; and so when another node has this one's name, since
    /// where this one is it knows by itself.
    fn read(&self, entry: &Entry, unread: &mut Unread, out: &mut Outbox<Out>) -> Option<Sighting> {
        match announcement::read(&entry.name, &entry.value) {
            Ok(node) if node.name == self.own && entry.owner != self.session => {
                // Before, it is what the last session has left.
                if self.is_registered {
                    out.push(Out::Warn(self.is_double()));
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

    fn is_double(&self) -> String {
        format!("another node announces itself as {}: two nodes must not have one name", self.own)
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
