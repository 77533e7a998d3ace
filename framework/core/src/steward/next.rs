//! What should be decided next: a pure function of the ring and of what is known of its members.

use std::collections::BTreeSet;

use crate::actor::Wall;
use crate::id::Seat;
use crate::ring::{Member, Ring, RingError, Tenure};
use crate::steward::Known;

/// A step to be proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Members came back as somebody else.
    Replace(Vec<Member>),
    /// These, and nobody else, should not be primaries.
    Depose(Vec<Seat>),
    /// All that was to move has arrived.
    Settle,
    /// These should be the members.
    Begin(Target),
}

/// Who should be the members, and why not all that are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The members, in the order of their names.
    pub members: Vec<Member>,
    /// Nodes that come.
    pub joins: Vec<Seat>,
    /// Members that go of their own wish.
    pub leaves: Vec<Seat>,
    /// Members that go since they were down for too long.
    pub evicted: Vec<Seat>,
}

impl Target {
    /// Whether it changes anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.joins.is_empty() && self.leaves.is_empty() && self.evicted.is_empty()
    }

    /// The same without those who come.
    #[must_use]
    pub fn without_joins(mut self) -> Self {
        self.members.retain(|member| !self.joins.contains(&member.seat()));
        self.joins.clear();
        self
    }
}

impl Next {
    /// The ring that this makes of `ring`.
    ///
    /// # Errors
    /// [`RingError`] when its members make no ring.
    pub fn of(&self, now: Wall, ring: &Ring) -> Result<Ring, RingError> {
        match self {
            Self::Replace(back) => Ok(ring.replace(now, back)),
            Self::Depose(seats) => Ok(ring.depose(now, seats.clone())),
            Self::Settle => Ok(ring.settle(now)),
            Self::Begin(target) => ring.begin(now, target.members.clone()),
        }
    }
}

/// Who should be the members of the ring after `ring`, if those who are `late` (down for too long)
/// may be evicted.
#[must_use]
pub fn target(ring: &Ring, known: &Known, late: &BTreeSet<Seat>) -> Target {
    let joins = if ring.is_moving() { Vec::new() } else { known.waiting(ring) };
    let leaves = known.leaving(ring);
    let evicted = evictable(ring, known, late);
    let goes = |member: &Member| {
        leaves.contains(&member.seat())
            || evicted.contains(&member.seat())
            || member.tenure == Tenure::Leaving
    };
    let stays = ring.members().iter().filter(|member| !goes(member)).cloned();
    let mut members: Vec<_> = stays.chain(joins.iter().cloned()).collect();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    let joins = joins.iter().map(Member::seat).collect();
    Target { members, joins, leaves, evicted }
}

/// Those of `late` that may go now: no more at once than copies may be lost of one partition, and
/// only while what they held can be copied from others.
fn evictable(ring: &Ring, known: &Known, late: &BTreeSet<Seat>) -> Vec<Seat> {
    // To see what can be copied is to look at every partition.
    if late.is_empty() {
        return Vec::new();
    }
    let n = usize::from(ring.replicas()).min(ring.members().len());
    let tolerated = n - (n / 2 + 1);
    let is_joining = |seat: &Seat| ring.member(*seat).is_some_and(|m| m.tenure == Tenure::Joining);
    let (joining, owning): (Vec<_>, Vec<_>) = late.iter().copied().partition(is_joining);
    let owns_nothing = |seat: &Seat| ring.owned_by(*seat).next().is_none();
    let (bare, owning): (Vec<_>, Vec<_>) = owning.into_iter().partition(owns_nothing);
    let mut gone: Vec<_> = owning.into_iter().take(tolerated.max(1)).collect();
    if !can_be_copied(ring, known) {
        gone.clear();
    }
    gone.extend(joining);
    gone.extend(bare);
    gone.sort_unstable();
    gone
}

/// Whether enough owners of every partition are there, with their data, to copy it from.
fn can_be_copied(ring: &Ring, known: &Known) -> bool {
    let has_data = |seat: &Seat| {
        let id = ring.member(*seat).map(|member| member.id);
        known.present(*seat).is_some_and(|standing| Some(standing.member.id) == id)
    };
    let there: BTreeSet<_> =
        ring.members().iter().map(Member::seat).filter(|seat| has_data(seat)).collect();
    ring.partitions().iter().all(|partition| {
        let owners = ring.owners(partition, ring.replicas());
        let left = owners.iter().filter(|seat| there.contains(seat)).count();
        left > owners.len() - (owners.len() / 2 + 1)
    })
}

/// Who should not be a primary, if that is to change: whoever is `down` at once, and who is back
/// and misses nothing no more. The flag says whether it is urgent.
#[must_use]
pub fn deposed(ring: &Ring, known: &Known, down: &BTreeSet<Seat>) -> Option<(Vec<Seat>, bool)> {
    let known_deposed: BTreeSet<_> = ring.deposed().iter().copied().collect();
    let owns = |seat: &&Seat| ring.owned_by(**seat).next().is_some();
    let fallen: BTreeSet<_> = down.iter().filter(owns).copied().collect();
    if !fallen.is_subset(&known_deposed) {
        return Some((known_deposed.union(&fallen).copied().collect(), true));
    }
    let is_back = |seat: &Seat| {
        known.present(*seat).is_some_and(|it| it.epoch == ring.epoch() && it.pending == 0)
            && !down.contains(seat)
    };
    let left: Vec<_> = known_deposed.iter().filter(|seat| !is_back(seat)).copied().collect();
    (left.len() < known_deposed.len()).then_some((left, false))
}
