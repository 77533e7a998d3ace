//! Replicas converge: in the end the owners of a partition hold the same records.
//!
//! Records of one key replace each other by an order that does not depend on when they arrive. So
//! replicas that got the same writes hold the same, in whatever order they got them; and one that
//! missed some holds the same after a read of all replicas has repaired it.
//!
//! A value that expires is the one thing that may differ, and only by whether it is still there:
//! each replica lets go of it by its own clock.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use peer_ring_core::id::PartitionId;
use peer_ring_core::record::Record;
use peer_ring_core::replica::Table;

use crate::check::Violation;
use crate::world::{NodeIndex, World};

/// The name of this checker.
pub const NAME: &str = "convergence";

/// Whether all owners of each partition hold the same records.
///
/// # Errors
/// The first record that two of them do not agree on.
pub fn check(world: &World) -> Result<(), Violation> {
    world.cluster().ring.partitions.iter().try_for_each(|partition| {
        let held = |owner: NodeIndex| {
            let replica = world.replica(owner, partition);
            replica.map(|replica| (owner, records(replica.table())))
        };
        check_partition(partition, world.owners(partition).filter_map(held))
    })
}

type Records = BTreeMap<Vec<u8>, Record>;

fn check_partition(
    partition: PartitionId,
    mut owners: impl Iterator<Item = (NodeIndex, Records)>,
) -> Result<(), Violation> {
    let Some((first, wanted)) = owners.next() else {
        return Ok(());
    };
    owners.try_for_each(|(other, held)| {
        let keys = wanted.keys().chain(held.keys());
        let differs = |key: &&Vec<u8>| !agree(wanted.get(*key), held.get(*key));
        match keys.clone().find(differs) {
            None => Ok(()),
            Some(key) => Err(Violation::new(
                NAME,
                format!(
                    "partition {partition}, record {}:\n  {first} holds {:?}\n  {other} holds {:?}",
                    key.escape_ascii(),
                    wanted.get(key),
                    held.get(key),
                ),
            )),
        }
    })
}

fn agree(one: Option<&Record>, other: Option<&Record>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            let may_be_gone = one.freshness.expires != 0;
            let is_gone = one.value.is_none() || other.value.is_none();
            one.freshness == other.freshness && (one.value == other.value || may_be_gone && is_gone)
        }
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn records(table: &dyn Table) -> Records {
    let mut records = Records::new();
    table.scan(Bound::Unbounded, &mut |key, record| {
        records.insert(key.to_vec(), record.to_record());
        ControlFlow::Continue(())
    });
    records
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use peer_ring_core::hlc::Stamp;
    use peer_ring_core::id::{Epoch, NodeId};
    use peer_ring_core::record::{Freshness, Version};

    use super::*;

    fn record(node: u64, expires: u64, value: Option<&'static str>) -> Record {
        let version = Version { epoch: Epoch(1), stamp: Stamp(7), node: NodeId(node) };
        let freshness = Freshness { version, touched: Stamp::ZERO, expires };
        Record { freshness, value: value.map(Bytes::from) }
    }

    fn verdict(one: Option<Record>, other: Option<Record>) -> Result<(), Violation> {
        let held = |record: Option<Record>| {
            record.map(|record| (b"key".to_vec(), record)).into_iter().collect::<Records>()
        };
        let owners = [(NodeIndex(0), held(one)), (NodeIndex(1), held(other))];
        check_partition(PartitionId(3), owners.into_iter())
    }

    #[test]
    fn equal_stamps_of_two_writers_are_two_versions() {
        let (one, other) = (record(1, 0, Some("a")), record(2, 0, Some("b")));
        assert_eq!(verdict(Some(one.clone()), Some(one.clone())), Ok(()));
        let text = verdict(Some(one), Some(other)).unwrap_err().text;
        assert!(text.contains("partition 3") && text.contains("n1") && text.contains("n2"));
    }

    #[test]
    fn a_record_that_one_replica_misses_is_reported() {
        assert!(verdict(Some(record(1, 0, Some("a"))), None).is_err());
        assert!(verdict(None, Some(record(1, 0, None))).is_err());
    }

    #[test]
    fn an_expiring_value_may_be_gone_on_one_of_them() {
        let (there, gone) = (record(1, 9, Some("a")), record(1, 9, None));
        assert_eq!(verdict(Some(there), Some(gone)), Ok(()));
        assert!(verdict(Some(record(1, 0, Some("a"))), Some(record(1, 0, None))).is_err());
        assert!(verdict(Some(record(1, 9, Some("a"))), Some(record(1, 9, Some("b")))).is_err());
    }
}
