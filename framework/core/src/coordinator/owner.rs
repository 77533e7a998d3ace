//! Leading: a command runs at this node's replica, and what it wrote goes to the other replicas.
//!
//! Commands of the owner run so at the primary, one at a time: the other replicas take records in
//! its name from this primary and no other. One at a time comes for free, since the replica store
//! takes one message at a time. A write that met something newer is run so, too, at any owner.
//!
//! A command of the owner that wrote nothing is **confirmed**: the others are sent what it read, in
//! the primary's name, and as many must accept that as must accept what is written. For a primary may have been
//! deposed without knowing it, and what it reads may be older than what its successor has
//! acknowledged. That one led nothing before it had copied from so many owners that knew the new
//! ring that one of them is among any w. Who knows the new ring refuses the old primary; so when w
//! accept, no successor had acknowledged anything yet when the command ran. Where w = 1 is enough
//! nobody is asked, and a deposed primary may answer.
//!
//! What a command read goes to the others, too, be it with what it wrote or alone. It may be that of a
//! command that was not acknowledged, at this primary alone, and be lost with it after the reader has
//! seen it. What a command found by a scan is not sent.
//!
//! Records that were refused because of the ring are sent again, but for a command of the owner
//! only while this node has been primary without a break: else another primary may have led
//! commands that did not know of this one, and records that it overwrote would be taken for kept.

use bytes::Bytes;

use crate::actor::{Now, Outbox};
use crate::app::Kind;
use crate::coordinator::op::{Again, Op, Replicate, Stage, is_about_the_ring};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::id::{RequestId, Seat};
use crate::peer::{Entry, Refusal, Request, Response};
use crate::quorum::{Replicas, Tally};
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
        op.turned_away = Replicas::default();
        op.is_interrupted = false;
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
        let Led { reply, mut records, read, .. } = led;
        let has_written = !records.is_empty();
        if self.is_outdated(&op) {
            op.is_maybe_written |= has_written;
            let again =
                if has_written { Again::Replicate { records, reply } } else { Again::Start };
            return self.retry(now, op, again, out);
        }
        let mut tally = Tally::new(op.quorums);
        tally.agree(op.index_of(self.seat).expect("only an owner leads"));
        let is_confirmed = op.plan.kind == Kind::Owner && !tally.is_met();
        if is_confirmed {
            records.extend(read);
        }
        if has_written || is_confirmed {
            self.replicate(&op, id, &records, Some(self.seat), out);
        }
        if tally.is_met() || !(has_written || is_confirmed) {
            return self.end(&op, Ok(reply), out);
        }
        op.is_maybe_written |= has_written;
        op.stage = Stage::Replicate(Replicate { tally, reply, records, has_written });
        self.keep(id, op);
    }

    fn lead_refused(&mut self, now: Now, mut op: Box<Op>, refusal: Refusal, out: &mut Outbox<Out>) {
        match (op.plan.kind, refusal) {
            (Kind::Write, refusal) if refusal == Refusal::Blank || is_about_the_ring(refusal) => {
                if refusal == Refusal::Blank {
                    reached(Mark::LeadBlank);
                }
                // This replica leads nothing now, but others may still take the write.
                self.write_again(now, op, out);
            }
            (Kind::Write, _) => self.end(&op, Err(op.not_met(true)), out),
            (Kind::Owner, refusal) if refusal == Refusal::Blank || is_about_the_ring(refusal) => {
                op.refusal = Some(refusal);
                let failure = op.refused(refusal);
                self.park(now, op, Again::Start, failure, out);
            }
            (Kind::Owner | Kind::Read, _) => self.end(&op, Err(op.refused(refusal)), out),
        }
    }

    /// Sends the records of a command that was led before to all replicas as they are now.
    pub(super) fn replicate_again(
        &mut self,
        op: &mut Op,
        id: RequestId,
        records: Vec<Entry>,
        reply: Bytes,
        out: &mut Outbox<Out>,
    ) {
        op.turned_away = Replicas::default();
        self.replicate(op, id, &records, None, out);
        let tally = Tally::new(op.quorums);
        op.stage = Stage::Replicate(Replicate { tally, reply, records, has_written: true });
    }

    fn replicate(
        &self,
        op: &Op,
        id: RequestId,
        records: &[Entry],
        but: Option<Seat>,
        out: &mut Outbox<Out>,
    ) {
        let as_primary = op.plan.kind == Kind::Owner;
        for seat in op.replicas.iter().filter(|seat| Some(**seat) != but) {
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

fn judge_replication(op: &mut Op) -> Verdict {
    let Stage::Replicate(Replicate { tally, reply, records, has_written }) = &mut op.stage else {
        unreachable!("the stage was matched");
    };
    if tally.is_met() {
        return Verdict::End(Ok(reply.clone()));
    }
    if !tally.is_out_of_reach() {
        return Verdict::Wait;
    }
    let is_for_the_ring = !tally.excusing(op.turned_away).is_out_of_reach();
    let again = match std::mem::take(records) {
        records if *has_written => Again::Replicate { records, reply: reply.clone() },
        _ => Again::Start,
    };
    let failure = op.not_met(matches!(again, Again::Replicate { .. }));
    if is_for_the_ring {
        return Verdict::Park(again, failure);
    }
    reached(Mark::ReplicationOutOfReach);
    Verdict::End(Err(failure))
}
