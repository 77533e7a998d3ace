//! What one partition's replica wants of the partition's owners, and when that is enough.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;

use crate::actor::Instant;
use crate::id::{Epoch, NodeId, PartitionId, Seat};
use crate::rare::{Mark, reached};
use crate::replica::Wants;
use crate::ring::Ring;
use crate::transfer::{Asking, Kind, Transfer, Waits};

/// The copying of one partition.
pub(super) struct Work {
    partition: PartitionId,
    /// Since when the partition is laid out so.
    pub since: Epoch,
    /// When this node learnt that.
    pub began_at: Instant,
    wants: Wants,
    /// How many owners it has, and which place among them is this replica's.
    owners: usize,
    place: Option<usize>,
    /// Whether it runs the owner's commands, so that clients wait for it to be whole.
    is_primary: bool,
    /// On how many owners records may lie that this replica has, or is to have.
    has: Vec<usize>,
    is_to_have: Vec<usize>,
    others: Vec<Other>,
    pub records: u64,
    pub bytes: u64,
    pub waits: Option<Waits>,
}

/// Another owner.
struct Other {
    owner: Seat,
    place: usize,
    source: Source,
    /// Whether it was blank at some time since this replica was, before it was copied.
    was_blank: bool,
    /// The last node on that seat that said itself that it is blank.
    heard_blank: Option<NodeId>,
    asking: Asking,
}

/// What is known of another owner's replica.
///
/// It is unknown until it answers. A blank one may be trusted later, so it is asked again. One
/// with data is walked over, page by page; when that brought anything new, once more, to verify;
/// and is done with then: what was copied stays copied, even if that owner loses its data later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Unknown,
    Blank,
    Walking(Walk),
    Copied,
}

/// A pass over a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Walk {
    /// Up to which key it has come.
    pub after: Option<Bytes>,
    /// Whether anything in it was new.
    pub had_news: bool,
    /// Whether it only verifies an earlier one.
    pub is_verifying: bool,
}

impl Work {
    /// What the replica of `partition` on `seat` may want under `ring`, where records lie on as
    /// many owners as `counts` says, or on all. Nothing is known of the others yet but what
    /// `before` knew about their blankness, and that only if this replica did not have its data
    /// then: who was blank at another time proves nothing.
    pub fn new(
        now: Instant,
        partition: PartitionId,
        seat: Seat,
        ring: &Ring,
        counts: &BTreeSet<u8>,
        before: Option<&Self>,
    ) -> Self {
        let owners = ring.owners(partition, ring.replicas());
        let place = owners.iter().position(|owner| *owner == seat);
        let targets = ring.targets(partition, ring.target_replicas()).unwrap_or_default();
        let others = owners.iter().enumerate().filter(|(_, owner)| **owner != seat);
        let others = others.map(|(place, owner)| Other::new(*owner, place, before));
        let target_place = targets.iter().position(|target| *target == seat);
        Self {
            partition,
            since: ring.since(partition),
            began_at: now,
            wants: Wants::default(),
            owners: owners.len(),
            has: counts_of(place, owners.len(), counts),
            is_to_have: counts_of(target_place, targets.len().max(owners.len()), counts),
            place,
            is_primary: ring.is_a_primary(partition, seat),
            others: others.collect(),
            records: 0,
            bytes: 0,
            waits: None,
        }
    }

    /// Takes note of what its replica wants.
    pub fn set_wants(&mut self, wants: Wants) {
        self.wants = wants;
    }

    /// The identity to say in page requests: that of a node that is blank here.
    pub fn says_blank(&self) -> bool {
        self.wants.fill
    }

    /// Whether clients may be waiting for it.
    pub fn is_urgent(&self) -> bool {
        self.wants.lead || (self.wants.fill && self.is_primary)
    }

    /// Whether clients may be waiting for it, and its next page is not likely to be one that only
    /// takes up room: whoever is silent is asked when there is some.
    pub fn is_pressing(&self) -> bool {
        self.is_urgent() && !matches!(self.waits, Some(Waits::Silent(_)))
    }

    /// Whether it wants nothing.
    pub fn is_idle(&self) -> bool {
        !self.wants.fill && !self.wants.join && !self.wants.lead
    }

    /// Why it copies, first of all.
    fn kind(&self) -> Kind {
        match self.wants {
            Wants { fill: true, .. } => Kind::Fill,
            Wants { lead: true, .. } => Kind::Lead,
            Wants { .. } => Kind::Join,
        }
    }

    /// Takes note that a want is fulfilled, if one is; `has_waited` when owners that have not
    /// answered yet have had the time to.
    pub fn fulfil(&mut self, has_waited: bool) -> Option<Kind> {
        if self.wants.fill && self.is_filled(has_waited) {
            (self.wants.fill, self.wants.is_trusted) = (false, true);
            return Some(Kind::Fill);
        }
        if self.wants.lead && self.has_enough(&self.has) {
            self.wants.lead = false;
            reached(Mark::LeadTakenOver);
            return Some(Kind::Lead);
        }
        // Whether an owner's own data counts is known once it is filled.
        if self.wants.join && !self.wants.fill && self.has_enough(&self.is_to_have) {
            self.wants.join = false;
            reached(Mark::Joined);
            return Some(Kind::Join);
        }
        None
    }

    /// The owner to ask for a page next, and which page: `first` if it may be asked, since a pass
    /// that has begun should end, or else the first of those that may.
    pub fn next(&mut self, now: Instant, first: Option<Seat>) -> Option<(Seat, Option<Bytes>)> {
        let may_be_asked =
            |other: &&mut Other| other.source != Source::Copied && other.asking.may_begin(now);
        let rank =
            |other: &&mut Other| (Some(other.owner) != first, !other.is_walked(), other.place);
        let others = self.others.iter_mut().filter(may_be_asked);
        let other = others.min_by_key(rank)?;
        other.asking.begin(now);
        let after = match &other.source {
            Source::Walking(walk) => walk.after.clone(),
            Source::Unknown | Source::Blank | Source::Copied => None,
        };
        Some((other.owner, after))
    }

