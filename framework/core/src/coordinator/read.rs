//! Reads: asked of as many replicas as must answer, the fastest first, and of spare ones when
//! those are late or refuse. When the answers differ, a repair comes before the reader's answer.
//!
//! While the partition moves, targets are asked, too, though what they answer may be nothing yet:
//! the repair gives them what is read, so that a later read in the new layout does not miss it.

use bytes::Bytes;
use smallvec::SmallVec;

use crate::actor::{Instant, Now, Outbox};
use crate::app::{Answers, Reconcile, Undecodable, seen};
use crate::coordinator::op::{Again, Answer, Op, Read, Stage};
use crate::coordinator::repair::{needless, stale_replicas};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::failure::Failure;
use crate::id::RequestId;
use crate::peer::{Execute, Request, Response};
use crate::quorum::{Replicas, Tally, Wanting};
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
            tally: Tally::new(op.quorums),
            asked: SmallVec::new(),
            answers: SmallVec::new(),
            late_at: None,
        };
        if op.quorums.are_two() {
            reached(Mark::JointRead);
        }
        let mut asked = Replicas::default();
        while let Some(index) = self.ask(now, id, op, &mut read, op.quorums.wanting(asked), out) {
            asked.insert(index);
        }
        if switched_on(Mark::SpareReadAtOnce) {
            let anybody = op.quorums.wanting(Replicas::default());
            self.ask(now, id, op, &mut read, anybody, out);
        }
        op.stage = Stage::Read(read);
    }

    /// Asks one replica more for each layout in which answers are wanted, one for both if there
    /// is one. Whether there was any.
    fn ask_spares(
        &self,
        now: Now,
        id: RequestId,
        op: &Op,
        read: &mut Read,
        mut wanting: Wanting,
        out: &mut Outbox<Out>,
    ) -> bool {
        let mut has_asked = false;
        while let Some(index) = self.ask(now, id, op, read, wanting, out) {
            wanting.serve(index);
            has_asked = true;
        }
        if !has_asked {
            read.late_at = None;
        }
        has_asked
    }

    /// Asks the fastest replica that was not asked yet and whose answer is wanted, in both layouts
    /// rather than in one. Which that was.
    fn ask(
        &self,
        now: Now,
        id: RequestId,
        op: &Op,
        read: &mut Read,
        wanting: Wanting,
        out: &mut Outbox<Out>,
    ) -> Option<u8> {
        if wanting.is_none() {
            return None;
        }
        let is_passed_over = |index| read.asked_at(index).is_some() || !wanting.has(index);
        let index = self.fastest(&op.replicas, is_passed_over, |index| wanting.in_both(index))?;
        read.asked.push((index, now.tick));
        let execute = Execute {
            partition: op.partition,
            app: op.app,
            command: op.command.clone(),
            stamp: None,
            wants_seen: op.quorums.want_several(),
        };
        self.send(op.partition, op.seat(index), id, Request::Execute(execute), out);
        read.late_at = self.late_at(now, op, read);
        Some(index)
    }

    /// When the slowest of the replicas that were asked is late; `None` when there is no spare.
    fn late_at(&self, now: Now, op: &Op, read: &Read) -> Option<Instant> {
        if read.asked.len() == op.replicas.len() {
            return None;
        }
        let open = read.asked.iter().filter(|(index, _)| read.tally.is_open(*index));
        let span = open.map(|(index, _)| self.late_after(op.seat(*index))).max();
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
                self.sample(op.seat(*index), now.tick.since(*asked_at));
            }
        }
        let wanting = op.quorums.wanting(read.tally.agreed());
        if self.ask_spares(now, id, op, &mut read, wanting, out) {
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
        let seat = op.seat(index);
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
            let wanting = op.quorums.wanting(read.tally.agreed()).around(index);
            self.ask_spares(now, id, op, &mut read, wanting, out);
            // The spare one may be late before those that were asked first.
            self.untimed.push(id);
        }
        let is_lost = read.tally.is_out_of_reach();
        let is_for_the_ring = !read.tally.excusing(op.turned_away).is_out_of_reach();
        op.stage = Stage::Read(read);
        if !is_lost {
            return Verdict::Wait;
        }
        let failure = op.not_met(false);
        if is_for_the_ring {
            return Verdict::Park(Again::Start, failure);
        }
        reached(Mark::ReadOutOfReach);
        Verdict::End(Err(failure))
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
        let behind: Replicas = stale.iter().map(|stale| stale.replica).collect();
        let is_whole = answers.iter().any(|answer| !behind.contains(answer.replica));
        // The app knows how to make one reply of several that each lack something.
        let stands = is_whole || op.plan.reconcile == Reconcile::App;
        let reply = stands.then_some(reply);
        self.counters.read_repairs += 1;
        reached(Mark::RepairBegun);
        Verdict::WaitAs(self.begin_repair(op, answers, reply, stale, out))
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

/// The answer that read the freshest record; the first when they are equal. One that lacked nothing
/// that others read goes before one that did, such as a target whose data is still on its way.
fn freshest(answers: &[Answer]) -> usize {
    if all_saw_the_same(answers) {
        return 0;
    }
    let stale: Replicas = stale_replicas(answers).iter().map(|stale| stale.replica).collect();
    let newest = |answer: &Answer| {
        let read = seen::entries(answer.seen.clone()).unwrap_or_default();
        read.into_iter().map(|(_, freshness)| freshness).max().unwrap_or(Freshness::NONE)
    };
    let rank = |(at, answer): (usize, &Answer)| {
        (!stale.contains(answer.replica), newest(answer), usize::MAX - at)
    };
    let best = answers.iter().enumerate().max_by_key(|&pair| rank(pair));
    best.map_or(0, |(at, _)| at)
}
