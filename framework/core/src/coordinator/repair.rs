//! Repair: replicas that answered a read with something stale are brought up to date *before* the
//! reader is answered.
//!
//! So what one quorum read has returned, no later one misses: the write-back of Attiya, Bar-Noy
//! and Dolev, *Sharing Memory Robustly in Message-Passing Systems* (1995). While the partition
//! moves that must hold for reads in either layout, and a quorum of each is brought up to date.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::actor::Outbox;
use crate::app::seen;
use crate::coordinator::op::{Again, Answer, Op, Repair, Stage, Stale, is_about_the_ring};
use crate::coordinator::read::all_saw_the_same;
use crate::coordinator::{Coordinator, Out, Verdict};
use crate::id::RequestId;
use crate::peer::{Entry, Request, Response};
use crate::quorum::{Replicas, Tally};
use crate::rare::{Mark, reached};
use crate::record::Freshness;

impl Coordinator {
    /// Fetches what some of the replicas that answered lack. The id under which it comes.
    pub(super) fn begin_repair(
        &mut self,
        op: &mut Op,
        answers: &[Answer],
        reply: Option<Bytes>,
        stale: Vec<Stale>,
        out: &mut Outbox<Out>,
    ) -> RequestId {
        let id = self.next_id();
        let behind: Replicas = stale.iter().map(|stale| stale.replica).collect();
        let answered: Replicas = answers.iter().map(|answer| answer.replica).collect();
        let mut tally = Tally::new(op.quorums);
        for index in op.quorums.all().iter() {
            if !answered.contains(index) {
                tally.fail(index);
            } else if !behind.contains(index) {
                tally.agree(index);
            }
        }
        let mut repair = Repair {
            reply,
            stale,
            fetching: Replicas::default(),
            fetched: BTreeMap::new(),
            applying: Replicas::default(),
            tally,
        };
        let sources: BTreeSet<_> = repair.stale.iter().map(|stale| stale.source).collect();
        for source in sources {
            repair.fetching.insert(source);
            self.fetch(op, id, source, missing(&repair, source), out);
        }
        op.stage = Stage::Repair(repair);
        id
    }

    fn fetch(&self, op: &Op, id: RequestId, source: u8, keys: Vec<Bytes>, out: &mut Outbox<Out>) {
        let request = Request::Fetch { partition: op.partition, keys };
        self.send(op.partition, op.seat(source), id, request, out);
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
                self.fetched(op, index, id, records, out)
            }
            Response::Applied if repair.applying.contains(index) => {
                repair.applying = repair.applying.without(Replicas::only(index));
                repair.tally.agree(index);
                let is_done = repair.applying.count() == 0 || repair.tally.is_met();
                if is_done || crate::planted!("repaired-by-one") {
                    return match repair.reply.take() {
                        Some(reply) => Verdict::End(Ok(reply)),
                        None => Verdict::ReadAgain,
                    };
                }
                Verdict::Wait
            }
            Response::Fetched { .. } | Response::Applied => Verdict::Wait,
            Response::Refused(refusal) if is_about_the_ring(refusal) => {
                let failure = op.not_met(false);
                match failed(op, index) {
                    Verdict::End(_) => Verdict::Park(Again::Start, failure),
                    other => other,
                }
            }
            Response::Executed { .. }
            | Response::Superseded { .. }
            | Response::Copied { .. }
            | Response::Compared { .. }
            | Response::Lacking { .. }
            | Response::Forwarded(_)
            | Response::Alive
            | Response::Refused(_) => failed(op, index),
        }
    }

    fn fetched(
        &self,
        op: &mut Op,
        source: u8,
        id: RequestId,
        records: Vec<Entry>,
        out: &mut Outbox<Out>,
    ) -> Verdict {
        let Stage::Repair(repair) = &mut op.stage else {
            unreachable!("the stage was matched");
        };
        let missed = missing(repair, source).len();
        repair.fetched.extend(records.into_iter().map(|entry| (entry.key, entry.record)));
        let missing = missing(repair, source);
        if missing.is_empty() {
            repair.fetching = repair.fetching.without(Replicas::only(source));
        } else if missing.len() == missed {
            // It has lost what it answered with, so nobody is known to hold it.
            reached(Mark::RepairSourceForgot);
            return gone(op);
        } else {
            reached(Mark::RepairFetchedMore);
            self.fetch(op, id, source, missing, out);
            return Verdict::Wait;
        }
        if repair.fetching.count() == 0 {
            self.bring_up_to_date(op, id, out);
        }
        Verdict::Wait
    }

    fn bring_up_to_date(&self, op: &mut Op, id: RequestId, out: &mut Outbox<Out>) {
        let Stage::Repair(repair) = &mut op.stage else {
            unreachable!("the stage was matched");
        };
        let mut lacking: BTreeMap<u8, Vec<Entry>> = BTreeMap::new();
        for Stale { replica, key, .. } in &repair.stale {
            let record = repair.fetched[key].clone();
            lacking.entry(*replica).or_default().push(Entry { key: key.clone(), record });
        }
        repair.fetched.clear();
        for (replica, records) in lacking {
            repair.applying.insert(replica);
            let request = Request::Apply { partition: op.partition, records, as_primary: false };
            self.send(op.partition, op.replicas[usize::from(replica)], id, request, out);
        }
    }
}

