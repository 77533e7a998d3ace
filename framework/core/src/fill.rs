//! Filling: how a replica that starts without its data gets it back.
//!
//! A node whose records were in memory only comes back with none, on the seat of one that had
//! acknowledged writes. Were it believed, a quorum could consist of replicas that have forgotten.
//! So each of its partitions starts **blank** (see [`crate::replica`]) and copies the records of
//! the other owners, page by page, in the background.
//!
//! Let a record lie on the first N owners of its partition, and M be a majority of N. A write that
//! a majority acknowledged is held by M owners, and one of them may be this replica's own past. The
//! copy is complete when
//! - N - M + 1 others of them that are not blank were copied: one of them must hold the write; or
//! - M owners were blank since this one started, itself included, and every other owner that has
//!   data was copied. That is how a new cluster begins, when nobody has anything; were it not new,
//!   so many replicas lost at once would be more than a majority quorum survives anyway. Even then
//!   what is left is not thrown away: an owner that has not answered yet is waited for, a while.
//!
//! Apps may keep records on fewer than all owners ([`crate::app::App::replica_counts`]). So this must
//! be true for every such N, and for all owners.
//!
//! Everybody who asks for pages is blank, so being asked is how two blank replicas learn of each
//! other without waiting for an answer. A request says which node it is that is blank: it proves
//! nothing about the node's successor on that seat, and it proves it once. One that comes late, when
//! its sender has been filled and is being copied already, does not undo what was copied. Where the
//! wire does not carry the node (see [`crate::peer::Request::Copy`]), each request counts as news.

mod message;
mod source;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;

pub use message::{In, Out};

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::id::{Desk, NodeId, PartitionId, RequestId, RequestIds, Seat};
use crate::peer::{Request, Response};
use crate::rare::{Mark, reached, switched_on};
use crate::ring::Ring;
use source::{Filling, Source};

/// How often owners that were of no use yet are asked again.
const RETRY_PAUSE: Duration = Duration::from_millis(200);
/// How long an owner may be silent before the pages asked of it are given up, and how long a new
/// cluster waits for owners that never answered.
const SILENCE_MAX: Duration = Duration::from_secs(2);
/// Most pages asked for at once by one shard.
pub const PAGES_INFLIGHT_MAX: usize = 64;

/// Fills the blank replicas of one shard.
pub struct Fill {
    seat: Seat,
    node: NodeId,
    ids: RequestIds,
    /// On how many owners records may lie, besides on all.
    counts: BTreeSet<u8>,
    /// `None` until there is a ring.
    blank: BTreeMap<PartitionId, Option<Filling>>,
    /// Whose pages are asked for next: each in turn, so that one of no use holds up no other.
    turns: VecDeque<(PartitionId, Seat)>,
    pages: BTreeMap<RequestId, Page>,
    heard_at: BTreeMap<Seat, Instant>,
    ring_since: Instant,
    retry_at: Option<Instant>,
}

/// A page that was asked for.
struct Page {
    partition: PartitionId,
    from: Seat,
    after: Option<Bytes>,
    asked_at: Instant,
}

impl Fill {
    /// Fills the partitions in `blank` of the node `node` on `seat`; records lie on as many owners
    /// as `counts` says, or on all.
    #[must_use]
    pub fn new(
        seat: Seat,
        node: NodeId,
        desk: Desk,
        blank: impl IntoIterator<Item = PartitionId>,
        counts: BTreeSet<u8>,
    ) -> Self {
        Self {
            seat,
            node,
            ids: RequestIds::new(desk, node),
            counts,
            blank: blank.into_iter().map(|partition| (partition, None)).collect(),
            turns: VecDeque::new(),
            pages: BTreeMap::new(),
            heard_at: BTreeMap::new(),
            ring_since: Instant::default(),
            retry_at: None,
        }
    }

    /// How many partitions are still blank.
    #[must_use]
    pub fn blank(&self) -> usize {
        self.blank.len()
    }

    /// How many pages were asked for and have not come.
    #[must_use]
    pub fn pages_inflight(&self) -> usize {
        self.pages.len()
    }

    fn set_ring(&mut self, now: Now, ring: &Ring, out: &mut Outbox<Out>) {
        self.ring_since = now.tick;
        for (&partition, filling) in &mut self.blank {
            let owners = ring.owners(partition, ring.replicas());
            // Who owns no replica of it is never asked for one, and has nothing to fill.
            let place = owners.iter().position(|owner| *owner == self.seat);
            *filling = place.map(|place| Filling::new(place, owners, &self.counts));
        }
        self.retain(out, |filling| filling.as_ref().is_some_and(|it| !it.is_complete(false)));
        self.turns.clear();
        self.take_turns();
        self.ask(now, out);
        self.retry_at = Some(now.tick + RETRY_PAUSE);
    }

    /// Keeps those partitions blank for which `is_blank` holds, and says that others are not.
    fn retain(&mut self, out: &mut Outbox<Out>, is_blank: impl Fn(&Option<Filling>) -> bool) {
        self.blank.retain(|&partition, filling| {
            let stays = is_blank(filling);
            if !stays {
                out.push(Out::Trusted(partition));
            }
            stays
        });
    }

    /// Gives every owner a turn that is not copied yet and is not being asked.
    fn take_turns(&mut self) {
        let asked: BTreeSet<_> = self.pages.values().map(|it| (it.partition, it.from)).collect();
        for (&partition, filling) in &self.blank {
            for owner in filling.iter().flat_map(Filling::wanted) {
                if !asked.contains(&(partition, owner)) {
                    self.turns.push_back((partition, owner));
                }
            }
        }
    }

