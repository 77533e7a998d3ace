//! Filling: how a replica that starts without its data gets it back.
//!
//! A node whose records were in memory only comes back with none, on the seat of one that had
//! acknowledged writes. Were it believed, a quorum could consist of replicas that have forgotten.
//! So each of its partitions starts **blank** (see [`crate::replica`]) and copies the records of
//! the other owners, page by page, in the background.
//!
//! Let a partition have N owners, and M be a majority of N. A write that a majority acknowledged
//! is held by M owners, and one of them may be this replica's own past. The copy is complete when
//! - N - M + 1 other owners that are not blank were copied: one of them must hold the write; or
//! - M owners are blank, this one included, and every other owner that is known not to be blank
//!   was copied. That is how a new cluster begins, when nobody has anything; were it not new, so
//!   many replicas lost at once would be more than a majority quorum survives anyway.
//!
//! Everybody who asks for pages is blank, so being asked is how two blank replicas learn of each
//! other without waiting for an answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::actor::{Actor, Instant, Now, Outbox};
use crate::id::{Desk, PartitionId, RequestId, Seat};
use crate::peer::{Entry, Request, Response};
use crate::ring::Ring;

/// How often owners that were of no use yet are asked again.
const RETRY_PAUSE: Duration = Duration::from_millis(200);
/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Most pages asked for at once by one shard.
const PAGES_INFLIGHT_MAX: usize = 64;

/// What can happen while replicas are being filled.
#[derive(Debug)]
pub enum In {
    /// The ring has changed.
    Ring(Arc<Ring>),
    /// An owner's answer to a page request.
    Answer {
        /// Which owner.
        from: Seat,
        /// The request's id.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// A page request will not be answered.
    Undelivered {
        /// The request's id.
        id: RequestId,
    },
    /// The link to a peer broke: pages asked of it will not come.
    LinkLost(Seat),
    /// A peer asked for pages of a partition, and so is blank there.
    PeerIsBlank {
        /// Which peer.
        peer: Seat,
        /// Which partition.
        partition: PartitionId,
    },
}

/// What filling asks for.
#[derive(Debug)]
pub enum Out {
    /// Ask an owner for a page.
    Send {
        /// Which owner.
        to: Seat,
        /// The request's id.
        id: RequestId,
        /// The request.
        request: Request,
    },
    /// Merge these records into the replica of this partition.
    Merge(PartitionId, Vec<Entry>),
    /// The replica of this partition may be trusted again.
    Trusted(PartitionId),
}

/// Fills the blank replicas of one shard.
pub struct Fill {
    seat: Seat,
    desk: Desk,
    requests: u64,
    blank: BTreeMap<PartitionId, Option<Filling>>,
    pages: BTreeMap<RequestId, Page>,
    retry_at: Option<Instant>,
}

/// The copying of one partition.
struct Filling {
    others: Vec<(Seat, Source)>,
}

/// What is known of another owner's replica.
///
/// It is unknown until it answers. A blank one may be trusted later, so it is asked again. One
/// with data is copied page by page, and done with after its last page.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Unknown,
    Blank,
    Copying { after: Option<Bytes> },
    Copied,
}

/// A page that was asked for.
struct Page {
    partition: PartitionId,
    from: Seat,
    asked_at: Instant,
}

impl Fill {
    /// Fills the partitions in `blank` of the node on `seat`.
    #[must_use]
    pub fn new(seat: Seat, desk: Desk, blank: impl IntoIterator<Item = PartitionId>) -> Self {
        Self {
            seat,
            desk,
            requests: 0,
            blank: blank.into_iter().map(|partition| (partition, None)).collect(),
            pages: BTreeMap::new(),
            retry_at: None,
        }
    }

    /// How many partitions are still blank.
    #[must_use]
    pub fn blank(&self) -> usize {
        self.blank.len()
    }

    fn set_ring(&mut self, now: Now, ring: &Ring, out: &mut Outbox<Out>) {
        let mut trusted = Vec::new();
        for (&partition, filling) in &mut self.blank {
            let owners = ring.owners(partition, ring.replicas());
            if !owners.contains(&self.seat) {
                // A fallback is never asked for what it does not hold.
                trusted.push(partition);
                continue;
            }
            let others = owners.iter().filter(|owner| **owner != self.seat);
            let others = others.map(|&owner| (owner, Source::Unknown)).collect();
            let filling = filling.insert(Filling { others });
            if filling.is_complete() {
                trusted.push(partition);
            }
        }
        for partition in trusted {
            self.trust(partition, out);
        }
        self.ask(now, out);
    }

