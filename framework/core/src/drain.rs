//! Draining: how a node lets go of what it held for a partition that is others' now.
//!
//! Who was an owner may hold what no other has: a write that was never acknowledged, or one that
//! those who copied could not see because it was away. So its table stays until every owner has
//! confirmed everything in it, page by page: an owner compares digests; where they differ it is
//! offered the page's keys, and given the records that it lacks. Only the owners of a **settled**
//! ring can confirm, since those of a moving one may not stay; each confirms under one layout, and
//! when the partition is laid out anew all begin anew. An owner that is away, or blank, cannot,
//! and the table waits for it.

mod message;
mod stray;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use message::{In, Out};

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::id::{Desk, NodeId, PartitionId, RequestId, RequestIds, Seat};
use crate::peer::{Refusal, Response};
use crate::rare::{Mark, reached};
use crate::replica::Errand;
use crate::ring::Ring;
use crate::transfer::{Counters, Page, Pages, RETRY_PAUSE, Settings, Transfer, Waits, rest_after};
use stray::Stray;

/// Drains the strays of one shard.
pub struct Drain {
    ring: Option<Arc<Ring>>,
    strays: BTreeMap<PartitionId, Stray>,
    /// Those that owners are to confirm.
    pages: Pages<Described>,
    counters: Counters,
}

/// A page as this node's replica has described it to its owner.
#[derive(Default)]
struct Described {
    /// Its last key; `None` when it ends with the table.
    until: Option<Bytes>,
}

impl Drain {
    /// Drains the strays of `desk` of the node `node`.
    #[must_use]
    pub fn new(node: NodeId, desk: Desk, settings: &Settings) -> Self {
        // Far from those that copying draws for the same desk.
        let ids = RequestIds::new(desk, NodeId(!node.0));
        Self {
            ring: None,
            strays: BTreeMap::new(),
            pages: Pages::new(ids, settings),
            counters: Counters::default(),
        }
    }

    /// Whether it waits for the answer to the request `id`.
    #[must_use]
    pub fn awaits(&self, id: RequestId) -> bool {
        self.pages.has(id)
    }

    /// How many pages wait for an owner's word.
    #[must_use]
    pub fn pages_inflight(&self) -> usize {
        self.pages.len()
    }

    /// What went so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// What is being drained, by partition.
    pub fn transfers(&self) -> impl Iterator<Item = Transfer> {
        self.strays.values().map(Stray::describe)
    }

    /// The ring, while it is settled.
    fn settled(&self) -> Option<&Arc<Ring>> {
        self.ring.as_ref().filter(|ring| !ring.is_moving())
    }

    fn set_ring(&mut self, now: Now, ring: Arc<Ring>, out: &mut Outbox<Out>) {
        // Those that are laid out anew may be this node's own now; if not, it is told so again.
        self.strays.retain(|&partition, stray| stray.since == ring.since(partition));
        self.strays.values_mut().for_each(|stray| stray.is_outdated = false);
        self.pages.retain(|partition| self.strays.contains_key(&partition));
        self.ring = Some(ring);
        self.begin_all(now, out);
    }

    fn set_stray(
        &mut self,
        now: Now,
        partition: PartitionId,
        is_stray: bool,
        out: &mut Outbox<Out>,
    ) {
        if is_stray {
            if let Some(ring) = &self.ring {
                self.strays.entry(partition).or_insert_with(|| Stray::new(partition, ring));
                self.pages.turns.push_back(partition);
                self.go(now, out);
            }
        } else {
            self.forget(partition);
        }
    }

    /// Gives every stray a turn, and lets those go that are confirmed.
    fn begin_all(&mut self, now: Now, out: &mut Outbox<Out>) {
        let strays: Vec<_> = self.strays.keys().copied().collect();
        for partition in strays {
            if !self.drop_confirmed(partition, out) {
                self.pages.turns.push_back(partition);
            }
        }
        self.go(now, out);
    }

    fn go(&mut self, now: Now, out: &mut Outbox<Out>) {
        self.ask(now, out);
        let is_wanted = !self.strays.is_empty() && self.settled().is_some();
        self.pages.retry_while(now.tick, is_wanted);
    }

    /// Asks owners about as many pages as may be under way at once.
    fn ask(&mut self, now: Now, out: &mut Outbox<Out>) {
        if self.settled().is_none() {
            return;
        }
        while let Some(partition) = self.pages.next_turn() {
            let closed = self.pages.gate.closed(now.tick, false);
            let Some(stray) = self.strays.get_mut(&partition) else {
                self.pages.turns.pop();
                continue;
            };
            if closed.is_some() && !stray.is_outdated {
                stray.waits = closed;
                return;
            }
            let next = if stray.is_outdated { None } else { stray.next(now.tick) };
            let Some((owner, after)) = next else {
                self.pages.turns.pop();
                continue;
            };
            self.pages.gate.pass(now.tick);
            let errand = Errand::Compare { after: after.clone() };
            let id = self.pages.send(now.tick, Page::new(partition, owner, after));
            out.push(Out::Ask { to: owner, id, partition, errand });
        }
    }

