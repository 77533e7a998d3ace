//! Who of a shard's inner actors hears what another one says.

use crate::actor::{Actor, Now, Outbox};
use crate::coordinator;
use crate::copying;
use crate::drain;
use crate::id::{PartitionId, RequestId, Seat};
use crate::peer::{Refusal, Request, Response};
use crate::replica::{self, Origin, bytes_in};
use crate::transfer::Kind;
use crate::wiring::ShardOut;
use crate::wiring::shard::{Shard, Step};

impl Shard {
    /// Hands over what the inner actors say until nothing is left to say.
    pub(super) fn run(&mut self, now: Now, out: &mut Outbox<ShardOut>) {
        loop {
            while let Some(step) = self.steps.pop_front() {
                self.step(now, step, out);
            }
            self.weigh_foreground();
            if self.steps.is_empty() {
                break;
            }
        }
        self.coordinator.end_turn();
    }

    fn step(&mut self, now: Now, step: Step, out: &mut Outbox<ShardOut>) {
        match step {
            Step::Coordinator(input) => {
                self.coordinator.handle(now, input, &mut self.from_coordinator);
                self.route_coordinator(out);
            }
            Step::Replica(partition, input) => {
                self.has_moved |= is_about_moves(&input);
                if let Some(store) = &mut self.replicas[usize::from(partition.0)] {
                    store.handle(now, input, &mut self.from_replica);
                    self.arm(partition);
                    self.route_replica(partition, out);
                }
            }
            Step::Copying(input) => {
                self.copying.handle(now, input, &mut self.from_copying);
                self.route_copying();
            }
            Step::Drain(input) => {
                self.drain.handle(now, input, &mut self.from_drain);
                self.route_drain();
            }
        }
    }

    /// Says whether data waits for clients' commands when that changes. Those that are parked wait
    /// themselves, and perhaps for just that data.
    fn weigh_foreground(&mut self) {
        let under_way = self.coordinator.inflight() - self.coordinator.parked();
        let is_busy = under_way > self.foreground_max;
        if is_busy != self.is_foreground_busy {
            self.is_foreground_busy = is_busy;
            self.steps.push_back(Step::Copying(copying::In::ForegroundBusy(is_busy)));
            self.steps.push_back(Step::Drain(drain::In::ForegroundBusy(is_busy)));
        }
    }

    pub(super) fn route_coordinator(&mut self, out: &mut Outbox<ShardOut>) {
        while let Some(order) = self.from_coordinator.pop() {
            match order {
                coordinator::Out::Local { id, partition, request } => {
                    let (from, epoch) = (Origin::Here, self.since(partition));
                    let input = replica::In::Request { from, id, epoch, request };
                    self.steps.push_back(Step::Replica(partition, input));
                }
                coordinator::Out::Lead { id, partition, app, command, stamp, as_primary } => {
                    let input = replica::In::Lead { id, app, command, stamp, as_primary };
                    self.steps.push_back(Step::Replica(partition, input));
                }
                coordinator::Out::Send { to, id, request } => self.send(to, id, request, out),
                coordinator::Out::Respond { to, id, response } => {
                    let epoch = self.epoch();
                    self.respond(to, id, epoch, response, out);
                }
                coordinator::Out::Reply { caller, result } => {
                    out.push(ShardOut::Reply { caller, result });
                }
            }
        }
    }

