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
#[cfg(test)]
mod chains;
mod change;
mod distance;
pub mod full;
#[cfg(test)]
mod laws;
mod layout;
mod list;
mod member;
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

use std::collections::BTreeSet;

use thiserror::Error;

use crate::actor::Wall;
use crate::id::{ClusterId, Epoch, NodeName, PartitionId, Seat};
use crate::key::{Key, Partitions};
use crate::quorum::REPLICAS_MAX;
use terms::Terms;

pub use change::Reason;
pub use layout::Layout;
pub use member::{Member, Tenure};
pub use strategy::Strategy;

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
    /// What a peer or a disk says is no ring.
    #[error("that is no ring: {what}")]
    Malformed {
        /// What is wrong with it.
        what: &'static str,
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
    cluster: ClusterId,
    epoch: Epoch,
    strategy: Strategy,
    partitions: Partitions,
    replicas: u8,
    members: Vec<Member>,
    /// Where each member is among them, in the order of their seats.
    places: Vec<(Seat, usize)>,
    /// In order. Who decides what the next ring is.
    voters: Vec<Seat>,
    /// In order. Owners that are not primaries while there is another one.
    deposed: Vec<Seat>,
    layout: Layout,
    target: Option<Layout>,
    since: Vec<Epoch>,
    is_held: bool,
    reason: Reason,
    decided_at: Wall,
    fingerprint: u64,
}

/// All of a ring, laid open: what is said of it to peers, and kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// Which cluster it is of.
    pub cluster: ClusterId,
    /// Its number in its chain.
    pub epoch: Epoch,
    /// How its partitions are placed.
    pub strategy: Strategy,
    /// How many partitions there are.
    pub partitions: Partitions,
    /// How many owners each partition is to have.
    pub replicas: u8,
    /// The members in the order of their names.
    pub members: Vec<Member>,
    /// Who decides what the next ring is.
    pub voters: Vec<Seat>,
    /// Owners that are not primaries while there is another one.
    pub deposed: Vec<Seat>,
    /// Who owns what.
    pub layout: Layout,
    /// Who is to own what, while it is moving.
    pub target: Option<Layout>,
    /// By partition, the epoch since which it is laid out as it is.
    pub since: Vec<Epoch>,
    /// Whether an operator has put a stop to changes.
    pub is_held: bool,
    /// Why there is this ring.
    pub reason: Reason,
    /// When it was proposed, on its proposer's clock.
    pub decided_at: Wall,
}

impl Ring {
    /// Places the partitions on the members by the blueprint's strategy; [`Strategy::Balanced`]
    /// does so as near to `previous` as balance allows.
    ///
    /// # Errors
    /// [`RingError`] when the blueprint cannot be a ring.
    pub fn build(blueprint: Blueprint, previous: Option<&Self>) -> Result<Self, RingError> {
        let Blueprint { epoch, strategy, partitions, replicas, mut members } = blueprint;
        members.sort_by(|a, b| a.name.cmp(&b.name));
        let layout = place(strategy, partitions, replicas, &members, previous)?;
        let voters = change::choose_voters(&members);
        let parts = Parts {
            cluster: previous.map(|ring| ring.cluster).unwrap_or_default(),
            epoch,
            strategy,
            partitions,
            replicas,
            members,
            voters,
            deposed: Vec::new(),
            layout,
            target: None,
            since: vec![epoch; partitions.count() as usize],
            is_held: false,
            reason: Reason::Founded,
            decided_at: Wall::default(),
        };
        Ok(Self::of(parts))
    }

    fn of(parts: Parts) -> Self {
        let fingerprint = parts.fingerprint();
        let places = parts.members.iter().enumerate().map(|(at, member)| (member.seat(), at));
        let mut places: Vec<_> = places.collect();
        places.sort_unstable();
        let Parts { cluster, epoch, strategy, partitions, replicas, members, .. } = parts;
        let Parts { voters, deposed, layout, target, since, is_held, reason, decided_at, .. } =
            parts;
        Self {
            cluster,
            epoch,
            strategy,
            partitions,
            replicas,
            members,
            places,
            voters,
            deposed,
            layout,
            target,
            since,
            is_held,
            reason,
            decided_at,
            fingerprint,
        }
    }

    /// The ring that a peer has said, or a disk has kept.
    ///
    /// # Errors
    /// [`RingError`] when it is none: [`RingError::Malformed`] says what is wrong.
    pub fn from_parts(parts: Parts) -> Result<Self, RingError> {
        parts.check()?;
        Ok(Self::of(parts))
    }

    /// All of it.
    #[must_use]
    pub fn to_parts(&self) -> Parts {
        Parts {
            cluster: self.cluster,
            epoch: self.epoch,
            strategy: self.strategy,
            partitions: self.partitions,
            replicas: self.replicas,
            members: self.members.clone(),
            voters: self.voters.clone(),
            deposed: self.deposed.clone(),
            layout: self.layout.clone(),
            target: self.target.clone(),
            since: self.since.clone(),
            is_held: self.is_held,
            reason: self.reason,
            decided_at: self.decided_at,
        }
    }

