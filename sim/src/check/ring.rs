//! One owner list per epoch: nodes that say the same epoch mean the same ring.
//!
//! Everything else rests on this. A request is checked against the epoch alone, so two nodes that
//! gave one number to two rings would each take itself for an owner, and quorums would not meet.

use std::collections::BTreeMap;
use std::sync::Arc;

use peer_ring_core::id::Epoch;
use peer_ring_core::ring::Ring;

use crate::check::Violation;
use crate::world::NodeIndex;

/// Every ring that any node has followed.
#[derive(Debug, Default)]
pub struct Rings {
    first: BTreeMap<Epoch, (NodeIndex, Arc<Ring>)>,
    split: Option<(NodeIndex, NodeIndex, Epoch)>,
}

impl Rings {
    /// Takes note that `node` follows `ring` from now on.
    pub fn see(&mut self, node: NodeIndex, ring: &Arc<Ring>) {
        let epoch = ring.epoch();
        let (first, known) = self.first.entry(epoch).or_insert_with(|| (node, Arc::clone(ring)));
        if known != ring && self.split.is_none() {
            self.split = Some((*first, node, epoch));
        }
    }

    /// Whether all nodes meant the same by each epoch.
    ///
    /// # Errors
    /// The first two that did not.
    pub fn check(&self) -> Result<(), Violation> {
        match self.split {
            None => Ok(()),
            Some((one, other, epoch)) => Err(Violation::new(
                "ring",
                format!("{one} and {other} follow two different rings of epoch {epoch}"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use peer_ring_core::id::NodeName;
    use peer_ring_core::key::Partitions;
    use peer_ring_core::ring::{Blueprint, Member};

    use super::*;

    fn ring(epoch: u64, names: &[&str]) -> Arc<Ring> {
        let member = |name: &&str| Member::new(NodeName::new(name).unwrap());
        let members = names.iter().map(member).collect();
        let partitions = Partitions::new(8).unwrap();
        let blueprint = Blueprint { epoch: Epoch(epoch), partitions, replicas: 2, members };
        Arc::new(Ring::build(blueprint, None).unwrap())
    }

    #[test]
    fn the_same_ring_on_all_nodes_is_one_ring() {
        let mut rings = Rings::default();
        rings.see(NodeIndex(0), &ring(1, &["a", "b", "c"]));
        rings.see(NodeIndex(1), &ring(1, &["c", "b", "a"]));
        rings.see(NodeIndex(1), &ring(2, &["a", "b"]));
        assert_eq!(rings.check(), Ok(()));
    }

    #[test]
    fn two_rings_of_one_epoch_are_reported() {
        let mut rings = Rings::default();
        rings.see(NodeIndex(0), &ring(1, &["a", "b", "c"]));
        rings.see(NodeIndex(1), &ring(1, &["a", "b", "d"]));
        assert!(rings.check().unwrap_err().text.contains("n1 and n2"));
    }
}
