//! Commands of the owner: run at the primary, one at a time, then replicated.
//!
//! The primary's replica runs the command against its own records; the other replicas get the
//! records it changed, from this primary and no other. The caller is answered when enough hold
//! them. One command at a time comes for free, since the replica store takes one message at a time.

use crate::actor::{Now, Outbox};
use crate::coordinator::op::{Op, Replicate, Stage};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::id::RequestId;
use crate::peer::{Entry, Refusal, Request, Response};
use crate::quorum::Tally;
use crate::replica::Led;

impl Coordinator {
    pub(super) fn begin_lead(
        &mut self,
        now: Now,
        id: RequestId,
        op: &Op,
        out: &mut Outbox<Out>,
    ) {
        let stamp = self.stamp(now);
        let (app, command) = (op.app, op.command.clone());
        out.push(Out::Lead { id, partition: op.partition, app, command, stamp });
    }

    pub(super) fn led(
        &mut self,
        id: RequestId,
        outcome: Result<Led, Refusal>,
        out: &mut Outbox<Out>,
    ) {
        let Some(mut op) = self.remove(id) else {
            return;
        };
        let led = match outcome {
            Ok(led) => led,
            Err(refusal) => {
                let failure = op.refused(refusal);
                return self.end(&op, Err(failure), out);
            }
        };
        self.clock.observe(led.latest);
        let Led { reply, records, .. } = led;
        let has_written = !records.is_empty();
        if has_written {
            self.replicate(&op, id, &records, out);
        }
        let mut tally = Tally::new(op.replicas(), op.wanted());
        tally.agree(0);
        if tally.is_met() || !has_written {
            return self.end(&op, Ok(reply), out);
        }
        op.is_maybe_written = true;
        op.stage = Stage::Replicate(Replicate { tally, reply });
        self.keep(id, op);
    }

    fn replicate(&self, op: &Op, id: RequestId, records: &[Entry], out: &mut Outbox<Out>) {
        for seat in &op.owners[1..] {
            let records = records.to_vec();
            let request = Request::Apply { partition: op.partition, records, as_primary: true };
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
        return Verdict::End(Err(op.not_met(true)));
    }
    Verdict::Wait
}