/// Replica `index` will not do its part of a repair. The read can do without one that was to be
/// brought up to date if enough others are.
pub(super) fn failed(op: &mut Op, index: u8) -> Verdict {
    if !op.waits_for(index) {
        return Verdict::Wait;
    }
    if let Stage::Repair(repair) = &mut op.stage
        && repair.applying.contains(index)
    {
        repair.applying = repair.applying.without(Replicas::only(index));
        repair.tally.fail(index);
        if !repair.tally.is_out_of_reach() {
            return Verdict::Wait;
        }
    }
    gone(op)
}

/// A repair whose source or target is gone: what was read may be seen by too few.
fn gone(op: &Op) -> Verdict {
    reached(Mark::RepairFailed);
    Verdict::End(Err(op.not_met(false)))
}

/// What is to be fetched from `source` and has not come yet.
fn missing(repair: &Repair, source: u8) -> Vec<Bytes> {
    let wanted = repair.stale.iter().filter(|stale| stale.source == source);
    let wanted: BTreeSet<_> = wanted.map(|stale| &stale.key).collect();
    wanted.into_iter().filter(|key| !repair.fetched.contains_key(*key)).cloned().collect()
}

/// Who lacks what, by what each of them read.
///
/// A replica that did not look at a key at which another one did may lack it as well: what it
/// held elsewhere led it past that key.
pub(super) fn stale_replicas(answers: &[Answer]) -> Vec<Stale> {
    if all_saw_the_same(answers) {
        return Vec::new();
    }
    let read = |answer: &Answer| {
        let entries = seen::entries(answer.seen.clone()).unwrap_or_default();
        (answer.replica, entries.into_iter().collect::<BTreeMap<_, _>>())
    };
    let reads: Vec<_> = answers.iter().map(read).collect();
    let mut newest: BTreeMap<&Bytes, (Freshness, u8)> = BTreeMap::new();
    for (replica, entries) in &reads {
        for (key, freshness) in entries {
            let best = newest.entry(key).or_insert((*freshness, *replica));
            if *freshness > best.0 {
                let source = if crate::planted!("repair-older") { best.1 } else { *replica };
                *best = (*freshness, source);
            }
        }
    }
    let mut found = Vec::new();
    for (key, (best, source)) in newest {
        for (replica, entries) in &reads {
            if *entries.get(key).unwrap_or(&Freshness::NONE) < best {
                found.push(Stale { replica: *replica, key: key.clone(), source });
            }
        }
    }
    found
}

/// A repair of a replica that lacks nothing: what the first one read goes to the second.
pub(super) fn needless(answers: &[Answer]) -> Vec<Stale> {
    let [first, second, ..] = answers else {
        return Vec::new();
    };
    let read = seen::entries(first.seen.clone()).unwrap_or_default();
    let held = read.into_iter().filter(|(_, freshness)| *freshness != Freshness::NONE);
    let held: BTreeSet<_> = held.map(|(key, _)| key).collect();
    let stale = |key| Stale { replica: second.replica, key, source: first.replica };
    held.into_iter().map(stale).collect()
}
