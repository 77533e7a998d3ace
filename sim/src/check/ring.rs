//! One decided ring per epoch: nodes that say the same epoch mean the same ring, of one cluster, and
//! in it every partition is owned, by nodes of which no two are the same; and no node goes back to
//! a ring before the one that it has followed.
//!
//! Everything else rests on this. A request is checked against an epoch alone, so two nodes that
//! gave one number to two rings would each take itself for an owner, and quorums would not meet.
//! Nor would they if one node stood for two replicas.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use peer_ring_core::id::{Epoch, PartitionId, Seat};
use peer_ring_core::ring::{Ring, Tenure};

use crate::check::Violation;
use crate::world::NodeIndex;

/// The name of this checker.
pub const NAME: &str = "ring";

/// Every ring that any node has followed.
#[derive(Debug, Default)]
pub struct Rings {
    first: BTreeMap<Epoch, (NodeIndex, Arc<Ring>)>,
    /// The newest that each node has followed since this start of it.
    latest: BTreeMap<NodeIndex, (u32, Epoch)>,
    wrong: Option<String>,
}

impl Rings {
    /// Takes note that `node` follows `ring` from now on, in this start of it. Whether that is
    /// another one than before.
    pub fn see(&mut self, node: NodeIndex, start: u32, ring: &Arc<Ring>) -> bool {
        let epoch = ring.epoch();
        let before = self.latest.insert(node, (start, epoch));
        let before = before.filter(|(at, _)| *at == start).map(|(_, epoch)| epoch);
        if before.is_some_and(|before| before > epoch) {
            self.report(format!("{node} goes back to ring {epoch} from ring {before:?}"));
        }
        let (first, known) = self.first.entry(epoch).or_insert_with(|| (node, Arc::clone(ring)));
        if known.fingerprint() != ring.fingerprint() {
            let text = format!("{first} and {node} follow two different rings of epoch {epoch}");
            self.report(text);
        }
        before != Some(epoch)
    }

    /// The newest ring of all.
    #[must_use]
    pub fn newest(&self) -> Option<&Arc<Ring>> {
        self.first.last_key_value().map(|(_, (_, ring))| ring)
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> usize {
        self.first.len()
    }

    fn report(&mut self, text: String) {
        self.wrong.get_or_insert(text);
    }

    /// Whether all nodes meant the same by each epoch, of one cluster, and every partition has its
    /// owners.
    ///
    /// # Errors
    /// The first two nodes that did not, or the first partition that has not.
    pub fn check(&self) -> Result<(), Violation> {
        if let Some(text) = &self.wrong {
            return Err(Violation::new(NAME, text.clone()));
        }
        let clusters: BTreeSet<_> = self.first.values().map(|(_, ring)| ring.cluster()).collect();
        if clusters.len() > 1 {
            let text = format!("nodes follow rings of several clusters: {clusters:?}");
            return Err(Violation::new(NAME, text));
        }
        self.first.values().try_for_each(|(_, ring)| check_owners(ring))
    }
}

/// Whether each partition has as many owners as there can be, of those who were there before the
/// ring began to move; and is to have as many of those who stay.
fn check_owners(ring: &Ring) -> Result<(), Violation> {
    let owning = |goes: Tenure| {
        let members = ring.members().iter().filter(|member| member.weight > 0);
        members.filter(|member| member.tenure != goes).count()
    };
    let wanted = owning(Tenure::Joining).min(ring.replicas().into());
    let wanted_then = owning(Tenure::Leaving).min(ring.target_replicas().into());
    ring.partitions().iter().try_for_each(|partition| {
        let epoch = ring.epoch();
        check_list(epoch, partition, ring.owners(partition, ring.replicas()), wanted)?;
        match ring.targets(partition, ring.target_replicas()) {
            Some(targets) => check_list(epoch, partition, targets, wanted_then),
            None => Ok(()),
        }
    })
}

fn check_list(
    epoch: Epoch,
    partition: PartitionId,
    owners: &[Seat],
    wanted: usize,
) -> Result<(), Violation> {
    let distinct: BTreeSet<_> = owners.iter().collect();
    if distinct.len() == owners.len() && owners.len() == wanted {
        return Ok(());
    }
    let text = format!(
        "in ring {epoch} partition {partition} should have {wanted} different owners: {owners:?}"
    );
    Err(Violation::new(NAME, text))
}

#[cfg(test)]
mod tests {
    use peer_ring_core::actor::Wall;
    use peer_ring_core::id::{ClusterId, NodeName};
    use peer_ring_core::key::Partitions;
    use peer_ring_core::ring::{Blueprint, Member, Strategy};

