//! The ring view: from the members that were discovered to the ring that all requests follow.
//!
//! The ring is founded once, from the members known when discovery has first said all it knows;
//! every node that was told the same members founds the same ring. Nodes whose rings differ refuse
//! each other's links, so that a slip in one node's configuration is seen at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::id::{Epoch, NodeName};
use crate::key::Partitions;
use crate::membership::Fact;
use crate::ring::{Blueprint, Member, Ring, RingError, Strategy};

/// What the ring is made of, besides members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How partitions are placed.
    pub strategy: Strategy,
    /// How many partitions there are.
    pub partitions: Partitions,
    /// How many owners each partition has.
    pub replicas: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { strategy: Strategy::default(), partitions: Partitions::default(), replicas: 3 }
    }
}

/// What a ring view asks for.
#[derive(Clone, Debug)]
pub enum Out {
    /// This is the ring from now on.
    Ring(Arc<Ring>),
    /// There can be no ring: the node must stop and say so.
    Impossible(NoRing),
}

/// Why a node cannot found a ring.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoRing {
    /// The members that were discovered make no ring.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// This node is not one of them.
    #[error("this node, {name}, is not among the members that discovery names")]
    NotAMember {
        /// This node's name.
        name: NodeName,
    },
}

/// Turns discovered members into a ring.
pub struct RingView {
    name: NodeName,
    settings: Settings,
    seen: BTreeMap<NodeName, Member>,
    ring: Option<Arc<Ring>>,
}

impl RingView {
    /// The ring as the node called `name` sees it.
    #[must_use]
    pub fn new(name: NodeName, settings: Settings) -> Self {
        Self { name, settings, seen: BTreeMap::new(), ring: None }
    }

    /// The ring, once there is one.
    #[must_use]
    pub fn ring(&self) -> Option<&Arc<Ring>> {
        self.ring.as_ref()
    }

    fn found(&mut self) -> Result<Arc<Ring>, NoRing> {
        if !self.seen.contains_key(&self.name) {
            return Err(NoRing::NotAMember { name: self.name.clone() });
        }
        let blueprint = Blueprint {
            epoch: Epoch(1),
            strategy: self.settings.strategy,
            partitions: self.settings.partitions,
            replicas: self.settings.replicas,
            members: self.seen.values().cloned().collect(),
        };
        let ring = Arc::new(Ring::build(blueprint, None)?);
        self.ring = Some(Arc::clone(&ring));
        Ok(ring)
    }
}

impl Actor for RingView {
    type In = Fact;
    type Out = Out;

    fn handle(&mut self, _: Now, fact: Fact, out: &mut Outbox<Out>) {
        match fact {
            Fact::Seen(sighting) => {
                let (zone, weight) = (sighting.zone, sighting.weight);
                let name = sighting.name.clone();
                let member = Member { zone, weight, ..Member::new(name) };
                self.seen.insert(sighting.name, member);
            }
            Fact::Lost(name) => {
                self.seen.remove(&name);
            }
            Fact::Settled if self.ring.is_none() => out.push(match self.found() {
                Ok(ring) => Out::Ring(ring),
                Err(why) => Out::Impossible(why),
            }),
            Fact::Settled => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn wake(&mut self, _: Now, _: &mut Outbox<Out>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::Sighting;

    fn told(name: &str, facts: &[Fact]) -> Vec<Out> {
        let mut view = RingView::new(NodeName::new(name).unwrap(), Settings::default());
        let mut out = Outbox::new();
        for fact in facts {
            view.handle(Now::default(), fact.clone(), &mut out);
        }
        out.drain().collect()
    }

    fn seen(name: &str) -> Fact {
        Fact::Seen(Sighting::new(NodeName::new(name).unwrap(), "127.0.0.1:1"))
    }

    #[test]
    fn nodes_that_were_told_the_same_found_the_same_ring() {
        let one = told("a", &[seen("a"), seen("b"), Fact::Settled]);
        let other = told("b", &[seen("b"), seen("a"), Fact::Settled]);
        let ([Out::Ring(one)], [Out::Ring(other)]) = (&one[..], &other[..]) else {
            panic!("{one:?} {other:?}");
        };
        assert_eq!(one, other);
        assert_eq!(one.epoch(), Epoch(1));
    }

    #[test]
    fn a_ring_is_founded_once() {
        let out = told("a", &[seen("a"), Fact::Settled, seen("b"), Fact::Settled]);
        assert!(matches!(&out[..], [Out::Ring(_)]));
    }

    #[test]
    fn a_node_that_is_no_member_says_so() {
        let out = told("c", &[seen("a"), Fact::Settled]);
        let [Out::Impossible(why)] = &out[..] else { panic!("{out:?}") };
        assert_eq!(*why, NoRing::NotAMember { name: NodeName::new("c").unwrap() });
    }
}
