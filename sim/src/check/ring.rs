//! One owner list per epoch: nodes that say the same epoch mean the same ring, and in it every
//! partition is owned, by nodes of which no two are the same.
//!
//! Everything else rests on this. A request is checked against the epoch alone, so two nodes that
//! gave one number to two rings would each take itself for an owner, and quorums would not meet.
//! Nor would they if one node stood for two replicas.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use peer_ring_core::id::{Epoch, PartitionId, Seat};
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

    /// Whether all nodes meant the same by each epoch, and every partition has its owners.
    ///
    /// # Errors
    /// The first two nodes that did not, or the first partition that has not.
    pub fn check(&self) -> Result<(), Violation> {
        match self.split {
            None => self.first.values().try_for_each(|(_, ring)| check_owners(ring)),
            Some((one, other, epoch)) => Err(Violation::new(
                "ring",
                format!("{one} and {other} follow two different rings of epoch {epoch}"),
            )),
        }
    }
}

fn check_owners(ring: &Ring) -> Result<(), Violation> {
    let owning = ring.members().iter().filter(|member| member.weight > 0).count();
    let wanted = owning.min(ring.replicas().into());
    ring.partitions().iter().try_for_each(|partition| {
        check_list(partition, ring.owners(partition, ring.replicas()), wanted)
    })
}

fn check_list(partition: PartitionId, owners: &[Seat], wanted: usize) -> Result<(), Violation> {
    let distinct: BTreeSet<_> = owners.iter().collect();
    if distinct.len() == owners.len() && owners.len() == wanted {
        return Ok(());
    }
    let text = format!("partition {partition} should have {wanted} different owners: {owners:?}");
    Err(Violation::new("ring", text))
}

#[cfg(test)]
mod tests {
    use peer_ring_core::id::NodeName;
    use peer_ring_core::key::Partitions;
    use peer_ring_core::ring::{Blueprint, Member, Strategy};

    use super::*;

    fn ring(epoch: u64, names: &[&str]) -> Arc<Ring> {
        let member = |name: &&str| Member::new(NodeName::new(name).unwrap());
        let members = names.iter().map(member).collect();
        let partitions = Partitions::new(8).unwrap();
        let (epoch, strategy) = (Epoch(epoch), Strategy::default());
        let blueprint = Blueprint { epoch, strategy, partitions, replicas: 2, members };
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
    fn a_partition_without_its_owners_is_reported() {
        let verdict = |owners: &[u64]| {
            let owners: Vec<_> = owners.iter().copied().map(Seat).collect();
            check_list(PartitionId(3), &owners, 2)
        };
        assert_eq!(verdict(&[1, 2]), Ok(()));
        for owners in [&[][..], &[1], &[1, 1], &[1, 2, 3]] {
            assert!(verdict(owners).unwrap_err().text.contains("partition 3"));
        }
    }

    #[test]
    fn two_rings_of_one_epoch_are_reported() {
        let mut rings = Rings::default();
        rings.see(NodeIndex(0), &ring(1, &["a", "b", "c"]));
        rings.see(NodeIndex(1), &ring(1, &["a", "b", "d"]));
        assert!(rings.check().unwrap_err().text.contains("n1 and n2"));
    }
}