    use super::*;

    fn members(names: &[&str]) -> Vec<Member> {
        names.iter().map(|name| Member::new(NodeName::new(name).unwrap())).collect()
    }

    fn ring(cluster: u64, names: &[&str]) -> Arc<Ring> {
        let partitions = Partitions::new(8).unwrap();
        let (epoch, strategy, members) = (Epoch(1), Strategy::default(), members(names));
        let blueprint = Blueprint { epoch, strategy, partitions, replicas: 2, members };
        Arc::new(Ring::found(ClusterId(cluster), Wall(1), blueprint).unwrap())
    }

    fn text_of(rings: &Rings) -> String {
        rings.check().unwrap_err().text
    }

    #[test]
    fn a_chain_of_rings_that_all_follow_is_well() {
        let mut rings = Rings::default();
        let first = ring(1, &["a", "b", "c"]);
        let moving = Arc::new(first.begin(Wall(2), members(&["b", "c", "d", "e"])).unwrap());
        let settled = Arc::new(moving.settle(Wall(3)));
        assert!(moving.is_moving());
        assert!(rings.see(NodeIndex(0), 1, &first));
        assert!(!rings.see(NodeIndex(0), 1, &first), "nothing new");
        for ring in [&first, &moving, &settled] {
            rings.see(NodeIndex(1), 1, ring);
        }
        assert!(rings.see(NodeIndex(0), 1, &settled));
        assert_eq!(rings.check(), Ok(()));
        assert_eq!((rings.newest(), rings.count()), (Some(&settled), 3));
    }

    #[test]
    fn a_partition_without_its_owners_is_reported() {
        let verdict = |owners: &[u64]| {
            let owners: Vec<_> = owners.iter().copied().map(Seat).collect();
            check_list(Epoch(7), PartitionId(3), &owners, 2)
        };
        assert_eq!(verdict(&[1, 2]), Ok(()));
        for owners in [&[][..], &[1], &[1, 1], &[1, 2, 3]] {
            assert!(verdict(owners).unwrap_err().text.contains("ring 7 partition 3"));
        }
    }

    #[test]
    fn two_rings_of_one_epoch_are_reported() {
        let mut rings = Rings::default();
        rings.see(NodeIndex(0), 1, &ring(1, &["a", "b", "c"]));
        rings.see(NodeIndex(1), 1, &ring(1, &["a", "b", "d"]));
        assert!(text_of(&rings).contains("n1 and n2"));
    }

    #[test]
    fn a_node_that_goes_back_is_reported_unless_it_has_started_again() {
        let first = ring(1, &["a", "b", "c"]);
        let second = Arc::new(first.hold(Wall(2), true));
        let seen = |starts: [u32; 2]| {
            let mut rings = Rings::default();
            rings.see(NodeIndex(0), starts[0], &second);
            rings.see(NodeIndex(0), starts[1], &first);
            rings.check()
        };
        assert_eq!(seen([1, 2]), Ok(()));
        assert!(seen([1, 1]).unwrap_err().text.contains("n1 goes back to ring 1"));
    }

    #[test]
    fn rings_of_two_clusters_are_reported() {
        let mut rings = Rings::default();
        rings.see(NodeIndex(0), 1, &ring(1, &["a", "b", "c"]));
        let other = Arc::new(ring(2, &["a", "b", "c"]).hold(Wall(2), true));
        rings.see(NodeIndex(1), 1, &other);
        assert!(text_of(&rings).contains("several clusters"));
    }
}
