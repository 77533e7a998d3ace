//! A node: a machine with clocks, and on it, while it is up, the production actors.

use std::collections::BTreeSet;
use std::time::Duration;

use peer_ring_core::actor::{Actor, Instant, Now};
use peer_ring_core::app::Apps;
use peer_ring_core::id::{ClusterId, Desk, NodeId, NodeName, Seat};
use peer_ring_core::identity::{Identity, Kept};
use peer_ring_core::ring::Member;
use peer_ring_core::wiring::{Control, ControlSettings, Shard, ShardSettings};
use peer_ring_core::{chain, steward};
use peer_ring_proto::hello::Protocols;

use crate::cluster::Cluster;
use crate::random::Stream;
use crate::time::{Moment, Time};
use crate::world::clock::Clock;
use crate::world::disk::Disk;
use crate::world::event::{NodeEvent, NodeIndex};

/// A machine and the node on it.
pub struct Node {
    /// Its name.
    pub name: NodeName,
    /// Its seat: the hash of its name.
    pub seat: Seat,
    /// Its clocks.
    pub clock: Clock,
    /// Whether it is one of those that found the cluster.
    is_founder: bool,
    /// How often it was started.
    pub starts: u32,
    /// When it last lost its memory.
    pub crashed_at: Option<Moment>,
    /// What waits for it while it is paused, oldest first; `None` while it is not.
    pub paused: Option<Vec<NodeEvent>>,
    /// Which versions of the wire it speaks from its next start on.
    pub wire: Protocols,
    /// What it keeps from one start to the next, if it has anything to keep it on.
    pub disk: Option<Disk>,
    /// The node itself, while it is up.
    pub life: Option<Life>,
    ids: Stream,
}

/// A node that is up.
pub struct Life {
    /// Which start of the node this is.
    pub start: u32,
    /// The identity of its data: another one at every start, since it has them in memory.
    pub id: NodeId,
    /// The identity of its memory of what it voted for.
    pub vote: NodeId,
    /// Whether it was told to hand over what it has, and go.
    pub is_leaving: bool,
    /// Whom it keeps links to, as far as they are its to dial.
    pub wanted: BTreeSet<NodeIndex>,
    /// Which versions of the wire it speaks.
    pub wire: Protocols,
    /// Membership and ring view.
    pub control: Control,
    /// The rest, in as many shares as the node has threads.
    pub shards: Vec<Shard>,
    /// For when each actor's next wake is on the agenda: the control actor's, then the shards'.
    armed: Vec<Option<Time>>,
}

impl Node {
    /// A machine on which no node was started yet.
    #[must_use]
    pub fn new(seed: u64, index: NodeIndex, cluster: &Cluster) -> Self {
        let wire = cluster.wire.get(index.at()).copied().unwrap_or(Protocols::OURS);
        let stream = || Stream::new(seed, "disk", &[index.0.into()]);
        let disk = cluster.disk.clone().map(|takes| Disk::new(takes, stream()));
        let name = NodeName::new(&index.to_string()).expect("a letter and a number are a name");
        Self {
            seat: name.seat(),
            name,
            clock: Clock::new(),
            is_founder: !cluster.spares.contains(&index),
            starts: 0,
            crashed_at: None,
            paused: None,
            wire,
            disk,
            life: None,
            ids: Stream::new(seed, "identity", &[index.0.into()]),
        }
    }

