//! The coordinator: takes a client's command to the replicas of its key, and answers.
//!
//! An owner of the key coordinates. A node that is none forwards the command once, with what is
//! left of the client's deadline. Each command is an `Op` that moves through stages, one file each;
//! here is what they share: who is let in, under which id, and until when. What fails because the
//! ring is changing waits here and is tried again (see the file `parked.rs`).

mod begin;
mod forward;
mod latency;
mod message;
mod op;
mod owner;
mod parked;
mod progress;
mod read;
mod repair;
mod timers;
mod write;

use std::sync::Arc;
use std::time::Duration;

use ahash::AHashMap;
use bytes::Bytes;

pub use message::{Abandon, Ask, In, Out};

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::app::Apps;
use crate::failure::Failure;
use crate::hlc::Clock;
use crate::id::{Desk, NodeId, PartitionId, RequestId, RequestIds, Seat};
use crate::peer::{Request, Response};
use crate::rare::{Mark, reached, switched_on};
use crate::record::Version;
use crate::ring::Ring;
use crate::view::View;
use latency::Latency;
use op::{Client, Op, Stage};
use progress::Verdict;
use timers::Timers;

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
    /// Commands that waited for another ring, or for a primary.
    pub parked: u64,
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
        self.parked += other.parked;
        self.overloaded += other.overloaded;
    }
}

/// Takes commands to replicas; one for each shard of a node.
pub struct Coordinator {
    seat: Seat,
    node: NodeId,
    settings: Settings,
    apps: Apps,
    view: View,
    clock: Clock,
    ids: RequestIds,
    /// Boxed, since a command is taken out and put back at each step.
    ops: AHashMap<RequestId, Box<Op>>,
    /// Where a client's command stands, for those that did not end in the turn they came in.
    clients: AHashMap<Client, RequestId>,
    bytes: usize,
    parked: usize,
    timers: Timers,
    /// Operations whose timer is to be set at the end of the turn.
    untimed: Vec<RequestId>,
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
            settings,
            apps,
            view: View::default(),
            clock: Clock::default(),
            ids: RequestIds::new(desk, node),
            ops: AHashMap::with_hasher(hasher()),
            clients: AHashMap::with_hasher(hasher()),
            bytes: 0,
            parked: 0,
            timers: Timers::new(),
            untimed: Vec::new(),
            latencies: AHashMap::with_hasher(hasher()),
            counters: Counters::default(),
        }
    }

    /// How many commands are under way.
    #[must_use]
    pub fn inflight(&self) -> usize {
        self.ops.len()
    }

    /// How many of them wait for another ring, or for a moment.
    #[must_use]
    pub fn parked(&self) -> usize {
        self.parked
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
        if self.apps.get(ask.app).is_none() {
            return Err(Failure::UnknownApp { app: ask.app.0 });
        }
        let bytes = self.bytes.saturating_add(ask.command.len());
        let has_room = self.ops.len() < self.settings.inflight_max
            && (self.ops.is_empty() || bytes <= self.settings.inflight_bytes_max);
        if !has_room {
            reached(Mark::AdmissionFull);
        }
        if !has_room || switched_on(Mark::RefuseAsIfFull) {
            self.counters.overloaded += 1;
            return Err(Failure::Overloaded);
        }
        Ok(ring)
    }

    /// Keeps an operation that waits for answers under the id they will bear.
    fn keep(&mut self, id: RequestId, op: Box<Op>) {
        self.bytes += op.command.len();
        self.parked += usize::from(op.is_parked());
        self.ops.insert(id, op);
    }

    /// Takes an operation out, to be finished or kept again.
    fn remove(&mut self, id: RequestId) -> Option<Box<Op>> {
        let op = self.ops.remove(&id)?;
        self.bytes -= op.command.len();
        self.parked -= usize::from(op.is_parked());
        Some(op)
    }

    /// Answers the client of an operation that was taken out.
    fn end(&mut self, op: &Op, result: Result<Bytes, Failure>, out: &mut Outbox<Out>) {
        self.clients.remove(&op.client);
        finish(op.client, result.map_err(|failure| op.failed_at_last(failure)), out);
    }

    fn next_id(&mut self) -> RequestId {
        let id = self.ids.draw();
        self.untimed.push(id);
        id
    }

    /// The version of what a command for `partition` writes that is coordinated now.
    fn stamp(&mut self, now: Now, partition: PartitionId) -> Version {
        let epoch = self.view.ring.as_ref().map(|ring| ring.since(partition)).unwrap_or_default();
        Version { epoch, stamp: self.clock.tick(now.wall), node: self.node }
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

    /// Tells the coordinator that all that followed from an input has been handled.
    ///
    /// Deadlines are set here, for the commands that are still under way: most commands that
    /// touch this node's replica only have ended by now and never need one.
    pub fn end_turn(&mut self) {
        while let Some(id) = self.untimed.pop() {
            if let Some(op) = self.ops.get(&id) {
                self.timers.set(op.due(), id);
                self.clients.insert(op.client, id);
            }
        }
        self.timers.tidy(|id| self.ops.contains_key(&id));
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
        reached(Mark::Abandoned);
        if let Stage::Forward(forward) = &op.stage {
            let to = op.seat(forward.to);
            out.push(Out::Send { to, id, request: Request::Cancel { key: op.key } });
        }
    }
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
            In::View(view) => self.see(now, view, out),
            In::Ask { caller, ask } => self.take(now, Client::Caller(caller), ask, out),
            // The network delivered it twice; the first is under way, and will be answered.
            In::Forwarded { from, id, .. }
                if self.clients.contains_key(&Client::Peer(from, id)) =>
            {
                reached(Mark::ForwardTwice);
            }
            In::Forwarded { from, id, ask } => self.take(now, Client::Peer(from, id), ask, out),
            In::Abandon(whose) => self.abandon(whose, out),
            In::Answer { from, id, response } => self.answer(now, from, id, response, out),
            In::Led { id, outcome } => self.led(now, id, outcome, out),
            In::Undelivered { to, id, may_have_arrived } => {
                self.undelivered(now, to, id, may_have_arrived, out);
            }
            In::LinkLost(seat) => self.link_lost(now, seat, out),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let untimed = self.untimed.iter().filter_map(|id| Some(self.ops.get(id)?.due()));
        untimed.chain(self.timers.next_at()).min()
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<Out>) {
        self.end_turn();
        while let Some(id) = self.timers.pop_due(now.tick) {
            let Some(mut op) = self.remove(id) else {
                continue;
            };
            if op.deadline <= now.tick {
                reached(Mark::TimedOut);
                let mut result = Err(op.timed_out());
                if crate::planted!("time-out-is-success") {
                    result = op.reply_so_far().map_or(result, Ok);
                }
                self.end(&op, result, out);
                if crate::planted!("never-forgotten") {
                    self.keep(id, op);
                }
                continue;
            }
            if op.due() <= now.tick {
                if let Stage::Parked(_) = op.stage {
                    self.unpark(now, op, out);
                    continue;
                }
                self.hedge_read(now, &mut op, id, out);
            }
            self.timers.set(op.due(), id);
            self.keep(id, op);
        }
    }
}

#[cfg(test)]
mod tests;
