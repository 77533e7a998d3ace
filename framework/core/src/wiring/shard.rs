//! A coordinator, its replica stores, and what moves data to and from them, as one actor.

mod message;
mod peer;
mod progress;
mod route;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

pub use message::{ShardIn, ShardOut, ShardSettings};

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::coordinator::{self, Abandon, Coordinator};
use crate::copying::{self, Copying};
use crate::drain::{self, Drain};
use crate::id::{Desk, PartitionId, Seat};
use crate::key::Partitions;
use crate::peer::Lane;
use crate::replica::{self, MemoryTable, ReplicaStore, TableStats};
use crate::ring::Ring;
use crate::transfer::{Counters, Trickle};
use crate::view::View;
use crate::wiring::shard_of;
use progress::Said;

/// One thread's share of a node.
pub struct Shard {
    seat: Seat,
    partitions: Partitions,
    ring: Option<Arc<Ring>>,
    coordinator: Coordinator,
    copying: Copying,
    drain: Drain,
    /// By partition; `None` for those of other shards.
    replicas: Vec<Option<ReplicaStore>>,
    /// The deadline for which a timer is set, by partition.
    armed: Vec<Option<Instant>>,
    timers: BinaryHeap<Reverse<(Instant, PartitionId)>>,
    steps: VecDeque<Step>,
    from_coordinator: Outbox<coordinator::Out>,
    from_replica: Outbox<replica::Out>,
    from_copying: Outbox<copying::Out>,
    from_drain: Outbox<drain::Out>,
    /// With more commands under way than this, data trickles; whether it does; what still goes.
    foreground_max: usize,
    is_foreground_busy: bool,
    trickle: Trickle,
    /// What this shard's replicas have handed over, and refused to.
    counters: Counters,
    /// Whether what they are to have may have changed since it was said.
    has_moved: bool,
    said: Said,
}

/// One message from an inner actor to another.
enum Step {
    Coordinator(coordinator::In),
    Replica(PartitionId, replica::In),
    Copying(copying::In),
    Drain(drain::In),
}

impl Shard {
    /// A shard whose records are in memory.
    #[must_use]
    pub fn in_memory(settings: ShardSettings) -> Self {
        let ShardSettings { seat, node, index, shards, partitions, coordinator, .. } = settings;
        let ShardSettings { has_records, transfers, apps, .. } = settings;
        let desk = Desk::Shard(index);
        let is_mine = |partition: &PartitionId| shard_of(*partition, shards) == index;
        let store = |partition| {
            let table = Box::new(MemoryTable::new());
            is_mine(&partition)
                .then(|| ReplicaStore::new(partition, seat, node, table, apps.clone(), has_records))
        };
        let replicas: Vec<_> = partitions.iter().map(store).collect();
        let counts = apps.replica_counts();
        Self {
            seat,
            partitions,
            ring: None,
            coordinator: Coordinator::new(seat, node, desk, coordinator, apps),
            foreground_max: transfers.foreground_max,
            drain: Drain::new(node, desk, &transfers),
            copying: Copying::new(seat, node, desk, &transfers, counts),
            armed: vec![None; replicas.len()],
            replicas,
            timers: BinaryHeap::new(),
            steps: VecDeque::new(),
            from_coordinator: Outbox::new(),
            from_replica: Outbox::new(),
            from_copying: Outbox::new(),
            from_drain: Outbox::new(),
            is_foreground_busy: false,
            trickle: Trickle::default(),
            counters: Counters::default(),
            has_moved: false,
            said: Said::default(),
        }
    }

    /// What its replicas hold.
    #[must_use]
    pub fn stats(&self) -> TableStats {
        let mut sum = TableStats::default();
        for replica in self.replicas.iter().flatten() {
            sum.add(replica.stats());
        }
        sum
    }

    /// How many of its replicas are to have what they do not have yet; all of them before there is
    /// a ring.
    #[must_use]
    pub fn blank(&self) -> usize {
        match self.ring {
            Some(_) => self.said.pending(),
            None => self.replicas.iter().flatten().count(),
        }
    }

    /// How many pages were asked for, or offered, and not answered: at most as many of either as
    /// [`crate::transfer::Settings::pages_max`].
    #[must_use]
    pub fn pages_inflight(&self) -> usize {
        self.copying.pages_inflight() + self.drain.pages_inflight()
    }

    /// Its coordinator, for inspection.
    #[must_use]
    pub fn coordinator(&self) -> &Coordinator {
        &self.coordinator
    }

