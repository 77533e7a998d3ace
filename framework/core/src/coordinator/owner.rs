//! Leading: a command runs at this node's replica, and what it wrote goes to the other replicas.
//!
//! Commands of the owner run so at the primary, one at a time: the other replicas take records in
//! its name from this primary and no other. One at a time comes for free, since the replica store
//! takes one message at a time. A write that met something newer is run so, too, at any owner.

use crate::actor::{Now, Outbox};
use crate::app::Kind;
use crate::coordinator::op::{Op, Replicate, Stage};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::id::RequestId;
use crate::peer::{Entry, Refusal, Request, Response};
use crate::quorum::Tally;
use crate::rare::{Mark, reached};
use crate::replica::Led;

impl Coordinator {
    pub(super) fn begin_lead(
        &mut self,
        now: Now,
        id: RequestId,
        op: &mut Op,
        out: &mut Outbox<Out>,
    ) {
        let stamp = self.stamp(now, op.partition);
        let (app, command) = (op.app, op.command.clone());
        let as_primary = op.plan.kind == Kind::Owner;
        out.push(Out::Lead { id, partition: op.partition, app, command, stamp, as_primary });
        op.stage = Stage::Lead;
    }

    pub(super) fn led(
        &mut self,
        now: Now,
        id: RequestId,
        outcome: Result<Led, Refusal>,
        out: &mut Outbox<Out>,
    ) {
        let Some(mut op) = self.remove(id) else {
            return;
        };
        let led = match outcome {
            Ok(led) => led,
            Err(refusal) => return self.lead_refused(now, op, refusal, out),
        };
        self.clock.observe(led.latest);
        let Led { reply, records, .. } = led;
        let has_written = !records.is_empty();
        if has_written {
            self.replicate(&op, id, &records, out);
        }
        let mut tally = Tally::new(op.replicas(), op.wanted());
        tally.agree(op.index_of(self.seat).expect("only an owner leads"));
        if tally.is_met() || !has_written {
            return self.end(&op, Ok(reply), out);
        }
        op.is_maybe_written = true;
        op.stage = Stage::Replicate(Replicate { tally, reply });
        self.keep(id, op);
    }

    fn lead_refused(&mut self, now: Now, mut op: Box<Op>, refusal: Refusal, out: &mut Outbox<Out>) {
        match (op.plan.kind, refusal) {
            (Kind::Write, Refusal::Blank) => {
                reached(Mark::LeadBlank);
                // A blank replica leads nothing, but others may still take the write.
                let id = self.next_id();
                self.send_write(now, id, &mut op, out);
                self.keep(id, op);
            }
            (Kind::Write, _) => self.end(&op, Err(op.not_met(true)), out),
            (Kind::Owner | Kind::Read, _) => self.end(&op, Err(op.refused(refusal)), out),
        }
    }

    fn replicate(&self, op: &Op, id: RequestId, records: &[Entry], out: &mut Outbox<Out>) {
        let as_primary = op.plan.kind == Kind::Owner;
        for seat in op.owners.iter().filter(|owner| **owner != self.seat) {
            let records = records.to_vec();
            let request = Request::Apply { partition: op.partition, records, as_primary };
            self.send(op.partition, *seat, id, request, out);
        }
    }
}

pub(super) fn replicate_answer(op: &mut Op, index: u8, response: &Response) -> Verdict {
    if let Stage::Replicate(Replicate { tally, .. }) = &mut op.stage {
        match response {
            Response::Applied => tally.agree(index),
            Response::Refused(_) => tally.fail(index),
            Response::Executed { .. }
            | Response::Superseded { .. }
            | Response::Fetched { .. }
            | Response::Copied { .. }
            | Response::Compared { .. }
            | Response::Lacking { .. }
            | Response::Forwarded(_)
            | Response::Alive => false,
        };
    }
    judge_replication(op)
}

pub(super) fn replicate_failed(op: &mut Op, index: u8) -> Verdict {
    if let Stage::Replicate(Replicate { tally, .. }) = &mut op.stage {
        tally.fail(index);
    }
    judge_replication(op)
}

fn judge_replication(op: &Op) -> Verdict {
    let Stage::Replicate(Replicate { tally, reply }) = &op.stage else {
        unreachable!("the stage was matched");
    };
    if tally.is_met() {
        return Verdict::End(Ok(reply.clone()));
    }
    if tally.is_out_of_reach() {
        reached(Mark::ReplicationOutOfReach);
        return Verdict::End(Err(op.not_met(true)));
    }
    Verdict::Wait
}
