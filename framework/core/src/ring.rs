//! The ring: for each partition, who owns it and who stands in.
//!
//! A ring is an immutable value. For each partition it has a *preference list* of seats on
//! distinct nodes: the first [`Ring::replicas`] are the partition's **owners**, the very first its
//! **primary**, those after them its **fallbacks** in order. Which list a partition gets is a pure
//! function of the members (see [`balanced`]), so every node derives the same ring by itself.

pub mod balanced;
pub mod report;

use std::sync::Arc;

use thiserror::Error;
use xxhash_rust::xxh3::Xxh3;

use crate::id::{Epoch, NodeName, PartitionId, Seat};
use crate::key::{Key, Partitions};
use crate::quorum::REPLICAS_MAX;

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
    /// How many partitions there are.
    pub partitions: Partitions,
    /// How many owners each partition has, when there are so many members.
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
}

/// Who owns what, at one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    epoch: Epoch,
    partitions: Partitions,
    replicas: u8,
    members: Vec<Member>,
    width: usize,
    preference: Vec<Seat>,
    fingerprint: u64,
}

impl Ring {
    /// Places the partitions on the members with the [`balanced`] strategy, as near to
    /// `previous` as balance allows.
    ///
    /// # Errors
    /// [`RingError`] when the blueprint cannot be a ring.
    pub fn build(blueprint: Blueprint, previous: Option<&Self>) -> Result<Self, RingError> {
        let Blueprint { epoch, partitions, replicas, mut members } = blueprint;
        if replicas == 0 || replicas > REPLICAS_MAX {
            return Err(RingError::Replicas { replicas });
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
        let width = owning.min(usize::from(REPLICAS_MAX));
        let preference = balanced::place(&members, partitions, replicas, width, previous);
        assert_eq!(preference.len(), width * partitions.count() as usize, "a list per partition");
        let fingerprint = fingerprint(epoch, replicas, width, &preference);
        Ok(Self { epoch, partitions, replicas, members, width, preference, fingerprint })
    }

    /// The ring's number in its chain.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
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

    /// A number that equals another ring's only if both say the same about every partition.
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

fn fingerprint(epoch: Epoch, replicas: u8, width: usize, preference: &[Seat]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&epoch.0.to_le_bytes());
    hash.update(&[replicas]);
    hash.update(&(width as u64).to_le_bytes());
    for seat in preference {
        hash.update(&seat.0.to_le_bytes());
    }
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blueprint(names: &[&str]) -> Blueprint {
        let member = |name: &&str| Member::new(NodeName::new(name).unwrap());
        Blueprint {
            epoch: Epoch(1),
            partitions: Partitions::default(),
            replicas: 3,
            members: names.iter().map(member).collect(),
        }
    }

    #[test]
    fn the_order_in_which_members_were_seen_does_not_matter() {
        let one = Ring::build(blueprint(&["a", "b", "c"]), None).unwrap();
        let other = Ring::build(blueprint(&["c", "a", "b"]), None).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.fingerprint(), other.fingerprint());
    }

    #[test]
    fn a_preference_list_never_names_a_seat_twice() {
        let ring = Ring::build(blueprint(&["a", "b", "c", "d", "e"]), None).unwrap();
        for partition in ring.partitions().iter() {
            let mut list = ring.preference(partition).to_vec();
            list.sort();
            list.dedup();
            assert_eq!(list.len(), 5);
        }
    }

    #[test]
    fn impossible_blueprints_are_refused() {
        assert_eq!(Ring::build(blueprint(&[]), None).unwrap_err(), RingError::NoOwners);
        let name = NodeName::new("a").unwrap();
        let twice = Ring::build(blueprint(&["a", "b", "a"]), None).unwrap_err();
        assert_eq!(twice, RingError::DuplicateName { name });
        let none = Blueprint { replicas: 0, ..blueprint(&["a"]) };
        assert_eq!(Ring::build(none, None).unwrap_err(), RingError::Replicas { replicas: 0 });
    }
}
