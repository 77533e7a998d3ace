//! An acknowledged write is held by as many replicas as were asked to hold it.
//!
//! That is what the acknowledgement says; a write that is held by fewer is not lost yet, but the
//! next crash may lose it. So this looks into the replicas at the moment in which a client is told
//! that its write was done: w owners that count must hold the version that was written, or a newer
//! one that replaced it. An owner that lost its memory since the write began may have held it too.

use peer_ring_core::app::{App, table_key};
use peer_ring_core::id::AppId;
use peer_ring_core::key::Key;
use peer_ring_core::record::Version;
use peer_ring_kv::Kv;

use crate::check::Violation;
use crate::history::Operation;
use crate::store;
use crate::world::{NodeIndex, World};

/// The name of this checker.
pub const NAME: &str = "durable";

/// Whether the write that has just been acknowledged is held by `wanted` owners.
///
/// # Errors
/// How many hold it, when those are fewer.
pub fn check(world: &World, write: &Operation, wanted: u8) -> Result<(), Violation> {
    let Some(done) = write.done() else {
        return Ok(());
    };
    let key = store::key_name(write.key);
    let partition = world.cluster().ring.partitions.of(Key::new(&key));
    // The default namespace is the empty one: no more than the length of its name, zero.
    let stored = table_key(AppId::of(Kv::NAME), &[&[0], &key[..]].concat());
    let counts = |node: NodeIndex| {
        let has_forgotten =
            world.crashed_at(node).is_some_and(|crashed_at| crashed_at > write.invoked);
        let replica = world.replica(node, partition).filter(|replica| !replica.is_blank());
        let held = replica.and_then(|replica| replica.table().get(&stored));
        has_forgotten || held.is_some_and(|record| record.freshness.version >= done.version)
    };
    let holders = world.owners(partition).into_iter().filter(|owner| counts(*owner)).count();
    verdict(holders, wanted, done.version, write)
}

fn verdict(
    holders: usize,
    wanted: u8,
    version: Version,
    write: &Operation,
) -> Result<(), Violation> {
    if holders >= usize::from(wanted) {
        return Ok(());
    }
    let text = format!("{holders} replicas hold version {version:?}, and {wanted} should: {write}");
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
