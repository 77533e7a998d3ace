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

use std::collections::{BTreeMap, VecDeque};
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
use crate::transfer::{Counters, Gate, Settings, Transfer, Waits};
use stray::Stray;

/// How often owners that were of no use yet are asked again.
const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Drains the strays of one shard.
pub struct Drain {
    ids: RequestIds,
    settings: Settings,
    ring: Option<Arc<Ring>>,
    strays: BTreeMap<PartitionId, Stray>,
    turns: VecDeque<PartitionId>,
    pages: BTreeMap<RequestId, Page>,
    heard_at: BTreeMap<Seat, Instant>,
    gate: Gate,
    retry_at: Option<Instant>,
    counters: Counters,
}

/// A page that an owner is to confirm.
struct Page {
    partition: PartitionId,
    owner: Seat,
    after: Option<Bytes>,
    /// Its last key, once it is described; `None` when it ends with the table.
    until: Option<Bytes>,
    asked_at: Instant,
}

impl Drain {
    /// Drains the strays of `desk` of the node `node`.
    #[must_use]
    pub fn new(node: NodeId, desk: Desk, settings: Settings) -> Self {
        Self {
            // Far from those that copying draws for the same desk.
            ids: RequestIds::new(desk, NodeId(!node.0)),
            gate: Gate::new(&settings),
            settings,
            ring: None,
            strays: BTreeMap::new(),
            turns: VecDeque::new(),
            pages: BTreeMap::new(),
            heard_at: BTreeMap::new(),
            retry_at: None,
            counters: Counters::default(),
        }
    }

