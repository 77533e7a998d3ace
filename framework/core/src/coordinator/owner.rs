//! Commands of the owner: run at the primary, one at a time, then replicated.
//!
//! The primary's replica runs the command against its own records; the other replicas get the
//! records it changed, from this primary and no other. The caller is answered when enough hold
//! them. One command at a time comes for free, since the replica store takes one message at a time.

use crate::actor::{Now, Outbox};
use crate::coordinator::op::{Op, Replicate, Stage};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::failure::Failure;
use crate::id::RequestId;
use crate::peer::{Refusal, Request, Response};
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
                let failure = refused_by_primary(refusal, &op);
                return self.end(&op, Err(failure), out);
            }
        };
        self.clock.observe(led.latest);
        let replicas = u8::try_from(op.owners.len()).expect("at most 16 owners");
        let mut tally = Tally::new(replicas, op.wanted());
        tally.agree(0);
        op.is_maybe_written = !led.records.is_empty();
        if tally.is_met() || led.records.is_empty() {
            self.replicate(&op, id, led.records, out);
            return self.end(&op, Ok(led.reply), out);
        }
        self.replicate(&op, id, led.records, out);
        op.stage = Stage::Replicate(Replicate { tally, reply: led.reply });
        self.keep(id, op);
    }

    fn replicate(
        &self,
        op: &Op,
        id: RequestId,
        records: Vec<crate::peer::Entry>,
        out: &mut Outbox<Out>,
    ) {
        if records.is_empty() {
            return;
        }
        for seat in &op.owners[1..] {
            let records = records.clone();
            let request = Request::Apply { partition: op.partition, records, as_primary: true };
            self.send(op.partition, *seat, id, request, out);
        }
    }

    #[expect(clippy::unused_self, reason = "reads like its siblings")]
    pub(super) fn replicate_answer(
        &self,
        op: &mut Op,
        index: u8,
        response: &Response,
    ) -> Verdict {
        let Stage::Replicate(replicate) = &mut op.stage else {
            unreachable!("the stage was matched");
        };
        match response {
            Response::Applied => replicate.tally.agree(index),
            _ => replicate.tally.fail(index),
        };
        judge_replication(op)
    }

    #[expect(clippy::unused_self, reason = "reads like its siblings")]
    pub(super) fn replicate_failed(&self, op: &mut Op, index: u8) -> Verdict {
        if let Stage::Replicate(replicate) = &mut op.stage {
            replicate.tally.fail(index);
        }
        judge_replication(op)
    }
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

fn refused_by_primary(refusal: Refusal, op: &Op) -> Failure {
    match refusal {
        Refusal::Blank => Failure::PrimaryBlank { partition: op.partition.0 },
        Refusal::UnknownApp => Failure::UnknownApp { app: op.app.0 },
        Refusal::BadCommand => Failure::BadCommand,
        Refusal::Overloaded => Failure::Overloaded,
        Refusal::NotReady => Failure::NotReady,
        Refusal::NotOwner | Refusal::NotPrimary | Refusal::WrongEpoch => {
            Failure::WrongEpoch { may_have_happened: false }
        }
    }
}
