//! Looking into a world: what checkers and budgets know, and no node does.

use std::sync::Arc;

use peer_ring_core::actor::{Now, Wall};
use peer_ring_core::id::{NodeId, PartitionId, Seat};
use peer_ring_core::peer::Lane;
use peer_ring_core::replica::ReplicaStore;
use peer_ring_core::ring::{Member, Ring};
use peer_ring_core::view::{PeerState, View};
use peer_ring_core::wiring::shard_of;
use peer_ring_proto::WireVersion;

use crate::check::ring::Rings;
use crate::cluster::Cluster;
use crate::time::{Moment, Time};
use crate::trace::Trace;
use crate::world::World;
use crate::world::disk::Disk;
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

    /// The newest ring that any node has ever followed: it was decided, whoever knows it yet.
    #[must_use]
    pub fn ring(&self) -> Option<&Arc<Ring>> {
        self.rings.newest()
    }

    /// The newest ring that is known, or kept on a disk, when `node` has lost its memory.
    #[must_use]
    pub fn ring_without(&self, node: NodeIndex) -> Option<&Arc<Ring>> {
        let others = self.up().filter(|other| *other != node);
        let known = others.filter_map(|other| self.view(other)?.ring.as_ref());
        let kept = self.nodes.iter().filter_map(|node| node.disk.as_ref()?.ring());
        known.chain(kept).max_by_key(|ring| ring.epoch())
    }

    /// Whether the ring moves, as far as `node` knows.
    pub(super) fn is_moving(&self, node: NodeIndex) -> bool {
        let ring = self.view(node).and_then(|view| view.ring.as_ref());
        ring.is_some_and(|ring| ring.is_moving())
    }

    /// The nodes that own `partition` and hold its records, the first of the list first.
    pub fn owners(&self, partition: PartitionId) -> impl ExactSizeIterator<Item = NodeIndex> {
        let seats = self.ring().map(|ring| ring.owners(partition, self.holders));
        seats.unwrap_or_default().iter().map(|seat| self.index_of(*seat))
    }

    /// The nodes that are to own `partition` and to hold its records; none while its owners stay.
    pub fn targets(&self, partition: PartitionId) -> impl ExactSizeIterator<Item = NodeIndex> {
        let seats = self.ring().and_then(|ring| ring.targets(partition, self.holders));
        seats.unwrap_or_default().iter().map(|seat| self.index_of(*seat))
    }

    /// How many of a partition's owners hold its records.
    #[must_use]
    pub fn holders(&self) -> u8 {
        self.holders
    }

    /// The nodes that are up.
    pub fn up(&self) -> impl Iterator<Item = NodeIndex> {
        self.nodes().filter(|node| self.is_up(*node))
    }

    /// Whether `node` is up, and was told to hand over what it has, and go.
    #[must_use]
    pub fn is_leaving(&self, node: NodeIndex) -> bool {
        self.nodes[node.at()].life.as_ref().is_some_and(|life| life.is_leaving)
    }

    /// Whether the newest ring names the node that is up on this machine, by its data.
    #[must_use]
    pub fn is_named(&self, node: NodeIndex) -> bool {
        let member = self.ring().and_then(|ring| ring.member(self.nodes[node.at()].seat));
        member.is_some_and(|member| self.id(node) == Some(member.id))
    }

    /// Whether this member's memory of what it voted for is there, now or after its next start.
    #[must_use]
    pub fn can_vote(&self, member: &Member) -> bool {
        let machine = &self.nodes[self.index_of(member.seat()).at()];
        let kept = machine.disk.as_ref().and_then(Disk::identity).map(|kept| kept.vote);
        let vote = machine.life.as_ref().map(|life| life.vote).or(kept);
        vote == Some(member.vote)
    }

    /// Whether votes survive a crash.
    #[must_use]
    pub fn keeps_votes(&self) -> bool {
        self.cluster.disk.is_some()
    }

    /// The first node from this one on, by number, that is up and in the ring.
    #[must_use]
    pub fn member_from(&self, node: NodeIndex) -> Option<NodeIndex> {
        let (before, after): (Vec<_>, Vec<_>) = self.nodes().partition(|other| *other < node);
        after.into_iter().chain(before).find(|node| self.is_named(*node))
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

    /// How many bytes of keys and values all nodes together hold.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let lives = self.nodes.iter().filter_map(|node| node.life.as_ref());
        let shards = lives.flat_map(|life| &life.shards).map(|shard| shard.stats());
        shards.map(|stats| stats.bytes).sum()
    }

    /// How many records `node` holds of each partition, while it is up.
    pub fn held(&self, node: NodeIndex) -> impl Iterator<Item = (PartitionId, u64)> {
        let life = self.nodes[node.at()].life.as_ref();
        let shards = life.into_iter().flat_map(|life| &life.shards);
        let replicas = shards.flat_map(peer_ring_core::wiring::Shard::replicas);
        replicas.map(|(partition, replica)| {
            let stats = replica.stats();
            (partition, stats.records + stats.tombstones)
        })
    }

    /// Whether `node` holds, of `partition`, whatever was acknowledged.
    #[must_use]
    pub fn is_trusted(&self, node: NodeIndex, partition: PartitionId) -> bool {
        self.replica(node, partition).is_some_and(ReplicaStore::is_trusted)
    }

    /// Whether `node` counts, of `partition`, in the layout that it knows.
    #[must_use]
    pub fn counts(&self, node: NodeIndex, partition: PartitionId) -> bool {
        let has_ring = self.view(node).is_some_and(|view| view.ring.is_some());
        let replica = self.replica(node, partition);
        has_ring && replica.is_some_and(|replica| !replica.is_blank())
    }

    /// Whether `node` knows how `partition` is laid out by the newest ring, and so answers whoever
    /// follows that.
    #[must_use]
    pub fn is_current(&self, node: NodeIndex, partition: PartitionId) -> bool {
        let known = self.view(node).and_then(|view| view.ring.as_ref());
        let since = |ring: &Arc<Ring>| ring.since(partition);
        known.is_some() && known.map(since) == self.ring().map(since)
    }

    /// How many replicas of all nodes are blank; those of nodes that are down are not counted.
    #[must_use]
    pub fn blank(&self) -> usize {
        let lives = self.nodes.iter().filter_map(|node| node.life.as_ref());
        lives.flat_map(|life| &life.shards).map(|shard| shard.blank()).sum()
    }

    /// How many partitions `node` says it holds something of that are others'.
    #[must_use]
    pub fn strays(&self, node: NodeIndex) -> u32 {
        let life = self.nodes[node.at()].life.as_ref();
        life.map_or(0, |life| life.control.ring_view().known().own().strays)
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

    /// Whether members are up whose newest versions of the wire differ.
    fn is_mixed(&self) -> bool {
        let named = self.up().filter(|node| self.is_named(*node));
        let mut newest =
            named.filter_map(|node| Some(self.nodes[node.at()].life.as_ref()?.wire.max));
        let first = newest.next();
        newest.any(|other| Some(other) != first)
    }

    /// Whether there are too few members to hold each record as often as it is to be held, and nobody
    /// lets others in since nodes of several releases are up.
    #[must_use]
    pub fn is_stunted(&self) -> bool {
        let members = self.up().filter(|node| self.is_named(*node)).count();
        self.is_mixed() && members < usize::from(self.holders)
    }

    /// Whether all that was to happen has happened: see [`World::is_unfinished`].
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_unfinished().is_none()
    }

    /// What is still to happen before all nodes that are up are members of one settled ring and
    /// nobody else is, each holds what it owns and nothing else, and all are linked, see each other
    /// alive and are told of each other by discovery; `None` when nothing is.
    #[must_use]
    pub fn is_unfinished(&self) -> Option<String> {
        let Some(ring) = self.ring() else {
            return Some("there is no ring".to_owned());
        };
        let is_mixed = self.is_mixed();
        // Nobody joins or goes by itself while releases are mixed.
        let up: Vec<_> = self.up().filter(|node| !is_mixed || self.is_named(*node)).collect();
        if ring.is_moving() {
            return Some(format!("ring {} is moving", ring.epoch()));
        }
        if let Some(node) = up.iter().find(|node| !self.is_named(**node)) {
            return Some(format!("ring {} does not name {node} as it is", ring.epoch()));
        }
        // Who wants to go goes all the same, but with others' joining, which waits.
        let is_held = is_mixed && self.up().any(|node| !self.is_named(node));
        if let Some(node) = up.iter().find(|node| !is_held && self.is_leaving(**node)) {
            return Some(format!("{node} is to leave, and has not"));
        }
        if ring.members().len() > up.len() {
            let (members, up) = (ring.members().len(), up.len());
            return Some(format!("ring {} has {members} members, and {up} are up", ring.epoch()));
        }
        if !ring.deposed().is_empty() {
            return Some(format!("in ring {} somebody is deposed", ring.epoch()));
        }
        for node in &up {
            let Some(view) = self.view(*node) else {
                continue;
            };
            if view.ring.as_ref().map(|ring| ring.epoch()) != Some(ring.epoch()) {
                return Some(format!("{node} does not know ring {}", ring.epoch()));
            }
            let is_alive = |other: &NodeIndex| {
                let seat = self.nodes[other.at()].seat;
                other == node || view.health.state(seat) == PeerState::Alive
            };
            if let Some(other) = up.iter().find(|other| !is_alive(other)) {
                return Some(format!("{node} does not see {other} alive"));
            }
        }
        let untold = |node: &NodeIndex| Some((*node, self.untold(*node)?));
        if let Some((node, other)) = up.iter().find_map(untold) {
            return Some(format!("discovery does not show {other} to {node}"));
        }
        if let Some(node) = up.iter().find(|node| self.strays(**node) > 0) {
            return Some(format!("{node} still holds what is others'"));
        }
        match (self.blank(), self.network.is_whole(self.now.at, &up)) {
            (0, true) => None,
            (0, false) => Some("not all links stand".to_owned()),
            (blank, _) => Some(format!("{blank} replicas are blank")),
        }
    }
}
