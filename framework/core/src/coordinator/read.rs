//! Reads: asked of as many replicas as must answer, the fastest first, and of spare ones when
//! those are late or refuse. When the answers differ, a repair comes before the reader's answer.

use bytes::Bytes;
use smallvec::SmallVec;

use crate::actor::{Instant, Now, Outbox};
use crate::app::{Answers, Reconcile, Undecodable, seen};
use crate::coordinator::op::{Answer, Op, Read, Stage};
use crate::coordinator::repair::{needless, stale_replicas};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::failure::Failure;
use crate::id::RequestId;
use crate::peer::{Execute, Request, Response};
use crate::quorum::Tally;
use crate::rare::{Mark, reached, switched_on};
use crate::record::Freshness;

impl Coordinator {
    pub(super) fn begin_read(
        &mut self,
        now: Now,
        id: RequestId,
        op: &mut Op,
        out: &mut Outbox<Out>,
    ) {
        let mut read = Read {
            tally: Tally::new(op.replicas(), op.wanted()),
            asked: SmallVec::new(),
            answers: SmallVec::new(),
            late_at: None,
        };
        let spare = u8::from(switched_on(Mark::SpareReadAtOnce));
        for _ in 0..op.wanted() + spare {
            self.ask_next(now, id, op, &mut read, out);
        }
        op.stage = Stage::Read(read);
    }

    /// Asks the fastest replica that was not asked yet. Whether there was one.
    fn ask_next(
        &self,
        now: Now,
        id: RequestId,
        op: &Op,
        read: &mut Read,
        out: &mut Outbox<Out>,
    ) -> bool {
        let is_asked = |index| read.asked_at(index).is_some();
        let Some(index) = self.fastest(&op.owners, is_asked) else {
            read.late_at = None;
            return false;
        };
        read.asked.push((index, now.tick));
        let execute = Execute {
            partition: op.partition,
            app: op.app,
            command: op.command.clone(),
            stamp: None,
            wants_seen: op.wanted() > 1,
        };
        let seat = op.owners[usize::from(index)];
        self.send(op.partition, seat, id, Request::Execute(execute), out);
        read.late_at = self.late_at(now, op, read);
        true
    }

    /// When the slowest of the replicas that were asked is late; `None` when there is no spare.
    fn late_at(&self, now: Now, op: &Op, read: &Read) -> Option<Instant> {
        if read.asked.len() == op.owners.len() {
            return None;
        }
        let open = read.asked.iter().filter(|(index, _)| read.tally.is_open(*index));
        let span = open.map(|(index, _)| self.late_after(op.owners[usize::from(*index)])).max();
        let (min, max) = (self.settings.hedge_after_min, self.settings.hedge_after_max);
        Some(now.tick + span.unwrap_or_default().min(max).max(min))
    }

    /// Turns to a spare replica for a read whose replicas are late.
    pub(super) fn hedge_read(
        &mut self,
        now: Now,
        op: &mut Op,
        id: RequestId,
        out: &mut Outbox<Out>,
    ) {
        let Stage::Read(mut read) = std::mem::replace(&mut op.stage, Stage::Lead) else {
            unreachable!("only reads fall due before their deadline");
        };
        for (index, asked_at) in &read.asked {
            if read.tally.is_open(*index) {
                self.sample(op.owners[usize::from(*index)], now.tick.since(*asked_at));
            }
        }
        if self.ask_next(now, id, op, &mut read, out) {
            self.counters.hedged_reads += 1;
            reached(Mark::SpareRead);
        }
        op.stage = Stage::Read(read);
    }

    pub(super) fn read_answer(
        &mut self,
        now: Now,
        op: &mut Op,
        index: u8,
        id: RequestId,
        response: Response,
        out: &mut Outbox<Out>,
    ) -> Verdict {
        let Response::Executed { reply, seen } = response else {
            return self.read_failed(now, op, index, id, out);
        };
        let seat = op.owners[usize::from(index)];
        let Stage::Read(read) = &mut op.stage else {
            unreachable!("the stage was matched");
        };
        let Some(asked_at) = read.asked_at(index).filter(|_| read.tally.agree(index)) else {
            return Verdict::Wait;
        };
        self.sample(seat, now.tick.since(asked_at));
        read.answers.push(Answer { replica: index, reply, seen });
        if !read.tally.is_met() && !crate::planted!("first-answer-read") {
            return Verdict::Wait;
        }
        let answers = std::mem::take(&mut read.answers);
        self.conclude_read(op, &answers, out)
    }

    pub(super) fn read_failed(
        &mut self,
        now: Now,
        op: &mut Op,
        index: u8,
        id: RequestId,
        out: &mut Outbox<Out>,
    ) -> Verdict {
        let Stage::Read(mut read) = std::mem::replace(&mut op.stage, Stage::Lead) else {
            unreachable!("the stage was matched");
        };
        if read.tally.fail(index) && !read.tally.is_out_of_reach() {
            reached(Mark::ReadFailedOver);
            self.ask_next(now, id, op, &mut read, out);
            // The spare one may be late before those that were asked first.
            self.untimed.push(id);
        }
        let is_lost = read.tally.is_out_of_reach();
        op.stage = Stage::Read(read);
        if !is_lost {
            return Verdict::Wait;
        }
        reached(Mark::ReadOutOfReach);
        Verdict::End(Err(op.not_met(false)))
    }

    fn conclude_read(&mut self, op: &mut Op, answers: &[Answer], out: &mut Outbox<Out>) -> Verdict {
        let Ok(reply) = self.one_reply(op, answers) else {
            return Verdict::End(Err(Failure::BadCommand));
        };
        let mut stale = stale_replicas(answers);
        if stale.is_empty() && switched_on(Mark::RepairForNothing) {
            stale = needless(answers);
        }
        if stale.is_empty() || crate::planted!("no-write-back") {
            return Verdict::End(Ok(reply));
        }
        self.counters.read_repairs += 1;
        reached(Mark::RepairBegun);
        Verdict::WaitAs(self.begin_repair(op, answers.len(), reply, stale, out))
    }

    /// Makes one reply of the replicas'.
    pub(super) fn one_reply(&self, op: &Op, answers: &[Answer]) -> Result<Bytes, Undecodable> {
        let best = freshest(answers);
        match op.plan.reconcile {
            Reconcile::Freshest => Ok(answers[best].reply.clone()),
            Reconcile::App => {
                let app = self.apps.get(op.app).ok_or(Undecodable)?;
                let others = answers.iter().enumerate().filter(|(at, _)| *at != best);
                let others = others.map(|(_, answer)| answer.reply.clone()).collect();
                let freshest = answers[best].reply.clone();
                app.reconcile(&op.command, Answers { freshest, others })
            }
        }
    }
}

/// Whether all replicas read the same, or were not asked what they read.
pub(super) fn all_saw_the_same(answers: &[Answer]) -> bool {
    answers.windows(2).all(|pair| pair[0].seen == pair[1].seen)
}

/// The answer that read the freshest record; the first when they are equal.
fn freshest(answers: &[Answer]) -> usize {
    if all_saw_the_same(answers) {
        return 0;
    }
    let newest = |answer: &Answer| {
        let read = seen::entries(answer.seen.clone()).unwrap_or_default();
        read.into_iter().map(|(_, freshness)| freshness).max().unwrap_or(Freshness::NONE)
    };
    let rank = |(at, answer): (usize, &Answer)| (newest(answer), usize::MAX - at);
    let best = answers.iter().enumerate().max_by_key(|&pair| rank(pair));
    best.map_or(0, |(at, _)| at)
}