    fn answer(
        &mut self,
        now: Now,
        from: Seat,
        id: RequestId,
        response: Response,
        out: &mut Outbox<Out>,
    ) {
        let Some(page) = self.pages.get(id).filter(|page| page.peer == from) else {
            return;
        };
        let partition = page.partition;
        self.pages.hear(now.tick, from);
        match response {
            Response::Compared { is_same: true } => {
                self.counters.pages_same += 1;
                self.confirm(now, id, out);
            }
            Response::Compared { is_same: false } => {
                self.counters.pages_differing += 1;
                self.go_on(now, id, out, |page| {
                    let (after, until) = (page.after.clone(), page.known.until.clone());
                    Errand::Offer { after, until }
                });
            }
            Response::Lacking { keys } if !keys.is_empty() => {
                reached(Mark::DrainOffered);
                self.go_on(now, id, out, |_| Errand::Give { keys });
            }
            Response::Lacking { .. } | Response::Applied => self.confirm(now, id, out),
            refused => {
                if refused == Response::Refused(Refusal::WrongEpoch) {
                    self.set_outdated(partition);
                }
                let (at_least, waits) = rest_after(from, &refused);
                self.give_up(now, id, at_least, waits, out);
            }
        }
    }

    /// Asks the page's owner what comes next of it, under another id.
    fn go_on(
        &mut self,
        now: Now,
        id: RequestId,
        out: &mut Outbox<Out>,
        errand: impl FnOnce(&Page<Described>) -> Errand,
    ) {
        let Some(page) = self.pages.take(id) else {
            return;
        };
        let (to, partition, errand) = (page.peer, page.partition, errand(&page));
        let id = self.pages.send(now.tick, page);
        out.push(Out::Ask { to, id, partition, errand });
    }

    fn confirm(&mut self, now: Now, id: RequestId, out: &mut Outbox<Out>) {
        let Some(Page { partition, peer: owner, known, .. }) = self.pages.take(id) else {
            return;
        };
        if let Some(stray) = self.strays.get_mut(&partition) {
            stray.confirm(owner, known.until);
        }
        if !self.drop_confirmed(partition, out) {
            // What was begun should end before the next one begins.
            self.pages.turns.push_front(partition);
        }
        self.ask(now, out);
    }

    /// Confirms nothing more, and drops nothing, before there is a newer ring.
    fn set_outdated(&mut self, partition: PartitionId) {
        if let Some(stray) = self.strays.get_mut(&partition) {
            stray.is_outdated = true;
        }
    }

    /// Drops what all owners have confirmed. Whether it did.
    fn drop_confirmed(&mut self, partition: PartitionId, out: &mut Outbox<Out>) -> bool {
        let is_settled = self.settled().is_some();
        let stray = self.strays.get(&partition);
        let is_confirmed = stray.is_some_and(|it| !it.is_outdated && it.is_confirmed());
        if !is_settled || !is_confirmed {
            return false;
        }
        reached(Mark::Drained);
        self.counters.drained += 1;
        self.forget(partition);
        out.push(Out::Drop(partition));
        true
    }

    /// Asks nothing more about a partition, and hears nothing more.
    fn forget(&mut self, partition: PartitionId) {
        if self.strays.remove(&partition).is_some() {
            self.pages.forget(partition);
        }
    }

    fn given(&mut self, now: Now, id: RequestId, records: u64, bytes: u64) {
        self.pages.gate.spend(now.tick, bytes);
        self.counters.records_out += records;
        self.counters.bytes_out += bytes;
        let partition = self.pages.get(id).map(|page| page.partition);
        if let Some(stray) = partition.and_then(|partition| self.strays.get_mut(&partition)) {
            stray.records += records;
            stray.bytes += bytes;
        }
    }

    /// Takes a page for not confirmed; its owner rests.
    fn give_up(
        &mut self,
        now: Now,
        id: RequestId,
        at_least: Duration,
        waits: Option<Waits>,
        out: &mut Outbox<Out>,
    ) {
        let Some(Page { partition, peer: owner, .. }) = self.pages.take(id) else {
            return;
        };
        if let Some(stray) = self.strays.get_mut(&partition) {
            stray.waits = waits.or(stray.waits);
            if let Some(until) = stray.rest(now.tick, owner, at_least) {
                self.pages.retry_by(until);
            }
        }
        self.ask(now, out);
    }

    fn retry(&mut self, now: Now, out: &mut Outbox<Out>) {
        for (id, owner) in self.pages.given_up(now.tick) {
            self.give_up(now, id, Duration::ZERO, Some(Waits::Silent(owner)), out);
        }
        self.begin_all(now, out);
    }

    fn link_lost(&mut self, now: Now, seat: Seat, out: &mut Outbox<Out>) {
        for id in self.pages.of(seat) {
            self.give_up(now, id, RETRY_PAUSE, Some(Waits::Silent(seat)), out);
        }
    }
}

impl Actor for Drain {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In, out: &mut Outbox<Out>) {
        match input {
            In::Ring(ring) => self.set_ring(now, ring, out),
            In::Stray { partition, is_stray } => self.set_stray(now, partition, is_stray, out),
            In::Outdated(partition) => self.set_outdated(partition),
            In::Described { id, until } => {
                if let Some(page) = self.pages.get_mut(id) {
                    page.known = Described { until };
                }
            }
            In::Given { id, records, bytes } => self.given(now, id, records, bytes),
            In::Answer { from, id, response } => self.answer(now, from, id, response, out),
            In::Undelivered { id } => self.give_up(now, id, RETRY_PAUSE, None, out),
            In::LinkLost(seat) => self.link_lost(now, seat, out),
            In::ForegroundBusy(is_busy) => {
                self.pages.gate.set_foreground_busy(is_busy);
                self.ask(now, out);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.pages.deadline(self.settled().is_some())
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<Out>) {
        if self.pages.begins_retry(now.tick) {
            self.retry(now, out);
        } else {
            self.ask(now, out);
        }
    }
}

#[cfg(test)]
mod tests;
