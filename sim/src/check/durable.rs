//! An acknowledged write is held by as many replicas as were asked to hold it, and what a read
//! shows by as many as answered it.
//!
//! That is what the answer says; a write that is held by fewer is not lost yet, but the next crash
//! may lose it, and the next reader miss it. So this looks into the replicas at the moment in which
//! a client is answered: as many owners as had to answer must count, and hold the version that was
//! written or shown, or a newer one that replaced it. An owner that lost its memory since the
//! operation began may have held it too. Owners are those of the newest ring that anybody knows:
//! whoever came to be one has copied what was acknowledged before, and while the ring moves those
//! who are to be owners are asked beside them and not in their place.

use bytes::Bytes;
use peer_ring_core::app::{App, table_key};
use peer_ring_core::id::{AppId, PartitionId};
use peer_ring_core::key::Key;
use peer_ring_core::record::Version;
use peer_ring_kv::Kv;

use crate::check::{Violation, newest};
use crate::history::Operation;
use crate::store;
use crate::world::{NodeIndex, World};

/// The name of this checker.
pub const NAME: &str = "durable";

/// Whether what has just been acknowledged or shown is held by `wanted` owners.
///
/// # Errors
/// How many hold it, when those are fewer.
pub fn check(world: &World, operation: &Operation, wanted: u8) -> Result<(), Violation> {
    let Some(version) = newest::version(operation) else {
        return Ok(());
    };
    let place = Place::of(world, operation.key);
    let counts = |node: &NodeIndex| {
        let has_forgotten =
            world.crashed_at(*node).is_some_and(|crashed_at| crashed_at > operation.invoked);
        has_forgotten || place.held(world, *node).is_some_and(|held| held >= version)
    };
    let owners = place.owners(world);
    let all = u8::try_from(owners.len()).expect("at most sixteen owners");
    let holders = owners.filter(counts).count();
    verdict(holders, wanted.min(all), version, operation)
}

/// Where the record of a key is.
pub(super) struct Place {
    partition: PartitionId,
    /// Under which key of the replica's table.
    stored: Bytes,
}

impl Place {
    /// The place of a key of the store.
    pub(super) fn of(world: &World, key: u32) -> Self {
        let name = store::key_name(key);
        // The default namespace is the empty one: no more than the length of its name, zero.
        let stored = table_key(AppId::of(Kv::NAME), &[&[0], &name[..]].concat());
        Self { partition: world.cluster().ring.partitions.of(Key::new(&name)), stored }
    }

    /// The nodes that own it.
    pub(super) fn owners(&self, world: &World) -> impl ExactSizeIterator<Item = NodeIndex> {
        world.owners(self.partition)
    }

    /// Whether `node` can be asked for it by who knows the newest ring.
    pub(super) fn is_current(&self, world: &World, node: NodeIndex) -> bool {
        world.is_current(node, self.partition)
    }

    /// The version that `node` holds there; `None` when what it holds does not count.
    pub(super) fn held(&self, world: &World, node: NodeIndex) -> Option<Version> {
        let replica = world.replica(node, self.partition);
        let replica = replica.filter(|_| world.counts(node, self.partition))?;
        let record = replica.table().get(&self.stored);
        Some(record.map_or(Version::NONE, |record| record.freshness.version))
    }
}

fn verdict(
    holders: usize,
    wanted: u8,
    version: Version,
    operation: &Operation,
) -> Result<(), Violation> {
    if holders >= usize::from(wanted) {
        return Ok(());
    }
    let text =
        format!("{holders} replicas hold version {version:?}, and {wanted} should: {operation}");
    Err(Violation::new(NAME, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Call, Outcome};
    use crate::time::Moment;

    #[test]
    fn a_write_that_fewer_hold_than_said_so_is_reported() {
        let write = Operation {
            client: 0,
            node: NodeIndex(0),
            key: 0,
            call: Call::Delete,
            invoked: Moment::default(),
            outcome: Outcome::Unknown,
        };
        assert_eq!(verdict(2, 2, Version::NONE, &write), Ok(()));
        let text = verdict(1, 2, Version::NONE, &write).unwrap_err().text;
        assert!(text.starts_with("1 replicas hold"), "{text}");
    }
}
