//! A coordinator, its replica stores and their filling, as one actor.

mod message;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

pub use message::{ShardIn, ShardOut, ShardSettings};

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::coordinator::{self, Abandon, Ask, Coordinator};
use crate::fill::{self, Fill};
use crate::id::{Desk, Epoch, PartitionId, RequestId, Seat};
use crate::key::Partitions;
use crate::peer::{Body, Lane, Message, Refusal, Request, Response};
use crate::replica::{self, MemoryTable, Origin, ReplicaStore, TableStats};
use crate::view::View;
use crate::wiring::shard_of;

/// The longest a forwarded command may take, whatever its sender says.
const FORWARD_TIMEOUT_MAX: Duration = Duration::from_secs(60);

/// One thread's share of a node.
pub struct Shard {
    seat: Seat,
    partitions: Partitions,
    epoch: Epoch,
    coordinator: Coordinator,
    fill: Fill,
    /// By partition; `None` for those of other shards.
    replicas: Vec<Option<ReplicaStore>>,
    /// The deadline for which a timer is set, by partition.
    armed: Vec<Option<Instant>>,
    timers: BinaryHeap<Reverse<(Instant, PartitionId)>>,
    steps: VecDeque<Step>,
    from_coordinator: Outbox<coordinator::Out>,
    from_replica: Outbox<replica::Out>,
    from_fill: Outbox<fill::Out>,
}

/// One message from an inner actor to another.
enum Step {
    Coordinator(coordinator::In),
    Replica(PartitionId, replica::In),
    Fill(fill::In),
}

impl Shard {
    /// A shard whose records are in memory, and so all blank.
    #[must_use]
    pub fn in_memory(settings: ShardSettings) -> Self {
        let ShardSettings { seat, node, index, shards, partitions, coordinator, apps, .. } =
            settings;
        let desk = Desk::Shard(index);
        let is_mine = |partition: &PartitionId| shard_of(*partition, shards) == index;
        let store = |partition| {
            let table = Box::new(MemoryTable::new());
            is_mine(&partition)
                .then(|| ReplicaStore::new(partition, seat, table, apps.clone(), true))
        };
        let replicas: Vec<_> = partitions.iter().map(store).collect();
        let counts = apps.replica_counts();
        Self {
            seat,
            partitions,
            epoch: Epoch::default(),
            coordinator: Coordinator::new(seat, node, desk, coordinator, apps),
            fill: Fill::new(seat, node, desk, partitions.iter().filter(is_mine), counts),
            armed: vec![None; replicas.len()],
            replicas,
            timers: BinaryHeap::new(),
            steps: VecDeque::new(),
            from_coordinator: Outbox::new(),
            from_replica: Outbox::new(),
            from_fill: Outbox::new(),
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

    /// How many of its replicas are still blank.
    #[must_use]
    pub fn blank(&self) -> usize {
        self.fill.blank()
    }

    /// How many pages its blank replicas have asked for and not got.
    #[must_use]
    pub fn pages_inflight(&self) -> usize {
        self.fill.pages_inflight()
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
            && ring.epoch() != self.epoch
        {
            assert_eq!(ring.partitions(), self.partitions, "fixed when the cluster was created");
            self.epoch = ring.epoch();
            for (partition, store) in self.partitions.iter().zip(&self.replicas) {
                if store.is_some() {
                    let input = replica::In::Ring(ring.clone());
                    self.steps.push_back(Step::Replica(partition, input));
                }
            }
            self.steps.push_back(Step::Fill(fill::In::Ring(ring.clone())));
        }
        self.steps.push_back(Step::Coordinator(coordinator::In::View(view)));
    }

    fn peer(&mut self, from: Seat, message: Message, out: &mut Outbox<ShardOut>) {
        match message.body {
            Body::Request { id, request } => {
                self.request(from, id, message.epoch, request, out);
            }
            Body::Response { id, response } if id.is_background() => {
                self.steps.push_back(Step::Fill(fill::In::Answer { from, id, response }));
            }
            Body::Response { id, response } => {
                let input = coordinator::In::Answer { from, id, response };
                self.steps.push_back(Step::Coordinator(input));
            }
            Body::Leaving | Body::Standing(_) | Body::Ring(_) | Body::Chain(_) => {}
        }
    }

    fn request(
        &mut self,
        from: Seat,
        id: RequestId,
        epoch: Epoch,
        request: Request,
        out: &mut Outbox<ShardOut>,
    ) {
        let partition = request.partition(|key| self.partitions.of(key));
        let Some(partition) = partition.filter(|partition| self.has(*partition)) else {
            return self.respond(from, id, Response::Refused(Refusal::NotOwner), out);
        };
        match request {
            Request::Forward { .. } if self.epoch == Epoch::default() => {
                self.respond(from, id, Response::Refused(Refusal::NotReady), out);
            }
            Request::Forward { .. } if self.epoch != epoch => {
                self.respond(from, id, Response::Refused(Refusal::WrongEpoch), out);
            }
            Request::Forward { app, key, plan, command, timeout_ms } => {
                let timeout = Duration::from_millis(timeout_ms.into()).min(FORWARD_TIMEOUT_MAX);
                let ask = Ask { app, key, plan, command, timeout };
                let input = coordinator::In::Forwarded { from, id, ask };
                self.steps.push_back(Step::Coordinator(input));
            }
            Request::Cancel { .. } => {
                let whose = Abandon::Peer(from, id);
                self.steps.push_back(Step::Coordinator(coordinator::In::Abandon(whose)));
            }
            Request::Execute(_)
            | Request::Apply { .. }
            | Request::Fetch { .. }
            | Request::Copy { .. }
            | Request::Compare { .. }
            | Request::Offer { .. }
            | Request::Probe => {
                let from = Origin::Peer(from);
                let input = replica::In::Request { from, id, epoch, request };
                self.steps.push_back(Step::Replica(partition, input));
            }
        }
    }

    fn has(&self, partition: PartitionId) -> bool {
        self.replicas.get(usize::from(partition.0)).is_some_and(Option::is_some)
    }

    fn respond(&self, to: Seat, id: RequestId, response: Response, out: &mut Outbox<ShardOut>) {
        let message = Message { epoch: self.epoch, body: Body::Response { id, response } };
        out.push(ShardOut::Send { to, message });
    }

    fn send(&self, to: Seat, id: RequestId, request: Request, out: &mut Outbox<ShardOut>) {
        let message = Message { epoch: self.epoch, body: Body::Request { id, request } };
        out.push(ShardOut::Send { to, message });
    }

    /// Hands over what the inner actors say until nothing is left to say.
    fn run(&mut self, now: Now, out: &mut Outbox<ShardOut>) {
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Coordinator(input) => {
                    self.coordinator.handle(now, input, &mut self.from_coordinator);
                    self.route_coordinator(out);
                }
                Step::Replica(partition, input) => {
                    if let Some(store) = &mut self.replicas[usize::from(partition.0)] {
                        store.handle(now, input, &mut self.from_replica);
                        self.arm(partition);
                        self.route_replica(partition, out);
                    }
                }
                Step::Fill(input) => {
                    self.fill.handle(now, input, &mut self.from_fill);
                    self.route_fill(out);
                }
            }
        }
        self.coordinator.end_turn();
    }

