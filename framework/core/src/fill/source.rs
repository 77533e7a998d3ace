//! What is known of the other owners of one blank partition, and when that is enough.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::id::{NodeId, Seat};
use crate::rare::{Mark, reached};

/// The copying of one partition.
pub(super) struct Filling {
    /// On how many of the owners records may lie that this one has.
    counts: Vec<usize>,
    /// The others, in the order of the partition's owners.
    others: Vec<Other>,
}

/// Another owner.
struct Other {
    owner: Seat,
    source: Source,
    /// Whether it was blank at some time since this replica started, before it was copied.
    was_blank: bool,
    /// The last node on that seat that said itself that it is blank, if it said which it is.
    heard_blank: Option<NodeId>,
}

/// What is known of another owner's replica.
///
/// It is unknown until it answers. A blank one may be trusted later, so it is asked again. One
/// with data is copied page by page, and done with after its last page: what was copied stays
/// copied, even if that owner loses its data later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Unknown,
    Blank,
    Copying { after: Bytes },
    Copied,
}

impl Filling {
    /// The copying for the owner at `place`, where records lie on as many owners as `counts` says,
    /// or on all; nothing is known of the others yet.
    pub fn new(place: usize, owners: &[Seat], counts: &BTreeSet<u8>) -> Self {
        let other =
            |owner| Other { owner, source: Source::Unknown, was_blank: false, heard_blank: None };
        let (before, rest) = owners.split_at(place);
        let others = before.iter().chain(rest.iter().skip(1)).copied();
        // What lies on one owner alone is lost with it.
        let has_some = |count: &usize| *count > place.max(1) && *count < owners.len();
        let counts = counts.iter().map(|count| usize::from(*count)).filter(has_some);
        let counts = counts.chain([owners.len()]).collect();
        Self { counts, others: others.map(other).collect() }
    }

    /// The owners that are not copied yet.
    pub fn wanted(&self) -> impl Iterator<Item = Seat> {
        self.others.iter().filter(|it| it.source != Source::Copied).map(|it| it.owner)
    }

    /// What is known of `owner`; `None` when it is none.
    pub fn source(&self, owner: Seat) -> Option<&Source> {
        self.others.iter().find(|it| it.owner == owner).map(|it| &it.source)
    }

    /// Takes note of what `owner` turned out to be.
    pub fn learn(&mut self, owner: Seat, source: Source) {
        let known = self.others.iter_mut().find(|it| it.owner == owner);
        if let Some(known) = known.filter(|it| it.source != Source::Copied) {
            known.was_blank |= source == Source::Blank;
            known.source = source;
        }
    }

    /// Takes note of `owner`'s own word that it is blank; the same node's word is news once.
    pub fn hear_blank(&mut self, owner: Seat, node: Option<NodeId>) {
        let Some(known) = self.others.iter_mut().find(|it| it.owner == owner) else {
            return;
        };
        let is_news = node.is_none() || known.heard_blank != node;
        known.heard_blank = node.or(known.heard_blank);
        if is_news {
            self.learn(owner, Source::Blank);
        }
    }

    /// Whether the copy is complete; see [`crate::fill`]. `has_waited` when owners that have not
    /// answered yet have had the time to.
    pub fn is_complete(&self, has_waited: bool) -> bool {
        self.counts.iter().all(|count| self.is_complete_for(*count, has_waited))
    }

    /// Whether it is for records that lie on the first `owners` owners.
    fn is_complete_for(&self, owners: usize, has_waited: bool) -> bool {
        let majority = owners / 2 + 1;
        let others = &self.others[..owners - 1];
        let count = |wanted: fn(&Other) -> bool| others.iter().filter(|it| wanted(it)).count();
        let copied = count(|it| it.source == Source::Copied);
        let copying = count(|it| matches!(it.source, Source::Copying { .. }));
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_lie_on_few_owners_are_copied_from_enough_of_those() {
        let owners: Vec<_> = (1..=5).map(Seat).collect();
        let mut filling = Filling::new(0, &owners, &[3].into());
        // A write that two of the first three acknowledged may lie on none of these.
        for owner in [3, 4, 5] {
            filling.learn(Seat(owner), Source::Copied);
        }
        assert!(!filling.is_complete(true));
        filling.learn(Seat(2), Source::Copied);
        assert!(filling.is_complete(false));
    }

    #[test]
    fn a_late_owner_has_no_records_that_lie_on_the_first_few() {
        let owners: Vec<_> = (1..=5).map(Seat).collect();
        let mut filling = Filling::new(4, &owners, &[3].into());
        for owner in [1, 2, 4] {
            filling.learn(Seat(owner), Source::Copied);
        }
        assert!(filling.is_complete(false));
    }
}