    pub(super) fn route_replica(&mut self, partition: PartitionId, out: &mut Outbox<ShardOut>) {
        while let Some(order) = self.from_replica.pop() {
            match order {
                replica::Out::Answer { to: Origin::Here, id, response } => {
                    let input = coordinator::In::Answer { from: self.seat, id, response };
                    self.steps.push_back(Step::Coordinator(input));
                }
                replica::Out::Answer { to: Origin::Peer(to), id, response } => {
                    self.note_answer(partition, &response);
                    let since = self.since(partition);
                    self.respond(to, id, since, response, out);
                }
                replica::Out::Led { id, outcome } => {
                    let input = coordinator::In::Led { id, outcome };
                    self.steps.push_back(Step::Coordinator(input));
                }
                replica::Out::PeerIsBlank { peer, node } => {
                    let input = copying::In::PeerIsBlank { peer, node, partition };
                    self.steps.push_back(Step::Copying(input));
                }
                replica::Out::Send { to, id, request } => self.send_errand(to, id, request, out),
                replica::Out::Merged { id, news } => {
                    self.steps.push_back(Step::Copying(copying::In::Merged { id, news }));
                }
                replica::Out::Wants(wants) => {
                    let input = copying::In::Wants { partition, wants };
                    self.steps.push_back(Step::Copying(input));
                }
                replica::Out::Stray(is_stray) => {
                    let input = drain::In::Stray { partition, is_stray };
                    self.steps.push_back(Step::Drain(input));
                }
            }
        }
    }

    /// Takes note of what a replica's answer to a peer means for what is being moved.
    fn note_answer(&mut self, partition: PartitionId, response: &Response) {
        if let Response::Copied { records, .. } = response {
            self.counters.records_out += records.len() as u64;
            self.counters.bytes_out += bytes_in(records);
        }
        if *response == Response::Refused(Refusal::Behind) {
            self.steps.push_back(Step::Drain(drain::In::Outdated(partition)));
        }
    }

    /// Sends what copying or draining wanted, and tells draining what that has become.
    fn send_errand(
        &mut self,
        to: Seat,
        id: RequestId,
        request: Request,
        out: &mut Outbox<ShardOut>,
    ) {
        match &request {
            Request::Compare { until, .. } => {
                let input = drain::In::Described { id, until: until.clone() };
                self.steps.push_back(Step::Drain(input));
            }
            Request::Apply { records, .. } => {
                let (bytes, records) = (bytes_in(records), records.len() as u64);
                self.steps.push_back(Step::Drain(drain::In::Given { id, records, bytes }));
            }
            Request::Execute(_)
            | Request::Fetch { .. }
            | Request::Copy { .. }
            | Request::Offer { .. }
            | Request::Forward { .. }
            | Request::Cancel { .. }
            | Request::Probe => {}
        }
        self.send(to, id, request, out);
    }

    pub(super) fn route_copying(&mut self) {
        while let Some(order) = self.from_copying.pop() {
            let (partition, input) = match order {
                copying::Out::Ask { to, id, partition, errand } => {
                    (partition, replica::In::Errand { to, id, errand })
                }
                copying::Out::Merge { partition, id, records } => {
                    (partition, replica::In::Merge { id, records })
                }
                copying::Out::Done(partition, kind) => (
                    partition,
                    match kind {
                        Kind::Fill => replica::In::Trusted,
                        Kind::Join => replica::In::Joined,
                        Kind::Lead => replica::In::Leads,
                        Kind::Drain => unreachable!("draining copies nothing"),
                    },
                ),
            };
            self.steps.push_back(Step::Replica(partition, input));
        }
    }

    pub(super) fn route_drain(&mut self) {
        while let Some(order) = self.from_drain.pop() {
            let (partition, input) = match order {
                drain::Out::Ask { to, id, partition, errand } => {
                    (partition, replica::In::Errand { to, id, errand })
                }
                drain::Out::Drop(partition) => (partition, replica::In::Drop),
            };
            self.steps.push_back(Step::Replica(partition, input));
        }
    }
}

/// Whether a replica may have more, or less, of what it is to have after this.
fn is_about_moves(input: &replica::In) -> bool {
    match input {
        replica::In::Ring(_) | replica::In::Trusted | replica::In::Joined | replica::In::Drop => {
            true
        }
        replica::In::Request { .. }
        | replica::In::Lead { .. }
        | replica::In::Errand { .. }
        | replica::In::Merge { .. }
        | replica::In::Leads => false,
    }
}
