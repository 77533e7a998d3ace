//! What a configuration comes to: the actors of a node, and how it introduces itself to peers.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use peer_ring_core::actor::Wall;
use peer_ring_core::app::Apps;
use peer_ring_core::chain;
use peer_ring_core::id::{ClusterId, Epoch};
use peer_ring_core::identity::Identity;
use peer_ring_core::ring::Member;
use peer_ring_core::wiring::{ControlSettings, Shard, ShardSettings};
use peer_ring_proto::hello::{self, Protocols};

use crate::config::Config;

impl Config {
    /// How a node with this configuration introduces itself to peers.
    pub(crate) fn introduction(&self, who: Identity, incarnation: Wall) -> hello::Identity {
        hello::Identity {
            cluster: self.cluster.clone(),
            name: self.name.clone(),
            node: who.id,
            incarnation: incarnation.0,
            protocols: Protocols::OURS.at_most(self.links.wire_max.number()),
            capabilities: BTreeSet::new(),
            ring_epoch: Epoch::default(),
            ring_fingerprint: 0,
            cluster_id: ClusterId::default(),
        }
    }

    /// One of its shards, of which there are `shards`.
    pub(crate) fn shard(&self, who: Identity, index: u8, shards: u8, apps: Apps) -> Shard {
        Shard::in_memory(ShardSettings {
            seat: self.name.seat(),
            node: who.id,
            index,
            shards,
            partitions: self.ring.partitions,
            coordinator: self.coordinator.clone(),
            has_records: who.has_records,
            transfers: self.transfers.clone(),
            apps,
        })
    }

    /// What its control actor is made of, when it listens for its peers here.
    pub(crate) fn control(
        &self,
        who: Identity,
        founding: ClusterId,
        kept: chain::State,
        listens_at: SocketAddr,
    ) -> ControlSettings {
        let own = self.own_sighting(listens_at);
        let me = Member {
            zone: own.zone,
            weight: own.weight,
            id: who.id,
            vote: who.vote,
            address: own.address.into(),
            ..Member::new(own.name)
        };
        ControlSettings {
            me,
            founding,
            membership: self.membership.clone(),
            ring: self.ring.clone(),
            steward: self.steward(),
            wire: self.links.wire_max.number(),
            shards: self.threads,
            kept,
        }
    }
}