    /// Whether no page is on its way that was asked for less than `span` ago.
    pub fn is_stalled(&self, now: Instant, span: Duration) -> bool {
        let asked = self.others.iter().filter_map(|it| it.asking.asked_at());
        asked.into_iter().all(|at| now.since(at) >= span)
    }

    /// What is known of `owner`; `None` when it is none.
    pub fn source(&self, owner: Seat) -> Option<&Source> {
        self.others.iter().find(|it| it.owner == owner).map(|it| &it.source)
    }

    /// Takes note that a page asked of `owner` has come, or will not.
    pub fn end_page(&mut self, owner: Seat) {
        if let Some(other) = self.other(owner) {
            other.asking.end();
        }
    }

    /// Does not ask `owner` again for `at_least` so long, and longer when it has been of no use
    /// before. Until when.
    pub fn rest(&mut self, now: Instant, owner: Seat, at_least: Duration) -> Option<Instant> {
        self.other(owner).map(|other| other.asking.rest(now, at_least))
    }

    /// Takes note of what `owner` turned out to be.
    pub fn learn(&mut self, owner: Seat, source: Source) {
        let known = self.other(owner);
        if let Some(known) = known.filter(|it| it.source != Source::Copied) {
            known.was_blank |= source == Source::Blank;
            known.asking.was_of_use();
            known.source = source;
        }
    }

    /// Takes note of `owner`'s own word that it is blank; the same node's word is news once.
    pub fn hear_blank(&mut self, owner: Seat, node: NodeId) {
        let Some(known) = self.other(owner) else {
            return;
        };
        let is_news = known.heard_blank != Some(node);
        known.heard_blank = Some(node);
        if is_news {
            self.learn(owner, Source::Blank);
        }
    }

    /// It, for an operator; `has_turn` when it waits for its turn.
    pub fn describe(&self, has_turn: bool) -> Transfer {
        let wanted = self.others.iter().filter(|it| it.source != Source::Copied);
        let asked = self.others.iter().any(|it| it.asking.asked_at().is_some());
        let turn = (!asked && has_turn).then_some(Waits::Turn);
        Transfer {
            partition: self.partition,
            kind: self.kind(),
            peers: wanted.map(|it| it.owner).collect(),
            bytes: self.bytes,
            records: self.records,
            waits: self.waits.or(turn),
        }
    }

    fn other(&mut self, owner: Seat) -> Option<&mut Other> {
        self.others.iter_mut().find(|it| it.owner == owner)
    }

    /// Whether an owner that lost its data has it back; see [`crate::copying`].
    fn is_filled(&self, has_waited: bool) -> bool {
        self.has.iter().all(|count| self.is_filled_for(*count, has_waited))
    }

    /// Whether it has for records that lie on the first `owners` owners.
    fn is_filled_for(&self, owners: usize, has_waited: bool) -> bool {
        let majority = owners / 2 + 1;
        let others = self.others.iter().filter(|it| it.place < owners);
        let count = |wanted: fn(&Other) -> bool| others.clone().filter(|it| wanted(it)).count();
        let copied = count(|it| it.source == Source::Copied);
        let copying = count(|it| matches!(it.source, Source::Walking(_)));
        let unknown = count(|it| it.source == Source::Unknown);
        let lost = 1 + count(|it| it.was_blank);
        let is_new = lost >= majority && copying == 0 && (unknown == 0 || has_waited);
        let missing = usize::from(crate::planted!("fill-one-short"));
        if copied + missing > owners - majority {
            return true;
        }
        if is_new {
            reached(Mark::FilledAsNew);
        }
        is_new
    }

    /// Whether so many of the first owners are copied, for each of these numbers of them, that
    /// whatever a majority of them acknowledged is here. This replica is one of those that are
    /// copied if it is an owner and trusted.
    fn has_enough(&self, counts: &[usize]) -> bool {
        counts.iter().all(|&count| {
            let owners = count.min(self.owners);
            let majority = owners / 2 + 1;
            let is_copied = |it: &&Other| it.place < owners && it.source == Source::Copied;
            let copied = self.others.iter().filter(is_copied).count();
            let own = self.wants.is_trusted && self.place.is_some_and(|place| place < owners);
            copied + usize::from(own) > owners - majority
        })
    }
}

impl Other {
    fn new(owner: Seat, place: usize, before: Option<&Work>) -> Self {
        let known = before.and_then(|work| work.others.iter().find(|it| it.owner == owner));
        let was_trusted = before.is_some_and(|work| work.wants.is_trusted);
        Self {
            owner,
            place,
            source: Source::Unknown,
            was_blank: known.is_some_and(|it| it.was_blank) && !was_trusted,
            heard_blank: known.and_then(|it| it.heard_blank),
            asking: Asking::new(),
        }
    }

    fn is_walked(&self) -> bool {
        matches!(self.source, Source::Walking(_))
    }
}

/// On how many of `owners` owners records may lie that the one at `place` has, all of them last;
/// none if it is none. Records for more owners than there are lie on all of them: so where owners
/// become fewer, all are the more that there were.
fn counts_of(place: Option<usize>, owners: usize, counts: &BTreeSet<u8>) -> Vec<usize> {
    let Some(place) = place else {
        return Vec::new();
    };
    let has_some = |count: &usize| *count > place && *count < owners;
    let counts = counts.iter().map(|count| usize::from(*count)).filter(has_some);
    counts.chain([owners]).collect()
}
