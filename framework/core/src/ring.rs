//! The ring: for each partition, who owns it and who stands in.
//!
//! A ring is an immutable value. For each partition it has a *preference list* of seats on
//! distinct nodes: the first [`Ring::replicas`] are the partition's **owners**, the very first its
//! **primary**, those after them its **fallbacks** in order. Which list a partition gets is a pure
//! function of the members (see [`strategy`]) and of the ring before.
//!
//! Rings form a chain, one for each epoch, and each is decided once ([`crate::chain`]). What one
//! can become is in the file `change.rs`: a ring is **settled**, or it is **moving**, with a second
//! list for each partition, of those who are to own it. While it is moving, commands need their
//! quorum among the owners and among the targets; when all targets hold what the owners hold it is
//! settled with the new lists, or else, with the old ones.

pub mod balanced;
mod blueprint;
#[cfg(test)]
mod chains;
mod change;
mod distance;
mod error;
pub mod full;
#[cfg(test)]
mod laws;
mod layout;
mod list;
mod member;
pub mod modulo;
mod parts;
pub mod rendezvous;
pub mod report;
#[cfg(test)]
mod story;
pub mod strategy;
mod terms;
#[cfg(test)]
mod tests;
pub mod tokens;

use std::collections::BTreeSet;

use crate::actor::Wall;
use crate::id::{ClusterId, Epoch, PartitionId, Seat};
use crate::key::{Key, Partitions};

pub use blueprint::Blueprint;
pub use change::Reason;
pub use error::RingError;
pub use layout::Layout;
pub use member::{Member, Tenure};
pub use parts::Parts;
pub use strategy::Strategy;

/// Who owns what, at one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    parts: Parts,
    /// Where each member is among them, in the order of their seats.
    places: Vec<(Seat, usize)>,
    fingerprint: u64,
}

impl Ring {
    /// Which cluster it is of.
    #[must_use]
    pub fn cluster(&self) -> ClusterId {
        self.parts.cluster
    }

    /// The ring's number in its chain.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.parts.epoch
    }

    /// How the partitions are placed.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.parts.strategy
    }

    /// How many partitions there are.
    #[must_use]
    pub fn partitions(&self) -> Partitions {
        self.parts.partitions
    }

    /// How many owners each partition has, when there are so many members.
    #[must_use]
    pub fn replicas(&self) -> u8 {
        self.parts.layout.replicas()
    }

    /// The members in the order of their names.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.parts.members
    }

    /// The member on `seat`.
    #[must_use]
    pub fn member(&self, seat: Seat) -> Option<&Member> {
        let at = self.places.binary_search_by_key(&seat, |(seat, _)| *seat).ok()?;
        Some(&self.parts.members[self.places[at].1])
    }

    /// Who decides what the next ring is, in order.
    #[must_use]
    pub fn voters(&self) -> &[Seat] {
        &self.parts.voters
    }

    /// Owners that are not primaries while there is another one, in order.
    #[must_use]
    pub fn deposed(&self) -> &[Seat] {
        &self.parts.deposed
    }

    /// Whether partitions are being moved.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.parts.target.is_some()
    }

    /// Whether an operator has put a stop to changes.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.parts.is_held
    }

    /// Why there is this ring.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.parts.reason
    }

    /// When it was proposed, on its proposer's clock.
    #[must_use]
    pub fn decided_at(&self) -> Wall {
        self.parts.decided_at
    }

    /// The partition that holds `key`.
    #[must_use]
    pub fn partition(&self, key: Key) -> PartitionId {
        self.parts.partitions.of(key)
    }

    /// The preference list of `partition`: its owners, then fallbacks.
    #[must_use]
    pub fn preference(&self, partition: PartitionId) -> &[Seat] {
        self.parts.layout.preference(partition)
    }

    /// The first `n` of the preference list of `partition`, or all of it when it is shorter.
    #[must_use]
    pub fn owners(&self, partition: PartitionId, n: u8) -> &[Seat] {
        self.parts.layout.first(partition, n)
    }

    /// The first `n` of those who are to own `partition`; `None` when that does not change.
    #[must_use]
    pub fn targets(&self, partition: PartitionId, n: u8) -> Option<&[Seat]> {
        let target = self.parts.target.as_ref()?;
        let is_same = target.owners(partition) == self.parts.layout.owners(partition);
        (!is_same).then(|| target.first(partition, n))
    }

    /// Who runs the commands of the owner among the first `n` of `partition`: the first of them
    /// that is not deposed, or the first.
    ///
    /// # Panics
    /// When `n` is zero.
    #[must_use]
    pub fn primary(&self, partition: PartitionId, n: u8) -> Seat {
        let owners = self.owners(partition, n);
        let is_fit = |seat: &&Seat| self.parts.deposed.binary_search(seat).is_err();
        owners.iter().find(is_fit).copied().unwrap_or(owners[0])
    }

    /// Whether `seat` is the primary of `partition` among the first so many, whatever their number.
    #[must_use]
    pub fn is_a_primary(&self, partition: PartitionId, seat: Seat) -> bool {
        (1..=self.replicas()).any(|n| self.primary(partition, n) == seat)
    }

    /// Since which epoch `partition` has the owners, the targets and the primary that it has.
    ///
    /// Requests about a partition carry this number, and who has another one refuses.
    #[must_use]
    pub fn since(&self, partition: PartitionId) -> Epoch {
        self.parts.since[usize::from(partition.0)]
    }

    /// Whether `seat` is among the owners of `partition`, or is to be.
    #[must_use]
    pub fn has_replica(&self, partition: PartitionId, seat: Seat) -> bool {
        let targets = self.parts.target.iter().flat_map(|target| target.owners(partition));
        self.parts.layout.owners(partition).iter().chain(targets).any(|owner| *owner == seat)
    }

    /// Who is to own a partition whose owners change, while the ring is moving.
    #[must_use]
    pub fn target_seats(&self) -> BTreeSet<Seat> {
        let targets = |partition| self.targets(partition, self.target_replicas());
        self.parts.partitions.iter().filter_map(targets).flatten().copied().collect()
    }

    /// The partitions that `seat` owns.
    pub fn owned_by(&self, seat: Seat) -> impl Iterator<Item = PartitionId> + '_ {
        self.parts.partitions.iter().filter(move |&p| self.parts.layout.owners(p).contains(&seat))
    }

    /// A number that equals another ring's only if both say the same about everything.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}
