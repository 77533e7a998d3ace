//! What a ring gives to each member, and what changes from one ring to the next.

use std::collections::BTreeMap;

use crate::id::{NodeName, Seat};
use crate::ring::Ring;

/// What one member has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The name of its seat.
    pub name: NodeName,
    /// Partitions it owns.
    pub owned: usize,
    /// Those of them whose primary it is.
    pub led: usize,
}

/// How far one ring is from another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// Places taken by an owner that did not own that partition: each is a copy to be made.
    pub gained: usize,
    /// Partitions with another primary.
    pub led_anew: usize,
}

/// Where zones are too few, or too small, to keep the copies of a partition apart.
///
/// A member that names no zone is a zone of its own, so a cluster without zones has none of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crowding {
    /// Partitions of which one zone has two owners or more.
    pub owners: usize,
    /// Partitions whose first fallback stands in the zone of an owner.
    pub fallbacks: usize,
}

impl Crowding {
    /// Whether any partition is concerned.
    #[must_use]
    pub fn is_any(self) -> bool {
        self != Self::default()
    }
}

impl Ring {
    /// What each member has, in the order of their names.
    #[must_use]
    pub fn balance(&self) -> Vec<Load> {
        let mut owned: Vec<Seat> = Vec::new();
        let mut led = Vec::new();
        for partition in self.parts.partitions.iter() {
            let owners = self.owners(partition, self.replicas());
            owned.extend(owners);
            led.extend(owners.first());
        }
        owned.sort_unstable();
        led.sort_unstable();
        let load = |name: &NodeName| Load {
            name: name.clone(),
            owned: occurrences(&owned, name.seat()),
            led: occurrences(&led, name.seat()),
        };
        self.parts.members.iter().map(|member| load(&member.name)).collect()
    }

    /// How many partitions have copies in one zone.
    #[must_use]
    pub fn crowding(&self) -> Crowding {
        let zones: BTreeMap<_, _> =
            self.parts.members.iter().map(|member| (member.name.seat(), &member.zone)).collect();
        // Those without a zone are all apart.
        let is_shared = |seat: &Seat, others: &[Seat]| {
            let zone = zones[seat];
            zone.is_some() && others.iter().any(|other| zones[other] == zone)
        };
        let mut crowding = Crowding::default();
        for partition in self.parts.partitions.iter() {
            let list = self.preference(partition);
            let owners = self.owners(partition, self.replicas());
            let shared = (1..owners.len()).any(|at| is_shared(&owners[at], &owners[..at]));
            let fallback = list.get(owners.len());
            crowding.owners += usize::from(shared);
            crowding.fallbacks += usize::from(fallback.is_some_and(|it| is_shared(it, owners)));
        }
        crowding
    }

    /// What it takes to come to this ring from `earlier`, which has as many partitions.
    ///
    /// # Panics
    /// When the numbers of partitions differ.
    #[must_use]
    pub fn moves(&self, earlier: &Self) -> Moves {
        assert_eq!(self.parts.partitions, earlier.parts.partitions, "rings of one chain");
        let mut moves = Moves::default();
        for partition in self.parts.partitions.iter() {
            let before = earlier.owners(partition, earlier.replicas());
            let now = self.owners(partition, self.replicas());
            moves.gained += now.iter().filter(|owner| !before.contains(owner)).count();
            moves.led_anew += usize::from(now.first() != before.first());
        }
        moves
    }
}

fn occurrences(sorted: &[Seat], seat: Seat) -> usize {
    sorted.partition_point(|&s| s <= seat) - sorted.partition_point(|&s| s < seat)
}
