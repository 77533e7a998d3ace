//! The ring: for each partition, who owns it and who stands in.
//!
//! A ring is an immutable value. For each partition it has a *preference list* of seats on
//! distinct nodes: the first [`Ring::replicas`] are the partition's **owners**, the very first its
//! **primary**, those after them its **fallbacks** in order. Which list a partition gets is a pure
//! function of the members (see [`strategy`]), so every node derives the same ring by itself.

pub mod balanced;
mod distance;
pub mod full;
#[cfg(test)]
mod laws;
mod list;
pub mod modulo;
pub mod rendezvous;
pub mod report;
#[cfg(test)]
mod story;
pub mod strategy;
mod terms;
#[cfg(test)]
mod tests;
pub mod tokens;

use std::sync::Arc;

use thiserror::Error;
use xxhash_rust::xxh3::Xxh3;

use crate::id::{Epoch, NodeName, PartitionId, Seat};
use crate::key::{Key, Partitions};
use crate::quorum::REPLICAS_MAX;
use terms::Terms;

pub use strategy::Strategy;

/// Who may hold partitions, and how many of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name of its seat.
    pub name: NodeName,
    /// Where it stands: owners of a partition are spread over zones while there are enough.
    pub zone: Option<Arc<str>>,
    /// Its share of partitions in proportion to the others'; zero owns nothing.
    pub weight: u32,
}

impl Member {
    /// A member of weight 1 without a zone.
    #[must_use]
    pub fn new(name: NodeName) -> Self {
        Self { name, zone: None, weight: 1 }
    }
}

/// What a ring is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blueprint {
    /// The number of the ring in its chain.
    pub epoch: Epoch,
    /// How partitions are placed.
    pub strategy: Strategy,
    /// How many partitions there are.
    pub partitions: Partitions,
    /// How many owners each partition has, when there are so many members. [`Strategy::Full`]
    /// makes it their number.
    pub replicas: u8,
    /// The members, in any order.
    pub members: Vec<Member>,
}

/// Why no ring can be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RingError {
    /// Nobody could own anything.
    #[error("a ring needs at least one member with a weight above zero")]
    NoOwners,
    /// A name occurs twice.
    #[error("the name {name} occurs twice among the members")]
    DuplicateName {
        /// That name.
        name: NodeName,
    },
    /// Two names have one hash, so that their seats cannot be told apart.
    #[error("the names {one} and {other} have the same hash: rename one of them")]
    SeatCollision {
        /// The one.
        one: NodeName,
        /// The other.
        other: NodeName,
    },
    /// More owners per partition than a command can address, or none.
    #[error("{replicas} owners per partition: it must be 1 to {REPLICAS_MAX}")]
    Replicas {
        /// What was asked for.
        replicas: u8,
    },
    /// Every member would own everything, and there are more than a command can address.
    #[error(
        "the strategy full makes all {members} members owners: it takes {REPLICAS_MAX} at most"
    )]
    TooManyForFull {
        /// How many members have a weight above zero.
        members: usize,
    },
    /// A number of partitions that the strategy does not take.
    #[error("{partitions} partitions: the strategy {strategy} takes powers of two only")]
    NotAPowerOfTwo {
        /// How many were asked for.
        partitions: u32,
        /// The strategy.
        strategy: Strategy,
    },
}

/// Who owns what, at one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    epoch: Epoch,
    strategy: Strategy,
    partitions: Partitions,
    replicas: u8,
    members: Vec<Member>,
    width: usize,
    preference: Vec<Seat>,
    fingerprint: u64,
}