    /// Its replicas, for inspection.
    pub fn replicas(&self) -> impl Iterator<Item = (PartitionId, &ReplicaStore)> {
        let stores = self.partitions.iter().zip(&self.replicas);
        stores.filter_map(|(partition, store)| Some((partition, store.as_ref()?)))
    }

    fn set_view(&mut self, view: View) {
        if let Some(ring) = &view.ring
            && ring.epoch() > self.epoch()
        {
            assert_eq!(ring.partitions(), self.partitions, "fixed when the cluster was created");
            self.ring = Some(ring.clone());
            // Replicas first: whoever is told that they are laid out anew can rely on it.
            for (partition, store) in self.partitions.iter().zip(&self.replicas) {
                if store.is_some() {
                    let input = replica::In::Ring(ring.clone());
                    self.steps.push_back(Step::Replica(partition, input));
                }
            }
            self.steps.push_back(Step::Copying(copying::In::Ring(ring.clone())));
            self.steps.push_back(Step::Drain(drain::In::Ring(ring.clone())));
        }
        self.steps.push_back(Step::Coordinator(coordinator::In::View(view)));
    }

    fn has(&self, partition: PartitionId) -> bool {
        self.replicas.get(usize::from(partition.0)).is_some_and(Option::is_some)
    }

    /// Sets the timer of a replica store whose deadline has changed.
    fn arm(&mut self, partition: PartitionId) {
        let at = usize::from(partition.0);
        let deadline = self.replicas[at].as_ref().and_then(Actor::deadline);
        if deadline != self.armed[at] {
            self.armed[at] = deadline;
            self.timers.extend(deadline.map(|at| Reverse((at, partition))));
        }
    }

    fn wake_replicas(&mut self, now: Now, out: &mut Outbox<ShardOut>) {
        while let Some(&Reverse((at, partition))) = self.timers.peek() {
            if at > now.tick {
                return;
            }
            self.timers.pop();
            let slot = usize::from(partition.0);
            if self.armed[slot] != Some(at) {
                continue;
            }
            self.armed[slot] = None;
            if let Some(store) = &mut self.replicas[slot] {
                store.wake(now, &mut self.from_replica);
                self.arm(partition);
                self.route_replica(partition, out);
            }
        }
    }
}

impl Actor for Shard {
    type In = ShardIn;
    type Out = ShardOut;

    fn handle(&mut self, now: Now, input: ShardIn, out: &mut Outbox<ShardOut>) {
        match input {
            ShardIn::View(view) => self.set_view(view),
            ShardIn::Ask { caller, ask } => {
                assert!(self.has(self.partitions.of(ask.key)), "asked of the key's own shard");
                self.steps.push_back(Step::Coordinator(coordinator::In::Ask { caller, ask }));
            }
            ShardIn::Abandon(caller) => {
                let whose = Abandon::Caller(caller);
                self.steps.push_back(Step::Coordinator(coordinator::In::Abandon(whose)));
            }
            ShardIn::Peer { from, message } => self.peer(now, from, message, out),
            ShardIn::Undelivered { id, .. } if self.drain.awaits(id) => {
                self.steps.push_back(Step::Drain(drain::In::Undelivered { id }));
            }
            ShardIn::Undelivered { id, .. } if id.is_background() => {
                self.steps.push_back(Step::Copying(copying::In::Undelivered { id }));
            }
            ShardIn::Undelivered { to, id, may_have_arrived } => {
                let input = coordinator::In::Undelivered { to, id, may_have_arrived };
                self.steps.push_back(Step::Coordinator(input));
            }
            ShardIn::LinkLost { seat, lane: Lane::Foreground } => {
                self.steps.push_back(Step::Coordinator(coordinator::In::LinkLost(seat)));
            }
            ShardIn::LinkLost { seat, lane: Lane::Background } => {
                self.steps.push_back(Step::Copying(copying::In::LinkLost(seat)));
                self.steps.push_back(Step::Drain(drain::In::LinkLost(seat)));
            }
        }
        self.run(now, out);
        self.look_at_bytes_later(now);
        self.report(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        let replicas = self.timers.peek().map(|Reverse((at, _))| *at);
        let movers = [self.copying.deadline(), self.drain.deadline(), self.said.deadline()];
        let others = [self.coordinator.deadline(), replicas];
        movers.into_iter().chain(others).flatten().min()
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<ShardOut>) {
        self.coordinator.wake(now, &mut self.from_coordinator);
        self.route_coordinator(out);
        self.copying.wake(now, &mut self.from_copying);
        self.route_copying();
        self.drain.wake(now, &mut self.from_drain);
        self.route_drain();
        self.wake_replicas(now, out);
        self.run(now, out);
        self.report(now, out);
    }
}