    fn route_coordinator(&mut self, out: &mut Outbox<ShardOut>) {
        while let Some(order) = self.from_coordinator.pop() {
            match order {
                coordinator::Out::Local { id, partition, request } => {
                    let (from, epoch) = (Origin::Here, self.epoch);
                    let input = replica::In::Request { from, id, epoch, request };
                    self.steps.push_back(Step::Replica(partition, input));
                }
                coordinator::Out::Lead { id, partition, app, command, stamp, .. } => {
                    let input = replica::In::Lead { id, app, command, stamp };
                    self.steps.push_back(Step::Replica(partition, input));
                }
                coordinator::Out::Send { to, id, request } => self.send(to, id, request, out),
                coordinator::Out::Respond { to, id, response } => {
                    self.respond(to, id, response, out);
                }
                coordinator::Out::Reply { caller, result } => {
                    out.push(ShardOut::Reply { caller, result });
                }
            }
        }
    }

    fn route_replica(&mut self, partition: PartitionId, out: &mut Outbox<ShardOut>) {
        while let Some(order) = self.from_replica.pop() {
            match order {
                replica::Out::Answer { to: Origin::Here, id, response } => {
                    let input = coordinator::In::Answer { from: self.seat, id, response };
                    self.steps.push_back(Step::Coordinator(input));
                }
                replica::Out::Answer { to: Origin::Peer(to), id, response } => {
                    self.respond(to, id, response, out);
                }
                replica::Out::Led { id, outcome } => {
                    let input = coordinator::In::Led { id, outcome };
                    self.steps.push_back(Step::Coordinator(input));
                }
                replica::Out::PeerIsBlank { peer, node } => {
                    let input = fill::In::PeerIsBlank { peer, node, partition };
                    self.steps.push_back(Step::Fill(input));
                }
            }
        }
    }

    fn route_fill(&mut self, out: &mut Outbox<ShardOut>) {
        while let Some(order) = self.from_fill.pop() {
            match order {
                fill::Out::Send { to, id, request } => self.send(to, id, request, out),
                fill::Out::Merge(partition, records) => {
                    self.steps.push_back(Step::Replica(partition, replica::In::Fill(records)));
                }
                fill::Out::Trusted(partition) => {
                    self.steps.push_back(Step::Replica(partition, replica::In::Trusted));
                }
            }
        }
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
            ShardIn::Peer { from, message } => self.peer(from, message, out),
            ShardIn::Undelivered { id, .. } if id.is_background() => {
                self.steps.push_back(Step::Fill(fill::In::Undelivered { id }));
            }
            ShardIn::Undelivered { to, id, may_have_arrived } => {
                let input = coordinator::In::Undelivered { to, id, may_have_arrived };
                self.steps.push_back(Step::Coordinator(input));
            }
            ShardIn::LinkLost { seat, lane: Lane::Foreground } => {
                self.steps.push_back(Step::Coordinator(coordinator::In::LinkLost(seat)));
            }
            ShardIn::LinkLost { seat, lane: Lane::Background } => {
                self.steps.push_back(Step::Fill(fill::In::LinkLost(seat)));
            }
        }
        self.run(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        let replicas = self.timers.peek().map(|Reverse((at, _))| *at);
        let others = [self.coordinator.deadline(), self.fill.deadline(), replicas];
        others.into_iter().flatten().min()
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<ShardOut>) {
        self.coordinator.wake(now, &mut self.from_coordinator);
        self.route_coordinator(out);
        self.fill.wake(now, &mut self.from_fill);
        self.route_fill(out);
        self.wake_replicas(now, out);
        self.run(now, out);
    }
}