    fn trust(&mut self, partition: PartitionId, out: &mut Outbox<Out>) {
        if self.blank.remove(&partition).is_some() {
            out.push(Out::Trusted(partition));
        }
    }

    /// Asks every owner that may have something and is not being asked.
    fn ask(&mut self, now: Now, out: &mut Outbox<Out>) {
        let mut wanted = Vec::new();
        for (&partition, filling) in &self.blank {
            for (owner, source) in filling.iter().flat_map(|filling| &filling.others) {
                let after = match source {
                    Source::Unknown | Source::Blank => None,
                    Source::Copying { after } => after.clone(),
                    Source::Copied => continue,
                };
                wanted.push((partition, *owner, after));
            }
        }
        wanted.retain(|(partition, owner, _)| {
            !self.pages.values().any(|page| page.partition == *partition && page.from == *owner)
        });
        for (partition, owner, after) in wanted {
            if self.pages.len() >= PAGES_INFLIGHT_MAX {
                break;
            }
            self.ask_page(now, partition, owner, after, out);
        }
        self.retry_at = (!self.blank.is_empty()).then(|| now.tick + RETRY_PAUSE);
    }

    fn ask_page(
        &mut self,
        now: Now,
        partition: PartitionId,
        from: Seat,
        after: Option<Bytes>,
        out: &mut Outbox<Out>,
    ) {
        self.requests += 1;
        let id = RequestId::new(self.desk, self.requests).in_background();
        self.pages.insert(id, Page { partition, from, asked_at: now.tick });
        out.push(Out::Send { to: from, id, request: Request::Copy { partition, after } });
    }

    fn answer(
        &mut self,
        now: Now,
        from: Seat,
        id: RequestId,
        response: Response,
        out: &mut Outbox<Out>,
    ) {
        let Some(page) = self.pages.remove(&id).filter(|page| page.from == from) else {
            return;
        };
        let partition = page.partition;
        if let Response::Copied { records, has_more, is_blank } = response {
            let last = records.last().map(|entry| entry.key.clone());
            let source = match (is_blank, last) {
                (true, _) => Source::Blank,
                (false, Some(last)) if has_more => Source::Copying { after: Some(last) },
                (false, _) => Source::Copied,
            };
            if !records.is_empty() {
                out.push(Out::Merge(partition, records));
            }
            if let Source::Copying { after } = &source {
                self.ask_page(now, partition, from, after.clone(), out);
            }
            self.learn(partition, from, source, out);
        }
        if self.pages.len() < PAGES_INFLIGHT_MAX / 2 && self.has_unasked() {
            self.ask(now, out);
        }
    }

    fn has_unasked(&self) -> bool {
        self.blank.len() > self.pages.len()
            && self.blank.values().flatten().any(|filling| {
                filling.others.iter().any(|(_, source)| *source == Source::Unknown)
            })
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
        let Some((_, known)) = filling.others.iter_mut().find(|(seat, _)| *seat == owner) else {
            return;
        };
        // What was copied stays copied, even if that owner has lost its data since.
        if *known == Source::Copied {
            return;
        }
        *known = source;
        if filling.is_complete() {
            self.trust(partition, out);
        }
    }
}

impl Filling {
    fn is_complete(&self) -> bool {
        let owners = self.others.len() + 1;
        let majority = owners / 2 + 1;
        let count = |wanted: fn(&Source) -> bool| {
            self.others.iter().filter(|(_, source)| wanted(source)).count()
        };
        let copied = count(|source| *source == Source::Copied);
        let copying = count(|source| matches!(source, Source::Copying { .. }));
        let blank = 1 + count(|source| *source == Source::Blank);
        copied > owners - majority || (blank >= majority && copying == 0)
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
            }
            In::LinkLost(seat) => self.pages.retain(|_, page| page.from != seat),
            In::PeerIsBlank { peer, partition } => {
                self.learn(partition, peer, Source::Blank, out);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.retry_at
    }

    fn wake(&mut self, now: Now, out: &mut Outbox<Out>) {
        if self.retry_at.is_none_or(|at| at > now.tick) {
            return;
        }
        self.pages.retain(|_, page| now.tick.since(page.asked_at) < ANSWER_TIMEOUT);
        self.ask(now, out);
    }
}

#[cfg(test)]
#[path = "fill/tests.rs"]
mod tests;
