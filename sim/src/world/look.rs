//! Looking into a world: what checkers and budgets know, and no node does.

use std::sync::Arc;

use peer_ring_core::actor::{Now, Wall};
use peer_ring_core::id::{NodeId, PartitionId, Seat};
use peer_ring_core::peer::Lane;
use peer_ring_core::replica::ReplicaStore;
use peer_ring_core::ring::Ring;
use peer_ring_core::view::{PeerState, View};
use peer_ring_core::wiring::shard_of;
use peer_ring_proto::WireVersion;

use crate::check::ring::Rings;
use crate::cluster::Cluster;
use crate::time::{Moment, Time};
use crate::trace::Trace;
use crate::world::World;
use crate::world::event::{Hop, NodeIndex};
use crate::world::network::Traffic;

impl World {
    /// The number of the last event, and the time.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.now
    }

    /// The cluster in it.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// What happened so far.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What happened to messages so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.network.traffic()
    }

    /// The rings that nodes followed so far.
    #[must_use]
    pub fn rings(&self) -> &Rings {
        &self.rings
    }

    /// All nodes.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = NodeIndex> + Clone + use<> {
        (0..self.cluster.nodes).map(NodeIndex)
    }

    /// What the clocks of a node show.
    #[must_use]
    pub fn clock(&self, node: NodeIndex) -> Now {
        self.node_now(node)
    }

    /// Whether a node is up.
    #[must_use]
    pub fn is_up(&self, node: NodeIndex) -> bool {
        self.nodes[node.at()].life.is_some()
    }

    /// Which version of the wire a node speaks to a peer, while a link stands as it sees it.
    #[must_use]
    pub fn spoken(&self, hop: Hop, lane: Lane) -> Option<WireVersion> {
        self.network.session(hop, lane).map(|session| session.wire)
    }

    /// When a node last lost its memory, if it ever did.
    #[must_use]
    pub fn crashed_at(&self, node: NodeIndex) -> Option<Moment> {
        self.nodes[node.at()].crashed_at
    }

    /// The latest time that any node's wall clock has shown so far.
    #[must_use]
    pub fn latest_wall(&self) -> Wall {
        let shown = self.nodes().map(|node| self.node_now(node).wall);
        shown.fold(self.latest_wall, Wall::max)
    }

    /// The earliest time that any node's wall clock has shown from `since` on.
    #[must_use]
    pub fn earliest_wall(&self, since: Time) -> Wall {
        let shown = self.nodes.iter().map(|node| node.clock.earliest_wall(since));
        shown.min().expect("a cluster has a node at least")
    }

    /// The node on `seat`.
    ///
    /// # Panics
    /// When there is no such seat: nodes only know those of the cluster.
    #[must_use]
    pub fn index_of(&self, seat: Seat) -> NodeIndex {
        *self.by_seat.get(&seat).expect("every seat is one of the cluster's")
    }

    /// The ring, once any node that is up has one. In this version it never changes.
    #[must_use]
    pub fn ring(&self) -> Option<&Arc<Ring>> {
        let lives = self.nodes.iter().filter_map(|node| node.life.as_ref());
        lives.filter_map(|life| life.control.view().ring.as_ref()).next()
    }

    /// The nodes that own `partition` and hold its records, the primary first.
    pub fn owners(&self, partition: PartitionId) -> impl ExactSizeIterator<Item = NodeIndex> {
        let seats = self.ring().map(|ring| ring.owners(partition, self.holders));
        seats.unwrap_or_default().iter().map(|seat| self.index_of(*seat))
    }

    /// The identity of the data of `node`, while that is up.
    #[must_use]
    pub fn id(&self, node: NodeIndex) -> Option<NodeId> {
        self.nodes[node.at()].life.as_ref().map(|life| life.id)
    }

    /// What `node` knows of its cluster, while it is up.
    #[must_use]
    pub fn view(&self, node: NodeIndex) -> Option<&View> {
        self.nodes[node.at()].life.as_ref().map(|life| life.control.view())
    }

    /// The replica of `partition` on `node`, while that is up.
    #[must_use]
    pub fn replica(&self, node: NodeIndex, partition: PartitionId) -> Option<&ReplicaStore> {
        let life = self.nodes[node.at()].life.as_ref()?;
        let shard = &life.shards[usize::from(shard_of(partition, self.cluster.shards))];
        shard.replicas().find(|(held, _)| *held == partition).map(|(_, replica)| replica)
    }

    /// Whether `node` holds, of `partition`, whatever was acknowledged.
    #[must_use]
    pub fn is_trusted(&self, node: NodeIndex, partition: PartitionId) -> bool {
        self.replica(node, partition).is_some_and(|replica| !replica.is_blank())
    }

    /// How many replicas of all nodes are blank; those of nodes that are down are not counted.
    #[must_use]
    pub fn blank(&self) -> usize {
        let lives = self.nodes.iter().filter_map(|node| node.life.as_ref());
        lives.flat_map(|life| &life.shards).map(|shard| shard.blank()).sum()
    }

    /// How many commands the coordinators of a node have under way.
    #[must_use]
    pub fn inflight(&self, node: NodeIndex) -> usize {
        let life = self.nodes[node.at()].life.as_ref();
        let shards = life.iter().flat_map(|life| &life.shards);
        shards.map(|shard| shard.coordinator().inflight()).sum()
    }

    /// How many commands, and how many pages, each shard of a node has under way.
    pub fn under_way(&self, node: NodeIndex) -> impl Iterator<Item = (usize, usize)> {
        let life = self.nodes[node.at()].life.as_ref();
        let shards = life.into_iter().flat_map(|life| &life.shards);
        shards.map(|shard| (shard.coordinator().inflight(), shard.pages_inflight()))
    }

    /// Whether every node is up, filled, linked to every other one, and sees it alive.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let sees_all = |at: usize| {
            let Some(life) = &self.nodes[at].life else {
                return false;
            };
            let view = life.control.view();
            let others = self.nodes.iter().enumerate().filter(|(other, _)| *other != at);
            view.ring.is_some()
                && others
                    .map(|(_, node)| view.health.state(node.seat))
                    .all(|state| state == PeerState::Alive)
        };
        self.blank() == 0
            && self.network.is_whole(self.now.at)
            && (0..self.nodes.len()).all(sees_all)
    }
}
