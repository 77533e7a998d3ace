//! The coordinator: takes a client's command to the replicas of its key, and answers.
//!
//! An owner of the key coordinates. A node that is none forwards the command once, with what is
//! left of the client's deadline. Each command is an [`op::Op`] that moves through stages, one
//! file each; here is what they share: admission, deadlines, and who is asked first.

mod forward;
mod latency;
mod op;
mod owner;
mod read;
mod write;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Duration;

use ahash::AHashMap;
use bytes::Bytes;
use smallvec::SmallVec;

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::app::{Apps, Kind, Plan};
use crate::failure::Failure;
use crate::hlc::Clock;
use crate::id::{AppId, CallerId, Desk, NodeId, PartitionId, RequestId, Seat};
use crate::key::Key;
use crate::peer::{Refusal, Request, Response};
use crate::record::Version;
use crate::replica;
use crate::ring::Ring;
use crate::view::View;

use latency::Latency;
use op::{Client, Op, Stage};

/// The bounds within which a coordinator works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Most commands under way; one more is refused at once.
    pub inflight_max: usize,
    /// Most bytes of commands under way; a command that would exceed it is refused at once.
    pub inflight_bytes_max: usize,
    /// A read turns to a spare replica not before this.
    pub hedge_after_min: Duration,
    /// A read turns to a spare replica at the latest after this.
    pub hedge_after_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            inflight_max: 16_384,
            inflight_bytes_max: 256 * 1024 * 1024,
            hedge_after_min: Duration::from_millis(5),
            hedge_after_max: Duration::from_millis(250),
        }
    }
}

/// A client's command.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Whose command it is.
    pub app: AppId,
    /// Where its key lies.
    pub key: Key,
    /// How it runs.
    pub plan: Plan,
    /// The command, in the app's encoding.
    pub command: Bytes,
    /// How long the caller waits.
    pub timeout: Duration,
}

/// What can happen to a coordinator.
#[derive(Debug)]
pub enum In {
    /// The ring or the peers' health has changed.
    View(View),
    /// A caller on this node asks.
    Ask {
        /// Who is to be answered.
        caller: CallerId,
        /// What is asked.
        ask: Ask,
    },
    /// A peer forwards a client's command.
    Forwarded {
        /// Which peer.
        from: Seat,
        /// The peer's id for it.
        id: RequestId,
        /// What is asked.
        ask: Ask,
    },
    /// A caller, or the peer on its behalf, does not wait any more.
    Abandon(Abandon),
    /// A replica, perhaps this node's own, has answered.
    Answer {
        /// Whose replica.
        from: Seat,
        /// The request's id.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// This node's replica, as the primary, has run a command.
    Led {
        /// The request's id.
        id: RequestId,
        /// What came of it.
        outcome: Result<replica::Led, Refusal>,
    },
    /// A request will not be answered.
    Undelivered {
        /// Whom it was for.
        to: Seat,
        /// The request's id.
        id: RequestId,
        /// Whether it may have reached the peer all the same.
        may_have_arrived: bool,
    },
    /// The link to a peer broke: what was sent over it will not be answered.
    LinkLost(Seat),
}

/// Who does not wait any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abandon {
    /// A caller on this node.
    Caller(CallerId),
    /// The peer that forwarded a command under this id.
    Peer(Seat, RequestId),
}

/// What a coordinator asks for.
#[derive(Debug)]
pub enum Out {
    /// Give this to this node's own replica of the partition.
    Local {
        /// The request's id, for the answer.
        id: RequestId,
        /// Whose replica.
        partition: PartitionId,
        /// The request.
        request: Request,
    },
    /// Let this node's own replica run a command as the primary.
    Lead {
        /// The request's id, for the answer.
        id: RequestId,
        /// Whose replica.
        partition: PartitionId,
        /// Whose command it is.
        app: AppId,
        /// The command.
        command: Bytes,
        /// The version of what it writes.
        stamp: Version,
    },
    /// Send a request to a peer.
    Send {
        /// Which peer.
        to: Seat,
        /// The request's id, for the answer.
        id: RequestId,
        /// The request.
        request: Request,
    },
    /// Answer a peer that forwarded a command.
    Respond {
        /// Which peer.
        to: Seat,
        /// The peer's id for it.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// Answer a caller.
    Reply {
        /// Which caller.
        caller: CallerId,
        /// The app's reply, or why there is none.
        result: Result<Bytes, Failure>,
    },
}

/// How often things happened that an operator wants to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Reads that turned to a spare replica because one was late.
    pub hedged_reads: u64,
    /// Reads that brought stale replicas up to date.
    pub read_repairs: u64,
    /// Writes that were stamped again because they met something newer.
    pub restamped_writes: u64,
    /// Commands that were handed on to an owner.
    pub forwarded: u64,
    /// Commands refused for want of room.
    pub overloaded: u64,
}

