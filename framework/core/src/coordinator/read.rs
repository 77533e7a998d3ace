//! Reads: asked of as many replicas as must answer, the fastest first, and of spare ones when
//! those are late or refuse.
//!
//! When the answers differ, the replicas that answered with something stale are brought up to
//! date *before* the reader is answered. So what one quorum read has returned, no later one
//! misses: the write-back of Attiya, Bar-Noy and Dolev, *Sharing Memory Robustly in
//! Message-Passing Systems* (1995).

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::actor::{Now, Outbox};
use crate::app::{Answers, Reconcile, Undecodable, seen};
use crate::coordinator::op::{Answer, Op, Read, Repair, Stage};
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::failure::Failure;
use crate::id::RequestId;
use crate::peer::{Execute, Request, Response};
use crate::quorum::{Replicas, Tally};
use crate::record::Freshness;

impl Coordinator {
    pub(super) fn begin_read(
        &mut self,
        now: Now,
        id: RequestId,
        op: &mut Op,
        out: &mut Outbox<Out>,
    ) {
        let wanted = op.wanted();
        let replicas = u8::try_from(op.owners.len()).expect("at most 16 owners");
        let mut read = Read {
            tally: Tally::new(replicas, wanted),
            asked: Replicas::default(),
            answers: smallvec::SmallVec::new(),
            asked_at: now.tick,
            late_at: None,
        };
        for _ in 0..wanted {
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
        let order = self.by_speed(&op.owners);
        let Some(index) = order.iter().copied().find(|&index| !read.asked.contains(index)) else {
            read.late_at = None;
            return false;
        };
        read.asked.insert(index);
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
    fn late_at(&self, now: Now, op: &Op, read: &Read) -> Option<crate::actor::Instant> {
        if usize::from(read.asked.count()) == op.owners.len() {
            return None;
        }
        let late_after = |index: u8| {
            let seat = op.owners[usize::from(index)];
            let known = self.latencies.get(&seat);
            known.map_or(self.settings.hedge_after_max, |latency| latency.late_after())
        };
        let open = read.asked.iter().filter(|&index| read.tally.is_open(index));
        let span = open.map(late_after).max().unwrap_or_default();
        let span = span.clamp(self.settings.hedge_after_min, self.settings.hedge_after_max);
        Some(now.tick + span)
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
        let waited = now.tick.since(read.asked_at);
        for index in read.asked.iter().filter(|&index| read.tally.is_open(index)) {
            let seat = op.owners[usize::from(index)];
            self.sample(seat, waited);
        }
        if self.ask_next(now, id, op, &mut read, out) {
            self.counters.hedged_reads += 1;
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
        let sent_at = read.asked_at;
        if !read.tally.agree(index) {
            return Verdict::Wait;
        }
        read.answers.push(Answer { replica: index, reply, seen });
        if !read.tally.is_met() {
            self.sample(seat, now.tick.since(sent_at));
            return Verdict::Wait;
        }
        let answers = std::mem::take(&mut read.answers);
        self.sample(seat, now.tick.since(sent_at));
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
            self.ask_next(now, id, op, &mut read, out);
        }
        let is_lost = read.tally.is_out_of_reach();
        op.stage = Stage::Read(read);
        if is_lost { Verdict::End(Err(op.not_met(false))) } else { Verdict::Wait }
    }

    fn conclude_read(
        &mut self,
        op: &mut Op,
        answers: &[Answer],
        out: &mut Outbox<Out>,
    ) -> Verdict {
        let Ok(reply) = self.one_reply(op, answers) else {
            return Verdict::End(Err(Failure::BadCommand));
        };
        let stale = stale_replicas(answers);
        if stale.is_empty() {
            return Verdict::End(Ok(reply));
        }
        self.counters.read_repairs += 1;
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

    fn begin_repair(
        &mut self,
        op: &mut Op,
        answers: &[Answer],
        reply: Bytes,
        stale: Vec<Stale>,
        out: &mut Outbox<Out>,
    ) -> RequestId {
        let mut sources: BTreeMap<u8, Vec<Bytes>> = BTreeMap::new();
        let mut lacking: BTreeMap<u8, Vec<Bytes>> = BTreeMap::new();
        for Stale { replica, key, source } in stale {
            let wanted = sources.entry(source).or_default();
            if !wanted.contains(&key) {
                wanted.push(key.clone());
            }
            lacking.entry(replica).or_default().push(key);
        }
        let id = self.next_id();
        let mut fetching = Replicas::default();
        for (source, keys) in sources {
            fetching.insert(source);
            let seat = op.owners[usize::from(source)];
            let request = Request::Fetch { partition: op.partition, keys };
            self.send(op.partition, seat, id, request, out);
        }
        let answered = u8::try_from(answers.len()).expect("at most 16 owners");
        let behind = u8::try_from(lacking.len()).expect("at most 16 owners");
        op.stage = Stage::Repair(Repair {
            reply,
            stale: lacking.into_iter().collect(),
            fetching,
            fetched: Vec::new(),
            applying: Replicas::default(),
            fresh: answered - behind,
        });
        id
    }

    pub(super) fn repair_answer(
        &mut self,
        op: &mut Op,
        index: u8,
        id: RequestId,
        response: Response,
        out: &mut Outbox<Out>,
    ) -> Verdict {
        let Stage::Repair(repair) = &mut op.stage else {
            unreachable!("the stage was matched");
        };
        match response {
            Response::Fetched { records } if repair.fetching.contains(index) => {
                repair.fetching = repair.fetching.without(Replicas::only(index));
                repair.fetched.extend(records);
                if repair.fetching.count() == 0 {
                    self.bring_up_to_date(op, id, out);
                }
                Verdict::Wait
            }
            Response::Applied if repair.applying.contains(index) => {
                repair.applying = repair.applying.without(Replicas::only(index));
                repair.fresh += 1;
                if repair.applying.count() == 0 {
                    return Verdict::End(Ok(repair.reply.clone()));
                }
                Verdict::Wait
            }
            Response::Fetched { .. } | Response::Applied => Verdict::Wait,
            Response::Executed { .. }
            | Response::Superseded { .. }
            | Response::Copied { .. }
            | Response::Forwarded(_)
            | Response::Alive
            | Response::Refused(_) => self.repair_failed(op),
        }
    }

    fn bring_up_to_date(&self, op: &mut Op, id: RequestId, out: &mut Outbox<Out>) {
        let Stage::Repair(repair) = &mut op.stage else {
            unreachable!("the stage was matched");
        };
        for (replica, keys) in std::mem::take(&mut repair.stale) {
            let lacks = |entry: &&crate::peer::Entry| keys.contains(&entry.key);
            let records = repair.fetched.iter().filter(lacks).cloned().collect();
            let request = Request::Apply { partition: op.partition, records, as_primary: false };
            let seat = op.owners[usize::from(replica)];
            repair.applying.insert(replica);
            self.send(op.partition, seat, id, request, out);
        }
    }

    /// A repair whose source or target is gone: what was read may be seen by too few.
    #[expect(clippy::unused_self, reason = "reads like its siblings")]
    pub(super) fn repair_failed(&self, op: &Op) -> Verdict {
        Verdict::End(Err(op.not_met(false)))
    }
}

/// A replica that answered with something older under a key than another replica did.
struct Stale {
    replica: u8,
    key: Bytes,
    source: u8,
}

/// The answer that read the freshest record; the first when they are equal.
fn freshest(answers: &[Answer]) -> usize {
    if answers.windows(2).all(|pair| pair[0].seen == pair[1].seen) {
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

fn stale_replicas(answers: &[Answer]) -> Vec<Stale> {
    if answers.windows(2).all(|pair| pair[0].seen == pair[1].seen) {
        return Vec::new();
    }
    let mut newest: BTreeMap<Bytes, (Freshness, u8)> = BTreeMap::new();
    let mut reads = Vec::new();
    for answer in answers {
        for (key, freshness) in seen::entries(answer.seen.clone()).unwrap_or_default() {
            let best = newest.entry(key.clone()).or_insert((freshness, answer.replica));
            if freshness > best.0 {
                *best = (freshness, answer.replica);
            }
            reads.push((answer.replica, key, freshness));
        }
    }
    let stale = |(replica, key, freshness): (u8, Bytes, Freshness)| {
        let (best, source) = newest[&key];
        (freshness < best).then_some(Stale { replica, key, source })
    };
    let mut found: Vec<_> = reads.into_iter().filter_map(stale).collect();
    found.dedup_by(|a, b| a.replica == b.replica && a.key == b.key);
    found
}