    /// Whether it waits for the answer to the request `id`.
    #[must_use]
    pub fn awaits(&self, id: RequestId) -> bool {
        self.pages.contains_key(&id)
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
        let strays = &self.strays;
        let is_asked = |page: &Page| {
            strays.get(&page.partition).is_some_and(|stray| stray.is_asked(page.owner))
        };
        self.pages.retain(|_, page| is_asked(page));
        self.turns.retain(|partition| strays.get(partition).is_some_and(|it| it.is_queued));
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
                self.queue(partition);
                self.go(now, out);
            }
        } else if self.strays.remove(&partition).is_some() {
            self.pages.retain(|_, page| page.partition != partition);
        }
    }

    /// Gives every stray a turn, and lets those go that are confirmed.
    fn begin_all(&mut self, now: Now, out: &mut Outbox<Out>) {
        let strays: Vec<_> = self.strays.keys().copied().collect();
        for partition in strays {
            self.drop_confirmed(partition, out);
            self.queue(partition);
        }
        self.go(now, out);
    }

    /// Gives a stray a turn if it does not wait for one.
    fn queue(&mut self, partition: PartitionId) {
        let stray = self.strays.get_mut(&partition).filter(|stray| !stray.is_queued);
        if let Some(stray) = stray {
            stray.is_queued = true;
            self.turns.push_back(partition);
        }
    }

    fn go(&mut self, now: Now, out: &mut Outbox<Out>) {
        self.ask(now, out);
        let is_due = !self.strays.is_empty() && self.settled().is_some();
        self.retry_at = is_due.then(|| self.retry_at.unwrap_or(now.tick + RETRY_PAUSE));
    }

    /// Asks owners about as many pages as may be under way at once.
    fn ask(&mut self, now: Now, out: &mut Outbox<Out>) {
        if self.settled().is_none() {
            return;
        }
        while self.pages.len() < self.settings.pages_max
            && let Some(&partition) = self.turns.front()
        {
            let closed = self.gate.closed(now.tick, false);
            let Some(stray) = self.strays.get_mut(&partition) else {
                self.turns.pop_front();
                continue;
            };
            if closed.is_some() && !stray.is_outdated {
                stray.waits = closed;
                return;
            }
            let next = if stray.is_outdated { None } else { stray.next(now.tick) };
            let Some((owner, after)) = next else {
                stray.is_queued = false;
                self.turns.pop_front();
                continue;
            };
            self.gate.pass(now.tick);
            let id = self.ids.draw().in_background();
            let errand = Errand::Compare { after: after.clone() };
            let page = Page { partition, owner, after, until: None, asked_at: now.tick };
            self.pages.insert(id, page);
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
        if self.pages.get(&id).is_none_or(|page| page.owner != from) {
            return;
        }
        self.heard_at.insert(from, now.tick);
        match response {
            Response::Compared { is_same: true } => {
                self.counters.pages_same += 1;
                self.confirm(now, id, out);
            }
            Response::Compared { is_same: false } => {
                self.counters.pages_differing += 1;
                self.go_on(now, id, out, |page| {
                    let (after, until) = (page.after.clone(), page.until.clone());
                    Errand::Offer { after, until }
                });
            }
            Response::Lacking { keys } if !keys.is_empty() => {
                reached(Mark::DrainOffered);
                self.go_on(now, id, out, |_| Errand::Give { keys });
            }
            Response::Lacking { .. } | Response::Applied => self.confirm(now, id, out),
            Response::Refused(Refusal::WrongEpoch) => {
                if let Some(partition) = self.pages.get(&id).map(|page| page.partition) {
                    self.set_outdated(partition);
                }
                self.give_up(now, id, Duration::ZERO, Some(Waits::OtherRing(from)), out);
            }
            Response::Refused(Refusal::Behind | Refusal::NotReady) => {
                self.give_up(now, id, Duration::ZERO, Some(Waits::OtherRing(from)), out);
            }
            Response::Refused(Refusal::Blank) => {
                self.give_up(now, id, RETRY_PAUSE, Some(Waits::Blank(from)), out);
            }
            Response::Refused(Refusal::Overloaded) => {
                self.give_up(now, id, Duration::ZERO, Some(Waits::Busy(from)), out);
            }
            _ => self.give_up(now, id, RETRY_PAUSE, None, out),
        }
    }

    /// Asks the page's owner what comes next of it, under another id.
    fn go_on(
        &mut self,
        now: Now,
        id: RequestId,
        out: &mut Outbox<Out>,
        errand: impl FnOnce(&Page) -> Errand,
    ) {
        let Some(page) = self.pages.remove(&id) else {
            return;
        };
        let id = self.ids.draw().in_background();
        let (to, partition, errand) = (page.owner, page.partition, errand(&page));
        self.pages.insert(id, Page { asked_at: now.tick, ..page });
        out.push(Out::Ask { to, id, partition, errand });
    }

    fn confirm(&mut self, now: Now, id: RequestId, out: &mut Outbox<Out>) {
        let Some(Page { partition, owner, until, .. }) = self.pages.remove(&id) else {
            return;
        };
        if let Some(stray) = self.strays.get_mut(&partition) {
            stray.confirm(owner, until);
        }
        self.drop_confirmed(partition, out);
        // What was begun should end before the next one begins.
        if let Some(stray) = self.strays.get_mut(&partition).filter(|stray| !stray.is_queued) {
            stray.is_queued = true;
            self.turns.push_front(partition);
        }
        self.ask(now, out);
    }

    /// Confirms nothing more, and drops nothing, before there is a newer ring.
    fn set_outdated(&mut self, partition: PartitionId) {
        if let Some(stray) = self.strays.get_mut(&partition) {
            stray.is_outdated = true;
        }
    }

    fn drop_confirmed(&mut self, partition: PartitionId, out: &mut Outbox<Out>) {
        let is_settled = self.settled().is_some();
        let stray = self.strays.get(&partition);
        if is_settled && stray.is_some_and(|stray| !stray.is_outdated && stray.is_confirmed()) {
            reached(Mark::Drained);
            self.counters.drained += 1;
            self.strays.remove(&partition);
            out.push(Out::Drop(partition));
        }
    }

    fn given(&mut self, now: Now, id: RequestId, records: u64, bytes: u64) {
        self.gate.spend(now.tick, bytes);
        self.counters.records_out += records;
        self.counters.bytes_out += bytes;
        let partition = self.pages.get(&id).map(|page| page.partition);
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
        let Some(Page { partition, owner, .. }) = self.pages.remove(&id) else {
            return;
        };
        if let Some(stray) = self.strays.get_mut(&partition) {
            stray.waits = waits.or(stray.waits);
            let until = stray.rest(now.tick, owner, at_least);
            self.retry_at = self.retry_at.into_iter().chain(until).min();
        }
        self.ask(now, out);
    }

    fn retry(&mut self, now: Now, out: &mut Outbox<Out>) {
        self.retry_at = None;
        let silent = |page: &Page| {
            let heard_at = self.heard_at.get(&page.owner).copied().unwrap_or_default();
            now.tick.since(page.asked_at.max(heard_at)) >= self.settings.timeout
        };
        let pages = self.pages.iter().filter(|(_, page)| silent(page));
        let given_up: Vec<_> = pages.map(|(&id, page)| (id, page.owner)).collect();
        for (id, owner) in given_up {
            reached(Mark::FillPageGivenUp);
            self.give_up(now, id, Duration::ZERO, Some(Waits::Silent(owner)), out);
        }
        self.begin_all(now, out);
    }

    fn link_lost(&mut self, now: Now, seat: Seat, out: &mut Outbox<Out>) {
        let pages = self.pages.iter().filter(|(_, page)| page.owner == seat);
        let lost: Vec<_> = pages.map(|(&id, _)| id).collect();
        for id in lost {
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
                if let Some(page) = self.pages.get_mut(&id) {
                    page.until = until;
                }
            }
            In::Given { id, records, bytes } => self.given(now, id, records, bytes),
            In::Answer { from, id, response } => self.answer(now, from, id, response, out),
            In::Undelivered { id } => self.give_up(now, id, RETRY_PAUSE, None, out),
            In::LinkLost(seat) => self.link_lost(now, seat, out),
            In::ForegroundBusy(is_busy) => {
                self.gate.set_foreground_busy(is_busy);
                self.ask(now, out);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let is_waiting = self.settled().is_some() && !self.turns.is_empty();
        let waits_for_gate = is_waiting && self.pages.len() < self.settings.pages_max;
        let gate = waits_for_gate.then(|| self.gate.opens_at());
        self.retry_at.into_iter().chain(gate).min()
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<Out>) {
        if self.retry_at.is_some_and(|at| at <= now.tick) {
            self.retry(now, out);
        } else {
            self.ask(now, out);
        }
    }
}

#[cfg(test)]
mod tests;