impl Counters {
    /// Adds another coordinator's.
    pub fn add(&mut self, other: Self) {
        self.hedged_reads += other.hedged_reads;
        self.read_repairs += other.read_repairs;
        self.restamped_writes += other.restamped_writes;
        self.forwarded += other.forwarded;
        self.overloaded += other.overloaded;
    }
}

/// Takes commands to replicas; one for each shard of a node.
pub struct Coordinator {
    seat: Seat,
    node: NodeId,
    desk: Desk,
    settings: Settings,
    apps: Apps,
    view: View,
    clock: Clock,
    requests: u64,
    ops: AHashMap<RequestId, Op>,
    /// Where a client's command stands, for those that did not end in the turn they came in.
    clients: AHashMap<Client, RequestId>,
    bytes: usize,
    timers: BinaryHeap<Reverse<(Instant, RequestId)>>,
    /// Operations that no timer watches yet.
    fresh: Vec<RequestId>,
    latencies: AHashMap<Seat, Latency>,
    counters: Counters,
}

impl Coordinator {
    /// The coordinator of the shard `desk` of the node `node` on `seat`.
    #[must_use]
    pub fn new(seat: Seat, node: NodeId, desk: Desk, settings: Settings, apps: Apps) -> Self {
        let hasher = || ahash::RandomState::with_seeds(seat.0, 0, 0, 0);
        Self {
            seat,
            node,
            desk,
            settings,
            apps,
            view: View::default(),
            clock: Clock::default(),
            requests: 0,
            ops: AHashMap::with_hasher(hasher()),
            clients: AHashMap::with_hasher(hasher()),
            bytes: 0,
            timers: BinaryHeap::new(),
            fresh: Vec::new(),
            latencies: AHashMap::with_hasher(hasher()),
            counters: Counters::default(),
        }
    }

