//! Copying: how a replica gets what others have acknowledged, and it has not.
//!
//! A node whose records were in memory only comes back with none, on the seat of one that had
//! acknowledged writes. Were it believed, a quorum could consist of replicas that have forgotten.
//! So each of its partitions starts **blank** (see [`crate::replica`]) and is **filled** from the
//! other owners, page by page, in the background. A node that is to own a partition **joins** it:
//! it copies from those who do. And a primary that takes over **leads** only when it has copied
//! what its predecessor acknowledged.
//!
//! # How much is enough
//!
//! Let a record lie on the first N owners of its partition, and M be a majority of N. A write that
//! a majority acknowledged is held by M owners, so that any N - M + 1 of them have it among them.
//! All owners that are copied are *sealed*: they answer under the layout that this node knows, and
//! so acknowledge nothing more under an earlier one. To join, or to lead, is to have copied as many
//! of them, this replica itself being one if it is an owner and trusted. For a blank replica one of
//! the M may be its own past. Its copy is complete when
//! - N - M + 1 others of them that are not blank were copied: one of them must hold the write; or
//! - M owners were blank since this one started, itself included, and every other owner that has
//!   data was copied. Were this not a new cluster, so many replicas lost at once would be more than
//!   a majority quorum survives anyway. Even then what is left is not thrown away: an owner that
//!   has not answered yet is waited for, a while.
//!
//! Apps may keep records on fewer than all owners ([`crate::app::App::replica_counts`]). So this
//! must be true for every such N, and for all owners.
//!
//! # How it is copied
//!
//! One owner after the other, so that what the first has given the others need not: the asking
//! replica describes a page of its own, and gets it only where the owner has another one. A pass
//! over an owner that brought anything new is followed by one that verifies. While an owner lets
//! this wait, the next is begun. When the partition is laid out anew all passes begin anew, and
//! are quick, since little has changed.
//!
//! A page request of a blank replica says which node it is that is blank, so being asked is how two
//! blank replicas learn of each other without waiting for an answer. It proves nothing about the
//! node's successor on that seat, and it proves it once: one that comes late, when its sender has
//! been filled and is being copied already, does not undo what was copied.

mod coming;
mod message;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use message::{In, Out};

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::id::{Desk, NodeId, PartitionId, RequestIds, Seat};
use crate::replica::{Errand, Wants};
use crate::ring::Ring;
use crate::transfer::{Counters, Page, Pages, RETRY_PAUSE, Settings, Transfer, Waits};
use work::Work;

/// Gets what the replicas of one shard want from others.
pub struct Copying {
    seat: Seat,
    node: NodeId,
    /// How long an owner that does not answer is waited for.
    timeout: Duration,
    /// On how many owners records may lie, besides on all.
    counts: BTreeSet<u8>,
    ring: Option<Arc<Ring>>,
    works: BTreeMap<PartitionId, Work>,
    /// Those that were asked for, and what has come of them.
    pages: Pages<Option<Came>>,
    counters: Counters,
}

/// What a page turned out to be, while its records are merged.
struct Came {
    /// Where it ends; `None` when that is where the owner's data ends.
    upto: Option<Bytes>,
    is_blank: bool,
}

impl Copying {
    /// Copies for the replicas of `desk` of the node `node` on `seat`; records lie on as many
    /// owners as `counts` says, or on all.
    #[must_use]
    pub fn new(
        seat: Seat,
        node: NodeId,
        desk: Desk,
        settings: &Settings,
        counts: BTreeSet<u8>,
    ) -> Self {
        Self {
            seat,
            node,
            timeout: settings.timeout,
            counts,
            ring: None,
            works: BTreeMap::new(),
            pages: Pages::new(RequestIds::new(desk, node), settings),
            counters: Counters::default(),
        }
    }

    /// How many pages were asked for and have not come.
    #[must_use]
    pub fn pages_inflight(&self) -> usize {
        self.pages.len()
    }

    /// What came so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// What is being copied, by partition.
    pub fn transfers(&self) -> impl Iterator<Item = Transfer> {
        let works = self.works.iter().filter(|(_, work)| !work.is_idle());
        works.map(|(&partition, work)| work.describe(self.pages.turns.has(partition)))
    }

    fn set_ring(&mut self, now: Now, ring: Arc<Ring>, out: &mut Outbox<Out>) {
        // What was asked under another layout is refused, and what was got proves nothing now.
        let works = &self.works;
        self.pages.retain(|partition| works[&partition].since == ring.since(partition));
        for (&partition, work) in &mut self.works {
            if work.since != ring.since(partition) {
                let (seat, counts) = (self.seat, &self.counts);
                *work = Work::new(now.tick, partition, seat, &ring, counts, Some(work));
            }
        }
        self.ring = Some(ring);
        self.ask(now, out);
    }

    fn set_wants(&mut self, now: Now, partition: PartitionId, wants: Wants, out: &mut Outbox<Out>) {
        let Some(ring) = &self.ring else {
            return;
        };
        let (seat, counts) = (self.seat, &self.counts);
        let work = self.works.entry(partition);
        let work = work.or_insert_with(|| Work::new(now.tick, partition, seat, ring, counts, None));
        work.set_wants(wants);
        if !work.is_idle() {
            self.pages.retry_while(now.tick, true);
        }
        self.fulfil(partition, false, out);
        self.queue(partition);
        self.ask(now, out);
    }

