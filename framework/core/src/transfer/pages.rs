//! Pages: how data moves, a bounded piece at a time.
//!
//! A page is asked of a peer, or offered to it, and is on its way until the peer has said all that
//! there is to say of it. Only so many are at once, they pass the [`Gate`], partitions take
//! [`Turns`], and those of a peer that says nothing at all are given up.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::actor::Instant;
use crate::id::{PartitionId, RequestId, RequestIds, Seat};
use crate::rare::{Mark, reached};
use crate::transfer::{Gate, Settings, Turns};

/// How often peers that were of no use yet are asked again.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// The pages of one shard that are on their way.
#[derive(Debug)]
pub(crate) struct Pages<T> {
    /// Which partitions have one on its way next: each in turn, so that one of no use holds up no
    /// other.
    pub turns: Turns,
    pub gate: Gate,
    ids: RequestIds,
    pages_max: usize,
    timeout: Duration,
    on_their_way: BTreeMap<RequestId, Page<T>>,
    heard_at: BTreeMap<Seat, Instant>,
    retry_at: Option<Instant>,
}

/// A page on its way.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub partition: PartitionId,
    pub peer: Seat,
    /// The last key before it; `None` when it is the first.
    pub after: Option<Bytes>,
    /// What is known of it so far.
    pub known: T,
    asked_at: Instant,
}

impl<T: Default> Page<T> {
    /// The page of `partition` behind `after`, to be asked of `peer`, of which nothing is known.
    pub fn new(partition: PartitionId, peer: Seat, after: Option<Bytes>) -> Self {
        Self { partition, peer, after, known: T::default(), asked_at: Instant::default() }
    }
}

impl<T> Pages<T> {
    /// No pages yet; requests for them will bear `ids`.
    pub fn new(ids: RequestIds, settings: &Settings) -> Self {
        Self {
            turns: Turns::default(),
            gate: Gate::new(settings),
            ids,
            pages_max: settings.pages_max,
            timeout: settings.timeout,
            on_their_way: BTreeMap::new(),
            heard_at: BTreeMap::new(),
            retry_at: None,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.on_their_way.len()
    }

    /// Whether there may be one more.
    pub fn has_room(&self) -> bool {
        self.on_their_way.len() < self.pages_max
    }

    /// Whether the answer to the request `id` is about one of them.
    pub fn has(&self, id: RequestId) -> bool {
        self.on_their_way.contains_key(&id)
    }

    /// The page that the request `id` is about.
    pub fn get(&self, id: RequestId) -> Option<&Page<T>> {
        self.on_their_way.get(&id)
    }

    /// The page that the request `id` is about, to learn more of it.
    pub fn get_mut(&mut self, id: RequestId) -> Option<&mut Page<T>> {
        self.on_their_way.get_mut(&id)
    }

    /// Lets its peer be asked about a page. Under which id.
    pub fn send(&mut self, now: Instant, page: Page<T>) -> RequestId {
        let id = self.ids.draw().in_background();
        self.on_their_way.insert(id, Page { asked_at: now, ..page });
        id
    }

    /// Ends the way of a page, or this part of it.
    pub fn take(&mut self, id: RequestId) -> Option<Page<T>> {
        self.on_their_way.remove(&id)
    }

    /// Takes note that `peer` has answered something: it is not silent.
    pub fn hear(&mut self, now: Instant, peer: Seat) {
        self.heard_at.insert(peer, now);
    }

    /// Whose turn it is, while there may be one more page.
    pub fn next_turn(&self) -> Option<PartitionId> {
        self.turns.front().filter(|_| self.has_room())
    }

    /// Keeps the pages, and the turns, of those partitions only.
    pub fn retain(&mut self, is_kept: impl Fn(PartitionId) -> bool) {
        self.on_their_way.retain(|_, page| is_kept(page.partition));
        self.turns.retain(is_kept);
    }

    /// Keeps no page of `partition`, nor its turn.
    pub fn forget(&mut self, partition: PartitionId) {
        self.on_their_way.retain(|_, page| page.partition != partition);
        self.turns.remove(partition);
    }

    /// Which were asked of `peer`.
    pub fn of(&self, peer: Seat) -> Vec<RequestId> {
        let pages = self.on_their_way.iter().filter(|(_, page)| page.peer == peer);
        pages.map(|(&id, _)| id).collect()
    }

    /// Which are to be given up, and whose they are: those of peers that have said nothing, of
    /// whatever page, for longer than may be.
    pub fn given_up(&self, now: Instant) -> Vec<(RequestId, Seat)> {
        let is_given_up = |page: &Page<T>| {
            let heard_at = self.heard_at.get(&page.peer).copied().unwrap_or_default();
            now.since(page.asked_at.max(heard_at)) >= self.timeout
        };
        let pages = self.on_their_way.iter().filter(|(_, page)| is_given_up(page));
        let pages = pages.inspect(|_| reached(Mark::FillPageGivenUp));
        pages.map(|(&id, page)| (id, page.peer)).collect()
    }

    /// Whether it is time to ask those again who were of no use, which this takes note of.
    pub fn begins_retry(&mut self, now: Instant) -> bool {
        let is_due = self.retry_at.is_some_and(|at| at <= now);
        if is_due {
            self.retry_at = None;
        }
        is_due
    }

    /// Retries no later than `at`.
    pub fn retry_by(&mut self, at: Instant) {
        self.retry_at = Some(self.retry_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// Retries after a pause if not before, or, when nothing `is_wanted`, not at all.
    pub fn retry_while(&mut self, now: Instant, is_wanted: bool) {
        self.retry_at = is_wanted.then(|| self.retry_at.unwrap_or(now + RETRY_PAUSE));
    }

    /// When there is something to be done: a retry, or, when it `may_ask`, to use the opened gate.
    pub fn deadline(&self, may_ask: bool) -> Option<Instant> {
        let gate = self.next_turn().filter(|_| may_ask).map(|_| self.gate.opens_at());
        self.retry_at.into_iter().chain(gate).min()
    }
}
