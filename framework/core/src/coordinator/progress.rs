//! What becomes of a command when something comes back: an answer, or the news that none will.

use bytes::Bytes;

use crate::actor::{Now, Outbox};
use crate::coordinator::op::{Again, Op, Stage};
use crate::coordinator::{Coordinator, Out, owner, repair};
use crate::failure::Failure;
use crate::id::{RequestId, Seat};
use crate::peer::Response;
use crate::rare::{Mark, reached, switched_on};

/// What an answer means for the operation it belongs to.
pub(super) enum Verdict {
    /// It goes on waiting.
    Wait,
    /// It goes on waiting, for answers to requests with another id.
    WaitAs(RequestId),
    /// Its client is answered.
    End(Result<Bytes, Failure>),
    /// It is written again with a later stamp.
    WriteAgain,
    /// It is read again, now that the replicas are up to date.
    ReadAgain,
    /// It is tried again so, for another ring may make it succeed; if none does, it failed so.
    Park(Again, Failure),
}

impl Coordinator {
    pub(super) fn answer(
        &mut self,
        now: Now,
        from: Seat,
        id: RequestId,
        response: Response,
        out: &mut Outbox<Out>,
    ) {
        if from != self.seat && switched_on(Mark::LinkThoughtLost) {
            return self.link_lost(now, from, out);
        }
        let Some(mut op) = self.remove(id) else {
            return reached(Mark::AnswerLate);
        };
        let Some(mut index) = op.index_of(from) else {
            return self.keep(id, op);
        };
        if crate::planted!("anybody-s-answer") {
            index = op.anybody(index);
        }
        if let Response::Refused(refusal) = response {
            op.refused_by(index, refusal);
        }
        let verdict = match op.stage {
            Stage::Read(_) => self.read_answer(now, &mut op, index, id, response, out),
            Stage::Repair(_) => self.repair_answer(&mut op, index, id, response, out),
            Stage::Write(_) => self.write_answer(now, &mut op, index, response),
            Stage::Replicate(_) => owner::replicate_answer(&mut op, index, &response),
            Stage::Forward(_) => self.forward_answer(now, &mut op, index, id, response, out),
            Stage::Lead | Stage::Parked(_) => Verdict::Wait,
        };
        self.settle(now, id, op, verdict, out);
    }

    pub(super) fn undelivered(
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
            Stage::Repair(_) => repair::failed(&mut op, index),
            Stage::Write(_) => self.write_failed(&mut op, index),
            Stage::Replicate(_) => owner::replicate_failed(&mut op, index),
            Stage::Forward(_) => {
                self.forward_failed(now, &mut op, index, id, may_have_arrived, out)
            }
            Stage::Lead | Stage::Parked(_) => Verdict::Wait,
        };
        self.settle(now, id, op, verdict, out);
    }

    /// Takes every request for `seat` that is under way as lost, in the order of their ids.
    pub(super) fn link_lost(&mut self, now: Now, seat: Seat, out: &mut Outbox<Out>) {
        let waits = |op: &Op| op.index_of(seat).is_some_and(|index| op.waits_for(index));
        let waiting = self.ops.iter().filter(|(_, op)| waits(op));
        let mut ids: Vec<_> = waiting.map(|(id, _)| *id).collect();
        ids.sort_unstable();
        for id in ids {
            reached(Mark::LinkLostUnderWay);
            self.undelivered(now, seat, id, true, out);
        }
    }

    fn settle(
        &mut self,
        now: Now,
        id: RequestId,
        op: Box<Op>,
        verdict: Verdict,
        out: &mut Outbox<Out>,
    ) {
        match verdict {
            Verdict::Wait => self.keep(id, op),
            Verdict::WaitAs(id) => self.keep(id, op),
            Verdict::End(result) => self.end(&op, result, out),
            Verdict::WriteAgain => {
                self.counters.restamped_writes += 1;
                reached(Mark::WriteAgain);
                self.lead_write(now, op, out);
            }
            Verdict::ReadAgain => {
                reached(Mark::ReadAfterRepair);
                self.retry(now, op, Again::Start, out);
            }
            Verdict::Park(again, failure) => self.park(now, op, again, failure, out),
        }
    }
}