    /// Which cluster it is of.
    #[must_use]
    pub fn cluster(&self) -> ClusterId {
        self.cluster
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
        self.layout.replicas()
    }

    /// The members in the order of their names.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member on `seat`.
    #[must_use]
    pub fn member(&self, seat: Seat) -> Option<&Member> {
        let at = self.places.binary_search_by_key(&seat, |(seat, _)| *seat).ok()?;
        Some(&self.members[self.places[at].1])
    }

    /// Who decides what the next ring is, in order.
    #[must_use]
    pub fn voters(&self) -> &[Seat] {
        &self.voters
    }

    /// Owners that are not primaries while there is another one, in order.
    #[must_use]
    pub fn deposed(&self) -> &[Seat] {
        &self.deposed
    }

    /// Whether partitions are being moved.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.target.is_some()
    }

    /// Whether an operator has put a stop to changes.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.is_held
    }

    /// Why there is this ring.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// When it was proposed, on its proposer's clock.
    #[must_use]
    pub fn decided_at(&self) -> Wall {
        self.decided_at
    }

    /// The partition that holds `key`.
    #[must_use]
    pub fn partition(&self, key: Key) -> PartitionId {
        self.partitions.of(key)
    }

    /// The preference list of `partition`: its owners, then fallbacks.
    #[must_use]
    pub fn preference(&self, partition: PartitionId) -> &[Seat] {
        self.layout.preference(partition)
    }

    /// The first `n` of the preference list of `partition`, or all of it when it is shorter.
    #[must_use]
    pub fn owners(&self, partition: PartitionId, n: u8) -> &[Seat] {
        self.layout.first(partition, n)
    }

    /// The first `n` of those who are to own `partition`; `None` when that does not change.
    #[must_use]
    pub fn targets(&self, partition: PartitionId, n: u8) -> Option<&[Seat]> {
        let target = self.target.as_ref()?;
        let is_same = target.owners(partition) == self.layout.owners(partition);
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
        let is_fit = |seat: &&Seat| self.deposed.binary_search(seat).is_err();
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
        self.since[usize::from(partition.0)]
    }

    /// Whether `seat` is among the owners of `partition`, or is to be.
    #[must_use]
    pub fn has_replica(&self, partition: PartitionId, seat: Seat) -> bool {
        let targets = self.target.iter().flat_map(|target| target.owners(partition));
        self.layout.owners(partition).iter().chain(targets).any(|owner| *owner == seat)
    }

    /// Who is to own a partition whose owners change, while the ring is moving.
    #[must_use]
    pub fn target_seats(&self) -> BTreeSet<Seat> {
        let targets = |partition| self.targets(partition, self.target_replicas());
        self.partitions.iter().filter_map(targets).flatten().copied().collect()
    }

    /// The partitions that `seat` owns.
    pub fn owned_by(&self, seat: Seat) -> impl Iterator<Item = PartitionId> + '_ {
        self.partitions.iter().filter(move |&p| self.layout.owners(p).contains(&seat))
    }

    /// A number that equals another ring's only if both say the same about everything.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }
}

/// The preference lists for `members`, which are in the order of their names.
fn place(
    strategy: Strategy,
    partitions: Partitions,
    replicas: u8,
    members: &[Member],
    previous: Option<&Ring>,
) -> Result<Layout, RingError> {
    if replicas == 0 || replicas > REPLICAS_MAX {
        return Err(RingError::Replicas { replicas });
    }
    if !partitions.is_power_of_two() && !strategy.takes_any_number_of_partitions() {
        return Err(RingError::NotAPowerOfTwo { partitions: partitions.count(), strategy });
    }
    if let Some(pair) = members.windows(2).find(|pair| pair[0].name == pair[1].name) {
        return Err(RingError::DuplicateName { name: pair[0].name.clone() });
    }
    check_seats(members)?;
    let owning = members.iter().filter(|member| member.weight > 0).count();
    if owning == 0 {
        return Err(RingError::NoOwners);
    }
    let replicas = match strategy {
        Strategy::Balanced | Strategy::Tokens | Strategy::Rendezvous | Strategy::Modulo => replicas,
        Strategy::Full => full::replicas(members)?,
    };
    let width = owning.min(usize::from(REPLICAS_MAX));
    let terms = Terms::new(members, partitions, replicas, previous);
    let places = match strategy {
        Strategy::Balanced => balanced::place(&terms, width),
        Strategy::Tokens => tokens::place(&terms, partitions, width),
        Strategy::Rendezvous | Strategy::Full => rendezvous::place(&terms, width),
        Strategy::Modulo => modulo::place(&terms, width),
    };
    assert_eq!(places.len(), width * partitions.count() as usize, "a list per partition");
    let lists = places.into_iter().map(|at| terms.candidates[at].seat).collect();
    Ok(Layout::new(replicas, width, lists))
}

fn check_seats(members: &[Member]) -> Result<(), RingError> {
    let mut seats: Vec<_> = members.iter().map(|m| (m.seat(), &m.name)).collect();
    seats.sort();
    match seats.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => {
            Err(RingError::SeatCollision { one: pair[0].1.clone(), other: pair[1].1.clone() })
        }
        None => Ok(()),
    }
}