    /// Starts the node with nothing in its memory.
    pub fn start(&mut self, cluster: &Cluster, apps: &Apps) {
        assert!(self.life.is_none(), "{} is up already", self.name);
        self.starts += 1;
        let fresh = Kept { id: self.fresh_id(), vote: self.fresh_id() };
        let kept = self.disk.as_ref().and_then(Disk::identity);
        let Identity { id, vote, has_records } = Identity::at_start(kept, false, fresh);
        let state = self.disk.as_mut().map(|disk| disk.start(Kept { id, vote }));
        let settings = |index| ShardSettings {
            seat: self.seat,
            node: id,
            index,
            shards: cluster.shards,
            partitions: cluster.ring.partitions,
            coordinator: cluster.coordinator.clone(),
            has_records,
            transfers: cluster.transfers.clone(),
            apps: apps.clone(),
        };
        let shards: Vec<_> =
            (0..cluster.shards).map(|index| Shard::in_memory(settings(index))).collect();
        let armed = vec![None; shards.len() + 1];
        let me = Member {
            id,
            vote,
            address: self.name.as_str().into(),
            ..Member::new(self.name.clone())
        };
        let control = Control::new(self.control_settings(cluster, me, state.unwrap_or_default()));
        self.life = Some(Life {
            start: self.starts,
            id,
            vote,
            is_leaving: false,
            wanted: BTreeSet::new(),
            wire: self.wire,
            control,
            shards,
            armed,
        });
    }

    fn control_settings(
        &mut self,
        cluster: &Cluster,
        me: Member,
        kept: chain::State,
    ) -> ControlSettings {
        // Before the first start there was no cluster that could come to it.
        let is_first = self.starts == 1;
        // One that comes later is told to found nothing: it comes to a cluster. Nor is one that comes
        // back where there are such: with enough of them on its side of a partition it would found
        // another cluster, since nobody there has ever heard of the first.
        let is_told_to_found = self.is_founder && (is_first || cluster.spares.is_empty());
        let bootstrap_expect =
            if is_told_to_found { cluster.founders().count() } else { usize::MAX };
        let alone_for = if is_first { Duration::ZERO } else { cluster.steward.alone_for };
        let bytes_per_second = cluster.transfers.bytes_per_second;
        ControlSettings {
            me,
            founding: ClusterId(self.fresh_id().0),
            membership: cluster.membership.clone(),
            ring: cluster.ring.clone(),
            steward: steward::Settings {
                bootstrap_expect,
                alone_for,
                bytes_per_second,
                ..cluster.steward.clone()
            },
            wire: self.wire.max,
            shards: cluster.shards,
            kept,
        }
    }

    /// An identity that nobody has. Zero is nobody's ever.
    fn fresh_id(&mut self) -> NodeId {
        NodeId(self.ids.draw() | 1)
    }

    /// The life with this number, if it is still that one.
    pub fn life_of(&mut self, start: u32) -> Option<&mut Life> {
        self.life.as_mut().filter(|life| life.start == start)
    }

    /// When the wake of the actor at `desk` must be on the agenda, if it is not there yet.
    pub fn arm(&mut self, desk: Desk, time: Time) -> Option<Time> {
        let life = self.life.as_mut()?;
        let at = self.clock.when(life.deadline(desk)?).max(time);
        let armed = &mut life.armed[slot(desk)];
        if armed.is_some_and(|armed| armed <= at) {
            return None;
        }
        *armed = Some(at);
        Some(at)
    }

    /// Forgets for when wakes are on the agenda: those that are there will be ignored.
    pub fn disarm(&mut self) {
        if let Some(life) = &mut self.life {
            life.armed.fill(None);
        }
    }
}

impl Life {
    /// Takes the wake of the actor at `desk` off the agenda. Whether it is due, by its own clock.
    pub fn is_due(&mut self, desk: Desk, time: Time, now: Now) -> bool {
        let armed = &mut self.armed[slot(desk)];
        if armed.is_none_or(|armed| armed > time) {
            return false;
        }
        *armed = None;
        self.deadline(desk).is_some_and(|deadline| deadline <= now.tick)
    }

    fn deadline(&self, desk: Desk) -> Option<Instant> {
        match desk {
            Desk::Control => self.control.deadline(),
            Desk::Shard(index) => self.shards[usize::from(index)].deadline(),
        }
    }
}

fn slot(desk: Desk) -> usize {
    match desk {
        Desk::Control => 0,
        Desk::Shard(index) => usize::from(index) + 1,
    }
}