    /// Asks those whose turn it is, as many as may be asked at once.
    fn ask(&mut self, now: Now, out: &mut Outbox<Out>) {
        while self.pages.len() < PAGES_INFLIGHT_MAX
            && let Some((partition, owner)) = self.turns.pop_front()
        {
            let filling = self.blank.get(&partition).and_then(Option::as_ref);
            match filling.and_then(|filling| filling.source(owner)) {
                Some(Source::Unknown | Source::Blank) => {
                    self.ask_page(now, partition, owner, None, out);
                }
                Some(Source::Copying { after }) => {
                    let after = Some(after.clone());
                    self.ask_page(now, partition, owner, after, out);
                }
                Some(Source::Copied) | None => {}
            }
        }
    }

    fn ask_page(
        &mut self,
        now: Now,
        partition: PartitionId,
        from: Seat,
        after: Option<Bytes>,
        out: &mut Outbox<Out>,
    ) {
        let id = self.ids.draw();
        let id = id.in_background();
        let (copied, node) = (after.clone(), Some(self.node));
        let request = Request::Copy { partition, after: copied, until: None, digest: 0, node };
        self.pages.insert(id, Page { partition, from, after, asked_at: now.tick });
        out.push(Out::Send { to: from, id, request });
    }

    fn answer(
        &mut self,
        now: Now,
        from: Seat,
        id: RequestId,
        response: Response,
        out: &mut Outbox<Out>,
    ) {
        if self.pages.get(&id).is_none_or(|page| page.from != from) {
            return;
        }
        let Some(Page { partition, after, .. }) = self.pages.remove(&id) else {
            return;
        };
        self.heard_at.insert(from, now.tick);
        if switched_on(Mark::PageThrownAway) {
            return self.ask(now, out);
        }
        if let Response::Copied { records, upto, is_blank } = response {
            let has_more = upto.is_some();
            if !records.is_empty() {
                out.push(Out::Merge(partition, records));
            }
            let is_further = |last: &Bytes| after.as_ref().is_none_or(|after| last > after);
            match upto {
                _ if is_blank => self.learn(partition, from, Source::Blank, out),
                _ if !has_more || crate::planted!("one-page-is-all") => {
                    self.learn(partition, from, Source::Copied, out)
                }
                Some(_) if !self.blank.contains_key(&partition) => {}
                Some(after) if is_further(&after) => {
                    reached(Mark::FillManyPages);
                    self.learn(partition, from, Source::Copying { after: after.clone() }, out);
                    self.ask_page(now, partition, from, Some(after), out);
                }
                // More, it says, and yet no page with anything new: nothing was learnt.
                Some(_) | None => {}
            }
        }
        self.ask(now, out);
    }

    fn learn(
        &mut self,
        partition: PartitionId,
        owner: Seat,
        source: Source,
        out: &mut Outbox<Out>,
    ) {
        let Some(Some(filling)) = self.blank.get_mut(&partition) else {
            return;
        };
        filling.learn(owner, source);
        self.complete(partition, out);
    }

    /// Takes note of an owner's own word that it is blank.
    fn hear_blank(
        &mut self,
        partition: PartitionId,
        owner: Seat,
        node: Option<NodeId>,
        out: &mut Outbox<Out>,
    ) {
        let Some(Some(filling)) = self.blank.get_mut(&partition) else {
            return;
        };
        filling.hear_blank(owner, node);
        self.complete(partition, out);
    }

    fn complete(&mut self, partition: PartitionId, out: &mut Outbox<Out>) {
        let filling = self.blank.get(&partition).and_then(Option::as_ref);
        if filling.is_some_and(|filling| filling.is_complete(false)) {
            self.blank.remove(&partition);
            out.push(Out::Trusted(partition));
        }
    }

    fn retry(&mut self, now: Now, out: &mut Outbox<Out>) {
        let heard_at = &self.heard_at;
        self.pages.retain(|_, page| {
            let heard_at = heard_at.get(&page.from).copied().unwrap_or_default();
            let stays = now.tick.since(page.asked_at.max(heard_at)) < SILENCE_MAX;
            if !stays {
                reached(Mark::FillPageGivenUp);
            }
            stays
        });
        if now.tick.since(self.ring_since) >= SILENCE_MAX {
            let is_new = |filling: &Filling| filling.is_complete(true);
            self.retain(out, |filling| !filling.as_ref().is_some_and(is_new));
        }
        if self.turns.is_empty() {
            self.take_turns();
        }
        self.ask(now, out);
        self.retry_at = (!self.blank.is_empty()).then(|| now.tick + RETRY_PAUSE);
    }
}

impl Actor for Fill {
    type In = In;
    type Out = Out;

    fn handle(&mut self, now: Now, input: In, out: &mut Outbox<Out>) {
        match input {
            In::Ring(ring) => self.set_ring(now, &ring, out),
            In::Answer { from, id, response } => self.answer(now, from, id, response, out),
            In::Undelivered { id } => {
                self.pages.remove(&id);
                self.ask(now, out);
            }
            In::LinkLost(seat) => {
                self.pages.retain(|_, page| {
                    if page.from == seat {
                        reached(Mark::FillPageLost);
                    }
                    page.from != seat
                });
                self.ask(now, out);
            }
            In::PeerIsBlank { peer, node, partition } => {
                self.hear_blank(partition, peer, node, out);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.retry_at
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<Out>) {
        if self.retry_at.is_some_and(|at| at <= now.tick) {
            self.retry(now, out);
        }
    }
}

#[cfg(test)]
mod tests;