impl Ring {
    /// Places the partitions on the members by the blueprint's strategy; [`Strategy::Balanced`]
    /// does so as near to `previous` as balance allows.
    ///
    /// # Errors
    /// [`RingError`] when the blueprint cannot be a ring.
    pub fn build(blueprint: Blueprint, previous: Option<&Self>) -> Result<Self, RingError> {
        let Blueprint { epoch, strategy, partitions, replicas, mut members } = blueprint;
        if replicas == 0 || replicas > REPLICAS_MAX {
            return Err(RingError::Replicas { replicas });
        }
        if !partitions.is_power_of_two() && !strategy.takes_any_number_of_partitions() {
            return Err(RingError::NotAPowerOfTwo { partitions: partitions.count(), strategy });
        }
        members.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(pair) = members.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(RingError::DuplicateName { name: pair[0].name.clone() });
        }
        check_seats(&members)?;
        let owning = members.iter().filter(|member| member.weight > 0).count();
        if owning == 0 {
            return Err(RingError::NoOwners);
        }
        let replicas = match strategy {
            Strategy::Balanced | Strategy::Tokens | Strategy::Rendezvous | Strategy::Modulo => {
                replicas
            }
            Strategy::Full => full::replicas(&members)?,
        };
        let width = owning.min(usize::from(REPLICAS_MAX));
        let terms = Terms::new(&members, partitions, replicas, previous);
        let places = match strategy {
            Strategy::Balanced => balanced::place(&terms, width),
            Strategy::Tokens => tokens::place(&terms, partitions, width),
            Strategy::Rendezvous | Strategy::Full => rendezvous::place(&terms, width),
            Strategy::Modulo => modulo::place(&terms, width),
        };
        assert_eq!(places.len(), width * partitions.count() as usize, "a list per partition");
        let preference: Vec<_> = places.into_iter().map(|at| terms.candidates[at].seat).collect();
        let fingerprint = fingerprint(epoch, strategy, replicas, width, &preference);
        Ok(Self { epoch, strategy, partitions, replicas, members, width, preference, fingerprint })
    }

    /// The ring's number in its chain.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// How the partitions are placed.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// How many partitions there are.
    #[must_use]
    pub fn partitions(&self) -> Partitions {
        self.partitions
    }

    /// How many owners each partition has, when there are so many members.
    #[must_use]
    pub fn replicas(&self) -> u8 {
        self.replicas
    }

    /// The members in the order of their names.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member on `seat`.
    #[must_use]
    pub fn member(&self, seat: Seat) -> Option<&Member> {
        self.members.iter().find(|member| member.name.seat() == seat)
    }

    /// The partition that holds `key`.
    #[must_use]
    pub fn partition(&self, key: Key) -> PartitionId {
        self.partitions.of(key)
    }

    /// The preference list of `partition`: primary first, then the other owners, then fallbacks.
    #[must_use]
    pub fn preference(&self, partition: PartitionId) -> &[Seat] {
        let start = usize::from(partition.0) * self.width;
        &self.preference[start..start + self.width]
    }

    /// The first `n` of the preference list of `partition`, or all of it when it is shorter.
    #[must_use]
    pub fn owners(&self, partition: PartitionId, n: u8) -> &[Seat] {
        let list = self.preference(partition);
        &list[..list.len().min(usize::from(n))]
    }

    /// The partitions that `seat` owns.
    pub fn owned_by(&self, seat: Seat) -> impl Iterator<Item = PartitionId> + '_ {
        self.partitions.iter().filter(move |&p| self.owners(p, self.replicas).contains(&seat))
    }

    /// A number that equals another ring's only if both say the same about every partition, and
    /// were placed by one strategy: else they would part at the next change.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

fn check_seats(members: &[Member]) -> Result<(), RingError> {
    let mut seats: Vec<_> = members.iter().map(|m| (m.name.seat(), &m.name)).collect();
    seats.sort();
    match seats.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => {
            Err(RingError::SeatCollision { one: pair[0].1.clone(), other: pair[1].1.clone() })
        }
        None => Ok(()),
    }
}

fn fingerprint(
    epoch: Epoch,
    strategy: Strategy,
    replicas: u8,
    width: usize,
    preference: &[Seat],
) -> u64 {
    let mut hash = Xxh3::new();
    // The default goes without saying, so that releases which knew no other agree with this one.
    if strategy != Strategy::default() {
        hash.update(strategy.as_str().as_bytes());
    }
    hash.update(&epoch.0.to_le_bytes());
    hash.update(&[replicas]);
    hash.update(&(width as u64).to_le_bytes());
    for seat in preference {
        hash.update(&seat.0.to_le_bytes());
    }
    hash.digest()
}
