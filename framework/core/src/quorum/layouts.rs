//! Which answers a command needs: a quorum among the owners, and perhaps one among the targets.

use crate::quorum::{Need, REPLICAS_MAX, Replicas};

/// So many of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Quorum {
    of: Replicas,
    wanted: u8,
}

impl Quorum {
    fn new(of: Replicas, need: Need) -> Self {
        let count = of.count();
        assert!(count <= REPLICAS_MAX, "{count} replicas are more than {REPLICAS_MAX}");
        Self { of, wanted: need.of(count) }
    }

    fn count(self, replicas: Replicas) -> u8 {
        replicas.within(self.of).count()
    }

    fn lack(self, replicas: Replicas) -> u8 {
        self.wanted.saturating_sub(self.count(replicas))
    }
}

/// Which answers a command needs, in one layout or in two.
///
/// The owners have the first indices; those targets that are not owners have the next. Where
/// nothing moves there are no targets, and none of them is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quorums {
    owners: Quorum,
    targets: Quorum,
}

impl Quorums {
    /// A quorum of so many owners.
    #[must_use]
    pub fn among(owners: u8, need: Need) -> Self {
        let owners = Quorum::new(Replicas::first(owners), need);
        Self { owners, targets: Quorum::default() }
    }

    /// A quorum of so many owners, and one of `targets`.
    #[must_use]
    pub fn joint(owners: u8, targets: Replicas, need: Need) -> Self {
        let joint = Self { targets: Quorum::new(targets, need), ..Self::among(owners, need) };
        if joint.targets == joint.owners { Self::among(owners, need) } else { joint }
    }

    /// Whether there are two layouts.
    #[must_use]
    pub fn are_two(&self) -> bool {
        self.targets != Quorum::default()
    }

    /// Whether there are as many replicas as must answer.
    #[must_use]
    pub fn are_possible(&self) -> bool {
        self.are_met(self.all(), 0)
    }

    /// All replicas.
    #[must_use]
    pub fn all(&self) -> Replicas {
        self.owners.of.and(self.targets.of)
    }

    /// Those that are owners.
    #[must_use]
    pub fn of_owners(&self) -> Replicas {
        self.owners.of
    }

    /// How many of the owners must answer.
    #[must_use]
    pub fn wanted(&self) -> u8 {
        self.owners.wanted
    }

    /// Whether one answer may have to be compared with another.
    #[must_use]
    pub fn want_several(&self) -> bool {
        self.owners.wanted > 1 || self.are_two()
    }

    /// Whether `replicas` are enough in each layout; a mistake that is planted counts `extra` more.
    pub(super) fn are_met(&self, replicas: Replicas, extra: u8) -> bool {
        let has_enough = |quorum: Quorum| quorum.count(replicas) + extra >= quorum.wanted;
        has_enough(self.owners) && has_enough(self.targets)
    }

    /// How many `replicas` are in the layout in which they lack most, and how many must be.
    pub(super) fn lacking_most(&self, replicas: Replicas) -> (u8, u8) {
        let is_targets = self.targets.lack(replicas) > self.owners.lack(replicas);
        let most = if is_targets { self.targets } else { self.owners };
        (most.count(replicas), most.wanted)
    }

    /// Whose answers are wanted besides those of `replicas`.
    #[must_use]
    pub fn wanting(&self, replicas: Replicas) -> Wanting {
        let left = |quorum: Quorum| {
            if quorum.lack(replicas) > 0 { quorum.of } else { Replicas::default() }
        };
        Wanting { owners: left(self.owners), targets: left(self.targets) }
    }
}

/// Whose answers are wanted: those of a layout that has enough are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanting {
    owners: Replicas,
    targets: Replicas,
}

impl Wanting {
    /// Whether nobody's are.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.owners.and(self.targets) == Replicas::default()
    }

    /// Whether those of replica `index` are.
    #[must_use]
    pub fn has(&self, index: u8) -> bool {
        self.owners.and(self.targets).contains(index)
    }

    /// Whether those of replica `index` are wanted in both layouts.
    #[must_use]
    pub fn in_both(&self, index: u8) -> bool {
        self.owners.within(self.targets).contains(index)
    }

    /// Replica `index` answers for each layout that it is in.
    pub fn serve(&mut self, index: u8) {
        for layout in [&mut self.owners, &mut self.targets] {
            if layout.contains(index) {
                *layout = Replicas::default();
            }
        }
    }

    /// Nobody's but in the layouts that replica `index` is in.
    #[must_use]
    pub fn around(self, index: u8) -> Self {
        let kept = |layout: Replicas| {
            if layout.contains(index) { layout } else { Replicas::default() }
        };
        Self { owners: kept(self.owners), targets: kept(self.targets) }
    }
}
