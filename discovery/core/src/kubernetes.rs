//! What a node makes of Kubernetes's answers: who is there, and what to ask next.
//!
//! The story: it lists, and watches from the listing's version. A watch that ended goes on from the
//! last version that was heard of, be it in a bookmark. When that is gone, or asking has failed, it
//! lists again: an API server that was restored from a backup knows no version of before.

use std::collections::BTreeMap;

use peer_ring_core::actor::Outbox;
use peer_ring_core::id::NodeName;
use peer_ring_core::membership::{Fact, Sighting};
use peer_ring_core::planted;

use crate::said::Said;

/// What Kubernetes says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum In {
    /// It is asked anew, after a failure or for the first time.
    Started,
    /// Everything there is.
    Listed {
        /// The version as of which.
        version: String,
        /// The slices, or pods.
        objects: Vec<Object>,
    },
    /// A slice or pod is new or has changed.
    Applied(Object),
    /// A slice or pod is gone.
    Removed {
        /// Its name.
        key: String,
        /// The version as of which.
        version: String,
    },
    /// Nothing has changed up to this version.
    Bookmark {
        /// The version.
        version: String,
    },
    /// The watch ended, in order or not.
    Ended,
    /// The version from which was watched is not kept any more.
    Gone,
}

/// What is asked of Kubernetes, and said to the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// Say this.
    Say(Fact),
    /// List everything.
    List,
    /// Watch from this version on.
    Watch {
        /// The last version that is known.
        version: String,
    },
    /// Tell the operator.
    Warn(String),
}

/// A slice or a pod, and the nodes that it tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub key: String,
    /// Its version.
    pub version: String,
    /// Its nodes.
    pub nodes: Vec<Candidate>,
}

/// A node as one object tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The node.
    pub sighting: Sighting,
    /// Which to believe when several objects tell of one node; the smallest first.
    pub rank: Rank,
}

/// Whom to believe: a pod that stays before one that goes, and IPv4 before IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// Whether the pod is on its way out.
    pub is_terminating: bool,
    /// Whether the address is one of IPv6.
    pub is_ipv6: bool,
}

/// This node's picture of the pods.
#[derive(Debug)]
pub struct View {
    own: NodeName,
    objects: BTreeMap<String, Vec<Candidate>>,
    /// `None` until there was a listing.
    version: Option<String>,
    said: Said,
}

impl View {
    /// The picture of the node of this name: nobody is in it yet.
    #[must_use]
    pub fn new(own: NodeName) -> Self {
        Self { own, objects: BTreeMap::new(), version: None, said: Said::default() }
    }

    /// Takes note of what is said, and decides what to say and to ask for.
    pub fn handle(&mut self, input: In, out: &mut Outbox<Out>) {
        match input {
            In::Started | In::Gone => {
                if !planted!("gone-goes-on") {
                    self.version = None;
                }
                self.go_on(out);
            }
            In::Ended => {
                self.look_for_own(out);
                self.go_on(out);
            }
            In::Listed { version, objects } => {
                let pair = |object: Object| (object.key, object.nodes);
                self.objects = objects.into_iter().map(pair).collect();
                self.version = Some(version);
                self.say(out);
                self.go_on(out);
            }
            In::Applied(Object { key, version, nodes }) => {
                if planted!("moved-is-lost") {
                    self.take_out(&key);
                }
                self.objects.insert(key, nodes);
                self.version = Some(version);
                self.say(out);
            }
            In::Removed { key, version } => {
                self.objects.remove(&key);
                self.version = Some(version);
                self.say(out);
            }
            In::Bookmark { version } => self.version = Some(version),
        }
    }

    /// Takes the nodes of an object out of all others, which a mistake that is planted does.
    fn take_out(&mut self, key: &str) {
        let had = self.objects.get(key).cloned().unwrap_or_default();
        let has_it = |it: &Candidate| had.iter().any(|was| was.sighting.name == it.sighting.name);
        self.objects.values_mut().for_each(|nodes| nodes.retain(|it| !has_it(it)));
    }

    fn go_on(&self, out: &mut Outbox<Out>) {
        out.push(match &self.version {
            Some(version) => Out::Watch { version: version.clone() },
            None => Out::List,
        });
    }

    fn say(&mut self, out: &mut Outbox<Out>) {
        let mut best: BTreeMap<NodeName, &Candidate> = BTreeMap::new();
        for candidate in self.objects.values().flatten() {
            let known = best.entry(candidate.sighting.name.clone()).or_insert(candidate);
            if candidate.rank < known.rank {
                *known = candidate;
            }
        }
        let nodes = best.into_iter().map(|(name, it)| (name, it.sighting.clone())).collect();
        for fact in self.said.all(nodes) {
            out.push(Out::Say(fact));
        }
    }

    /// Warns of a node that is not there after a whole watch: when it starts, its pod may have no
    /// address yet that Kubernetes knows.
    fn look_for_own(&self, out: &mut Outbox<Out>) {
        let all: Vec<_> = self.objects.values().flatten().map(|it| &it.sighting.name).collect();
        if all.contains(&&self.own) {
            return;
        }
        let what = if all.is_empty() {
            "no pod is found: the namespace, the service or selector, and the port's name must be \
             theirs"
        } else {
            "this node is not among the pods: its name must be its pod's, and the service's \
             selector must find that"
        };
        out.push(Out::Warn(format!("{}: {what}", self.own)));
    }
}

#[cfg(test)]
mod tests;
