//! What a shard hears from peers and says to them, and under which epoch.

use std::time::Duration;

use crate::actor::{Now, Outbox};
use crate::coordinator::{self, Abandon, Ask};
use crate::copying;
use crate::drain;
use crate::id::{Epoch, PartitionId, RequestId, Seat};
use crate::peer::{Body, Message, Refusal, Request, Response};
use crate::rare::{Mark, reached, switched_on};
use crate::replica::{self, Origin};
use crate::standing::Report;
use crate::wiring::ShardOut;
use crate::wiring::shard::{Shard, Step};

/// The longest a forwarded command may take, whatever its sender says.
const FORWARD_TIMEOUT_MAX: Duration = Duration::from_secs(60);

impl Shard {
    pub(super) fn peer(
        &mut self,
        now: Now,
        from: Seat,
        message: Message,
        out: &mut Outbox<ShardOut>,
    ) {
        match message.body {
            Body::Request { id, request } => {
                self.request(now, from, id, message.epoch, request, out);
            }
            Body::Response { id, response } => {
                if let Response::Refused(Refusal::WrongEpoch | Refusal::Behind) = response {
                    out.push(ShardOut::Report(Report::OtherRing(from)));
                }
                self.steps.push_back(if !id.is_background() {
                    Step::Coordinator(coordinator::In::Answer { from, id, response })
                } else if self.drain.awaits(id) {
                    Step::Drain(drain::In::Answer { from, id, response })
                } else {
                    Step::Copying(copying::In::Answer { from, id, response })
                });
            }
            Body::Leaving | Body::Standing(_) | Body::Ring(_) | Body::Chain(_) => {}
        }
    }

    fn request(
        &mut self,
        now: Now,
        from: Seat,
        id: RequestId,
        epoch: Epoch,
        request: Request,
        out: &mut Outbox<ShardOut>,
    ) {
        let partition = request.partition(|key| self.partitions.of(key));
        let Some(partition) = partition.filter(|partition| self.has(*partition)) else {
            let epoch = self.epoch();
            return self.respond(from, id, epoch, Response::Refused(Refusal::NotOwner), out);
        };
        if begins_a_page(&request) && self.is_too_busy_for(now, partition, from) {
            reached(Mark::SourceBusy);
            self.counters.refused_busy += 1;
            let since = self.since(partition);
            return self.respond(from, id, since, Response::Refused(Refusal::Overloaded), out);
        }
        match request {
            Request::Forward { app, key, plan, command, timeout_ms } => {
                if let Err(refusal) = self.check(partition, epoch) {
                    let since = self.since(partition);
                    return self.respond(from, id, since, Response::Refused(refusal), out);
                }
                let timeout = Duration::from_millis(timeout_ms.into()).min(FORWARD_TIMEOUT_MAX);
                let ask = Ask { app, key, plan, command, timeout };
                let input = coordinator::In::Forwarded { from, id, ask };
                self.steps.push_back(Step::Coordinator(input));
            }
            Request::Cancel { .. } => {
                // Whoever has another ring waits for the answer as little.
                if self.check(partition, epoch).is_err() {
                    out.push(ShardOut::Report(Report::OtherRing(from)));
                }
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

    /// Whether `peer`, who wants data of `partition`, must wait because clients' commands go
    /// first. What a primary wants, clients wait for; and of all others one is served now and then.
    fn is_too_busy_for(&mut self, now: Now, partition: PartitionId, peer: Seat) -> bool {
        let is_primary = self.ring.as_ref().is_some_and(|ring| ring.is_a_primary(partition, peer));
        if is_primary {
            return false;
        }
        if !self.is_foreground_busy {
            return switched_on(Mark::SourceThoughtBusy);
        }
        let is_open = self.trickle.is_open(now.tick);
        if is_open {
            self.trickle.pass(now.tick);
        }
        !is_open
    }

    /// Whether what is said under the layout since `epoch` may be done here.
    fn check(&self, partition: PartitionId, epoch: Epoch) -> Result<(), Refusal> {
        let since = self.since(partition);
        if since == Epoch::NONE {
            return Err(Refusal::NotReady);
        }
        Refusal::between(epoch, since).map_or(Ok(()), Err)
    }

    /// The number of the ring; none before there is one.
    pub(super) fn epoch(&self) -> Epoch {
        self.ring.as_ref().map_or(Epoch::NONE, |ring| ring.epoch())
    }

    /// Since when `partition` is laid out as it is; not at all before there is a ring.
    pub(super) fn since(&self, partition: PartitionId) -> Epoch {
        self.ring.as_ref().map_or(Epoch::NONE, |ring| ring.since(partition))
    }

    pub(super) fn respond(
        &self,
        to: Seat,
        id: RequestId,
        epoch: Epoch,
        response: Response,
        out: &mut Outbox<ShardOut>,
    ) {
        if let Response::Refused(Refusal::WrongEpoch | Refusal::Behind) = response {
            out.push(ShardOut::Report(Report::OtherRing(to)));
        }
        let message = Message { epoch, body: Body::Response { id, response } };
        out.push(ShardOut::Send { to, message });
    }

    pub(super) fn send(
        &self,
        to: Seat,
        id: RequestId,
        request: Request,
        out: &mut Outbox<ShardOut>,
    ) {
        let partition = request.partition(|key| self.partitions.of(key));
        let epoch = partition.map_or(self.epoch(), |partition| self.since(partition));
        let message = Message { epoch, body: Body::Request { id, request } };
        out.push(ShardOut::Send { to, message });
    }
}

/// Whether it asks for, or about, a page: an offer ends what a comparison began.
fn begins_a_page(request: &Request) -> bool {
    match request {
        Request::Copy { .. } | Request::Compare { .. } => true,
        Request::Execute(_)
        | Request::Apply { .. }
        | Request::Fetch { .. }
        | Request::Offer { .. }
        | Request::Forward { .. }
        | Request::Cancel { .. }
        | Request::Probe => false,
    }
}
