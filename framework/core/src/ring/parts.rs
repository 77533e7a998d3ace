//! A ring laid open: what peers are told of it and disks keep, and whether that is a ring.

use std::collections::BTreeSet;

use xxhash_rust::xxh3::Xxh3;

use crate::actor::Wall;
use crate::id::{ClusterId, Epoch, Seat};
use crate::key::Partitions;
use crate::ring::blueprint::check_seats;
use crate::ring::{Layout, Member, Reason, Ring, RingError, Strategy};

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
        self.parts.clone()
    }

    /// The ring of these, which are the parts of one.
    pub(super) fn of(parts: Parts) -> Self {
        let places = parts.members.iter().enumerate().map(|(at, member)| (member.seat(), at));
        let mut places: Vec<_> = places.collect();
        places.sort_unstable();
        Self { fingerprint: parts.fingerprint(), places, parts }
    }
}

impl Parts {
    /// Whether these are the parts of a ring.
    fn check(&self) -> Result<(), RingError> {
        let malformed = |what| Err(RingError::Malformed { what });
        let partitions = self.partitions.count() as usize;
        let seats: BTreeSet<_> = self.members.iter().map(Member::seat).collect();
        if !self.members.windows(2).all(|pair| pair[0].name < pair[1].name) {
            return malformed("its members are not in order");
        }
        check_seats(&self.members)?;
        let takes_any = self.strategy.takes_any_number_of_partitions();
        if !self.partitions.is_power_of_two() && !takes_any {
            let (partitions, strategy) = (self.partitions.count(), self.strategy);
            return Err(RingError::NotAPowerOfTwo { partitions, strategy });
        }
        if self.epoch == Epoch::NONE {
            return malformed("it has no epoch");
        }
        if self.since.len() != partitions || self.since.iter().any(|since| *since > self.epoch) {
            return malformed("its partitions are not laid out by its epoch");
        }
        let is_in_order = |seats: &[Seat]| seats.is_sorted_by(|one, other| one < other);
        if !is_in_order(&self.deposed) || !is_in_order(&self.voters) {
            return malformed("its seats are not in order");
        }
        if self.voters.is_empty() || !self.voters.iter().all(|seat| seats.contains(seat)) {
            return malformed("its voters are not its members");
        }
        for layout in self.target.iter().chain([&self.layout]) {
            if layout.lists().len() != partitions * layout.width() {
                return malformed("it has not one list for each partition");
            }
            if !layout.lists().iter().all(|seat| seats.contains(seat)) {
                return malformed("its owners are not its members");
            }
            if !layout.lists().chunks(layout.width()).all(is_distinct) {
                return malformed("a member is in a preference list twice");
            }
        }
        Ok(())
    }

    fn fingerprint(&self) -> u64 {
        let mut hash = Xxh3::new();
        let mut say = |bytes: &[u8]| {
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        let mut numbers = |numbers: &[u64]| {
            for number in numbers {
                say(&number.to_le_bytes());
            }
        };
        numbers(&[self.cluster.0, self.epoch.0, self.replicas.into(), self.is_held.into()]);
        numbers(&[self.strategy as u64, self.partitions.count().into(), self.reason as u64]);
        numbers(&[self.decided_at.0]);
        for seats in [&self.voters, &self.deposed] {
            numbers(&[seats.len() as u64]);
            seats.iter().for_each(|seat| numbers(&[seat.0]));
        }
        for layout in self.target.iter().chain([&self.layout]) {
            numbers(&[layout.fingerprint()]);
        }
        self.since.iter().for_each(|since| numbers(&[since.0]));
        for member in &self.members {
            let Member { name, zone, weight, id, vote, address, tenure } = member;
            say(name.as_str().as_bytes());
            say(zone.as_deref().unwrap_or_default().as_bytes());
            say(address.as_bytes());
            for number in [(*weight).into(), id.0, vote.0, *tenure as u64] {
                say(&u64::to_le_bytes(number));
            }
        }
        hash.digest()
    }
}

fn is_distinct(list: &[Seat]) -> bool {
    list.iter().enumerate().all(|(at, seat)| !list[..at].contains(seat))
}
