//! What a configuration comes to: the actors of a node, and how it introduces itself to peers.

use std::collections::BTreeSet;

use peer_ring_core::actor::Wall;
use peer_ring_core::app::Apps;
use peer_ring_core::id::{Epoch, NodeId};
use peer_ring_core::wiring::{Control, Shard, ShardSettings};
use peer_ring_proto::hello::{Identity, Protocols};

use crate::config::Config;

impl Config {
    /// How a node with this configuration introduces itself to peers.
    pub(crate) fn identity(&self, node: NodeId, incarnation: Wall) -> Identity {
        Identity {
            cluster: self.cluster.clone(),
            name: self.name.clone(),
            node,
            incarnation: incarnation.0,
            protocols: Protocols::OURS.at_most(self.links.wire_max.number()),
            capabilities: BTreeSet::new(),
            ring_epoch: Epoch::default(),
            ring_fingerprint: 0,
        }
    }

    /// One of its shards, of which there are `shards`.
    pub(crate) fn shard(&self, node: NodeId, index: u8, shards: u8, apps: Apps) -> Shard {
        Shard::in_memory(ShardSettings {
            seat: self.name.seat(),
            node,
            index,
            shards,
            partitions: self.ring.partitions,
            coordinator: self.coordinator.clone(),
            apps,
        })
    }

    /// Its membership and ring view.
    pub(crate) fn control(&self) -> Control {
        Control::new(self.name.clone(), self.membership.clone(), self.ring.clone())
    }
}
