//! The wiring: which actor hears what another one says.
//!
//! A node is one [`Control`] (membership and ring view) and one [`Shard`] per thread (a
//! coordinator, the replica stores of every so-many-th partition, and what moves their data). Each
//! is an actor made of actors: what one inner actor says to another is handed over in the same
//! call, and only what leaves the node, or one of these for another, comes out. Production and the
//! simulator run exactly these.

mod control;
mod shard;

pub use control::{Control, ControlIn, ControlOut, ControlSettings};
pub use shard::{Shard, ShardIn, ShardOut, ShardSettings};

use crate::id::{Desk, PartitionId};
use crate::key::Partitions;
use crate::peer::{Body, Message};

/// Which shard of a node with `shards` of them has the replica of `partition`, and coordinates
/// the commands for its keys.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "less than `shards`")]
pub fn shard_of(partition: PartitionId, shards: u8) -> u8 {
    assert!(shards > 0, "a node has at least one shard");
    (partition.0 % u16::from(shards)) as u8
}

/// Which actor of a node with `shards` shards takes a peer's message.
#[must_use]
pub fn desk_of(message: &Message, partitions: Partitions, shards: u8) -> Desk {
    match &message.body {
        Body::Request { request, .. } => match request.partition(|key| partitions.of(key)) {
            Some(partition) => Desk::Shard(shard_of(partition, shards)),
            None => Desk::Control,
        },
        Body::Response { id, .. } => match id.desk() {
            Desk::Shard(index) if index >= shards => Desk::Control,
            desk => desk,
        },
        Body::Leaving | Body::Standing(_) | Body::Ring(_) | Body::Chain(_) => Desk::Control,
    }
}

#[cfg(test)]
mod tests;
