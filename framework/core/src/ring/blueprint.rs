//! How a ring is made: the partitions are placed on the members.

use crate::actor::Wall;
use crate::id::Epoch;
use crate::key::Partitions;
use crate::quorum::REPLICAS_MAX;
use crate::ring::terms::Terms;
use crate::ring::{Layout, Member, Parts, Reason, Ring, RingError, Strategy};
use crate::ring::{balanced, change, full, modulo, rendezvous, tokens};

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
            cluster: previous.map(|ring| ring.cluster()).unwrap_or_default(),
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
}

/// The preference lists for `members`, which are in the order of their names.
pub(super) fn place(
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

/// Whether no two of `members` have one seat.
pub(super) fn check_seats(members: &[Member]) -> Result<(), RingError> {
    let mut seats: Vec<_> = members.iter().map(|m| (m.seat(), &m.name)).collect();
    seats.sort();
    match seats.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => {
            Err(RingError::SeatCollision { one: pair[0].1.clone(), other: pair[1].1.clone() })
        }
        None => Ok(()),
    }
}