    /// How many commands are under way.
    #[must_use]
    pub fn inflight(&self) -> usize {
        self.ops.len()
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn take(&mut self, now: Now, client: Client, ask: Ask, out: &mut Outbox<Out>) {
        match self.admit(&ask) {
            Ok(ring) => self.start(now, client, ask, &ring, out),
            Err(failure) => finish(client, Err(failure), out),
        }
    }

    fn admit(&mut self, ask: &Ask) -> Result<Arc<Ring>, Failure> {
        let ring = self.view.ring.clone().ok_or(Failure::NotReady)?;
        let bytes = self.bytes.saturating_add(ask.command.len());
        let has_room = self.ops.len() < self.settings.inflight_max
            && (self.ops.is_empty() || bytes <= self.settings.inflight_bytes_max);
        if !has_room {
            self.counters.overloaded += 1;
            return Err(Failure::Overloaded);
        }
        Ok(ring)
    }

    fn start(
        &mut self,
        now: Now,
        client: Client,
        ask: Ask,
        ring: &Ring,
        out: &mut Outbox<Out>,
    ) {
        let partition = ring.partition(ask.key);
        let owners = ring.owners(partition, ask.plan.n.min(ring.replicas()));
        let mut op = Op {
            client,
            app: ask.app,
            key: ask.key,
            partition,
            plan: ask.plan,
            command: ask.command,
            deadline: now.tick + ask.timeout,
            owners: SmallVec::from_slice(owners),
            is_maybe_written: false,
            stage: Stage::Lead,
        };
        if usize::from(op.wanted()) > op.owners.len() {
            let failure = op.not_met(false);
            return finish(client, Err(failure), out);
        }
        let is_here = match op.plan.kind {
            Kind::Read | Kind::Write => op.owners.contains(&self.seat),
            Kind::Owner => op.owners[0] == self.seat,
        };
        let id = self.next_id();
        if is_here {
            match op.plan.kind {
                Kind::Read => self.begin_read(now, id, &mut op, out),
                Kind::Write => self.send_write(now, id, &mut op, out),
                Kind::Owner => self.begin_lead(now, id, &op, out),
            }
        } else if let Client::Peer(to, id) = client {
            let response = Response::Refused(Refusal::NotOwner);
            return out.push(Out::Respond { to, id, response });
        } else if let Err(failure) = self.begin_forward(now, id, &mut op, out) {
            return finish(client, Err(failure), out);
        }
        self.keep(id, op);
    }

    /// Keeps an operation that waits for answers under the id they will bear.
    fn keep(&mut self, id: RequestId, op: Op) {
        self.bytes += op.command.len();
        self.ops.insert(id, op);
    }

    /// Takes an operation out, to be finished or kept again.
    fn remove(&mut self, id: RequestId) -> Option<Op> {
        let op = self.ops.remove(&id)?;
        self.bytes -= op.command.len();
        Some(op)
    }

    /// Answers the client of an operation that was taken out.
    fn end(&mut self, op: &Op, result: Result<Bytes, Failure>, out: &mut Outbox<Out>) {
        self.clients.remove(&op.client);
        finish(op.client, result, out);
    }

    fn next_id(&mut self) -> RequestId {
        self.requests += 1;
        let id = RequestId::new(self.desk, self.requests);
        self.fresh.push(id);
        id
    }

    fn stamp(&mut self, now: Now) -> Version {
        Version { stamp: self.clock.tick(now.wall), node: self.node }
    }

    /// Sends a request to the replica at `seat`, be it this node's own or a peer's.
    fn send(
        &self,
        partition: PartitionId,
        seat: Seat,
        id: RequestId,
        request: Request,
        out: &mut Outbox<Out>,
    ) {
        if seat == self.seat {
            out.push(Out::Local { id, partition, request });
        } else {
            out.push(Out::Send { to: seat, id, request });
        }
    }

    /// The indices of `owners`, those first that are likely to answer soonest.
    fn by_speed(&self, owners: &[Seat]) -> SmallVec<[u8; 8]> {
        let mut order: SmallVec<[(_, _, u8); 8]> = SmallVec::new();
        for (index, seat) in (0..).zip(owners) {
            if *seat == self.seat {
                order.push((crate::view::PeerState::Alive, 0, index));
                continue;
            }
            let mean = self.latencies.get(seat).map_or(1, |latency| latency.mean_ns());
            order.push((self.view.health.state(*seat), mean, index));
        }
        order.sort_unstable();
        order.into_iter().map(|(_, _, index)| index).collect()
    }

    fn sample(&mut self, seat: Seat, time: Duration) {
        if seat != self.seat {
            self.latencies.entry(seat).or_default().sample(time);
        }
    }

    fn answer(
        &mut self,
        now: Now,
        from: Seat,
        id: RequestId,
        response: Response,
        out: &mut Outbox<Out>,
    ) {
        let Some(mut op) = self.remove(id) else {
            return;
        };
        let Some(index) = op.index_of(from) else {
            return self.keep(id, op);
        };
        let verdict = match op.stage {
            Stage::Read(_) => self.read_answer(now, &mut op, index, id, response, out),
            Stage::Repair(_) => self.repair_answer(&mut op, index, id, response, out),
            Stage::Write(_) => self.write_answer(now, &mut op, index, response),
            Stage::Replicate(_) => self.replicate_answer(&mut op, index, &response),
            Stage::Forward(_) => self.forward_answer(now, &mut op, index, id, response, out),
            Stage::Lead => Verdict::Wait,
        };
        self.settle(now, id, op, verdict, out);
    }

    fn undelivered(
        &mut self,
        now: Now,
        to: Seat,
        id: RequestId,
        may_have_arrived: bool,
        out: &mut Outbox<Out>,
    ) {
        let Some(mut op) = self.remove(id) else {
            return;
        };
        let Some(index) = op.index_of(to) else {
            return self.keep(id, op);
        };
        op.is_maybe_written |= may_have_arrived;
        let verdict = match op.stage {
            Stage::Read(_) => self.read_failed(now, &mut op, index, id, out),
            Stage::Repair(_) => self.repair_failed(&op),
            Stage::Write(_) => self.write_failed(&mut op, index),
            Stage::Replicate(_) => self.replicate_failed(&mut op, index),
            Stage::Forward(_) => {
                self.forward_failed(now, &mut op, index, id, may_have_arrived, out)
            }
            Stage::Lead => Verdict::Wait,
        };
        self.settle(now, id, op, verdict, out);
    }

    /// Takes every request for `seat` that is under way as lost, in the order of their ids.
    fn link_lost(&mut self, now: Now, seat: Seat, out: &mut Outbox<Out>) {
        let waits = |op: &Op| op.index_of(seat).is_some_and(|index| op.waits_for(index));
        let waiting = self.ops.iter().filter(|(_, op)| waits(op));
        let mut ids: Vec<_> = waiting.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        for id in ids {
            self.undelivered(now, seat, id, true, out);
        }
    }

    fn settle(
        &mut self,
        now: Now,
        id: RequestId,
        mut op: Op,
        verdict: Verdict,
        out: &mut Outbox<Out>,
    ) {
        match verdict {
            Verdict::Wait => self.keep(id, op),
            Verdict::WaitAs(id) => self.keep(id, op),
            Verdict::End(result) => self.end(&op, result, out),
            Verdict::WriteAgain => {
                self.counters.restamped_writes += 1;
                let id = self.next_id();
                self.send_write(now, id, &mut op, out);
                self.keep(id, op);
            }
        }
    }

    /// Tells the coordinator that all that followed from an input has been handled.
    ///
    /// Deadlines are set here, for the commands that are still under way: most commands that
    /// touch this node's replica only have ended by now and never need one.
    pub fn end_turn(&mut self) {
        while let Some(id) = self.fresh.pop() {
            if let Some(op) = self.ops.get(&id) {
                self.timers.push(Reverse((op.due(), id)));
                self.clients.insert(op.client, id);
            }
        }
    }

    fn abandon(&mut self, whose: Abandon, out: &mut Outbox<Out>) {
        let client = match whose {
            Abandon::Caller(caller) => Client::Caller(caller),
            Abandon::Peer(seat, id) => Client::Peer(seat, id),
        };
        let Some(id) = self.clients.remove(&client) else {
            return;
        };
        let Some(op) = self.remove(id) else {
            return;
        };
        if let Stage::Forward(forward) = &op.stage {
            let to = op.owners[usize::from(forward.to)];
            out.push(Out::Send { to, id, request: Request::Cancel { key: op.key } });
        }
    }
}

/// What an answer means for the operation it belongs to.
enum Verdict {
    /// It goes on waiting.
    Wait,
    /// It goes on waiting, for answers to requests with another id.
    WaitAs(RequestId),
    /// Its client is answered.
    End(Result<Bytes, Failure>),
    /// Its write is sent again with a later stamp.
    WriteAgain,
}

fn finish(client: Client, result: Result<Bytes, Failure>, out: &mut Outbox<Out>) {
    out.push(match client {
        Client::Caller(caller) => Out::Reply { caller, result },
        Client::Peer(to, id) => Out::Respond { to, id, response: Response::Forwarded(result) },
    });
}

impl Actor for Coordinator {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In, out: &mut Outbox<Out>) {
        match input {
            In::View(view) => self.view = view,
            In::Ask { caller, ask } => self.take(now, Client::Caller(caller), ask, out),
            In::Forwarded { from, id, ask } => self.take(now, Client::Peer(from, id), ask, out),
            In::Abandon(whose) => self.abandon(whose, out),
            In::Answer { from, id, response } => self.answer(now, from, id, response, out),
            In::Led { id, outcome } => self.led(id, outcome, out),
            In::Undelivered { to, id, may_have_arrived } => {
                self.undelivered(now, to, id, may_have_arrived, out);
            }
            In::LinkLost(seat) => self.link_lost(now, seat, out),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let timed = self.timers.peek().map(|Reverse((at, _))| *at);
        let fresh = self.fresh.iter().filter_map(|id| self.ops.get(id)).map(Op::due).min();
        timed.into_iter().chain(fresh).min()
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<Out>) {
        self.end_turn();
        while let Some(&Reverse((at, id))) = self.timers.peek() {
            if at > now.tick {
                return;
            }
            self.timers.pop();
            let Some(due) = self.ops.get(&id).map(Op::due) else {
                continue;
            };
            if due > now.tick {
                self.timers.push(Reverse((due, id)));
                continue;
            }
            let Some(mut op) = self.remove(id) else {
                continue;
            };
            if op.deadline <= now.tick {
                let failure = op.timed_out();
                self.end(&op, Err(failure), out);
                continue;
            }
            self.hedge_read(now, &mut op, id, out);
            self.timers.push(Reverse((op.due(), id)));
            self.keep(id, op);
        }
    }
}

#[cfg(test)]
#[path = "coordinator/tests.rs"]
mod tests;