    /// Says what the replica of `partition` has now that it wanted.
    fn fulfil(&mut self, partition: PartitionId, has_waited: bool, out: &mut Outbox<Out>) {
        let Some(work) = self.works.get_mut(&partition) else {
            return;
        };
        while let Some(kind) = work.fulfil(has_waited) {
            out.push(Out::Done(partition, kind));
        }
    }

    /// Gives `partition` a turn; before all others if clients wait for it.
    fn queue(&mut self, partition: PartitionId) {
        match self.works.get(&partition) {
            Some(work) if work.is_idle() => {}
            Some(work) if work.is_urgent() => self.pages.turns.push_front(partition),
            Some(_) => self.pages.turns.push_back(partition),
            None => {}
        }
    }

    /// Lets those ask whose turn it is, as many as may at once.
    fn ask(&mut self, now: Now, out: &mut Outbox<Out>) {
        while let Some(partition) = self.pages.next_turn() {
            let work = self.works.get_mut(&partition);
            let is_urgent = work.as_ref().is_some_and(|work| work.is_urgent());
            let closed = self.pages.gate.closed(now.tick, is_urgent);
            if let Some(work) = work {
                work.waits = closed;
            }
            if closed.is_some() {
                return;
            }
            self.pages.turns.pop();
            self.ask_page(now, partition, None, out);
        }
    }

    /// Asks for the next page of `partition`: from `first`, if it may be asked.
    fn ask_page(
        &mut self,
        now: Now,
        partition: PartitionId,
        first: Option<Seat>,
        out: &mut Outbox<Out>,
    ) {
        let Some(work) = self.works.get_mut(&partition).filter(|work| !work.is_idle()) else {
            return;
        };
        let Some((from, after)) = work.next(now.tick, first) else {
            return;
        };
        if !work.is_urgent() {
            self.pages.gate.pass(now.tick);
        }
        let node = work.says_blank().then_some(self.node);
        let errand = Errand::Copy { after: after.clone(), node };
        let id = self.pages.send(now.tick, Page::new(partition, from, after));
        out.push(Out::Ask { to: from, id, partition, errand });
    }

    /// Lets `partition` ask for its next page: at once, since what has begun should end before more
    /// begins, unless clients wait for another one, or it has a turn later.
    fn go_on(
        &mut self,
        now: Now,
        partition: PartitionId,
        first: Option<Seat>,
        out: &mut Outbox<Out>,
    ) {
        let is_urgent = self.works.get(&partition).is_some_and(Work::is_urgent);
        let is_open = self.pages.gate.closed(now.tick, is_urgent).is_none();
        let next = self.pages.turns.front().and_then(|next| self.works.get(&next));
        let is_first = is_urgent || !next.is_some_and(Work::is_pressing);
        let has_turn_later = self.pages.turns.has(partition);
        if is_open && is_first && self.pages.has_room() && !has_turn_later {
            self.ask_page(now, partition, first, out);
        } else {
            self.queue(partition);
        }
        self.ask(now, out);
    }

    fn retry(&mut self, now: Now, out: &mut Outbox<Out>) {
        for (id, from) in self.pages.given_up(now.tick) {
            self.give_up(now, id, Duration::ZERO, Some(Waits::Silent(from)), out);
        }
        let partitions: Vec<_> = self.works.keys().copied().collect();
        for partition in partitions {
            let work = &self.works[&partition];
            if work.is_idle() {
                continue;
            }
            let has_waited = now.tick.since(work.began_at) >= self.timeout;
            if work.is_stalled(now.tick, RETRY_PAUSE) {
                self.queue(partition);
            }
            self.fulfil(partition, has_waited, out);
        }
        self.ask(now, out);
        let is_wanted = self.works.values().any(|work| !work.is_idle());
        self.pages.retry_while(now.tick, is_wanted);
    }

    fn hear_blank(
        &mut self,
        partition: PartitionId,
        peer: Seat,
        node: NodeId,
        out: &mut Outbox<Out>,
    ) {
        if let Some(work) = self.works.get_mut(&partition) {
            work.hear_blank(peer, node);
            self.fulfil(partition, false, out);
        }
    }
}

impl Actor for Copying {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In, out: &mut Outbox<Out>) {
        match input {
            In::Ring(ring) => self.set_ring(now, ring, out),
            In::Wants { partition, wants } => self.set_wants(now, partition, wants, out),
            In::Answer { from, id, response } => self.answer(now, from, id, response, out),
            In::Merged { id, news } => self.merged(now, id, news, out),
            In::Undelivered { id } => self.give_up(now, id, RETRY_PAUSE, None, out),
            In::LinkLost(seat) => self.link_lost(now, seat, out),
            In::PeerIsBlank { peer, node, partition } => {
                self.hear_blank(partition, peer, node, out);
            }
            In::ForegroundBusy(is_busy) => {
                self.pages.gate.set_foreground_busy(is_busy);
                self.ask(now, out);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.pages.deadline(true)
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
