//! The default strategy: rendezvous with bounded loads, as near to the ring before as can be.
//!
//! *Rendezvous* hashing (Thaler & Ravishankar 1998): hash a partition together with each seat, call
//! the result their distance, and let the nearest seats own the partition. Every node can work that
//! out by itself; a seat that goes leaves gaps for the next nearest and disturbs nothing else.
//! Its fault is chance: some seats are nearest to half as many partitions again as others.
//!
//! *Bounded loads* (Mirrokni, Thorup & Zadimoghaddam 2018): give each seat a capacity, and pass by
//! the seats that are full. They leave some capacity spare, so that a seat with room is always at
//! hand. Here capacities are exact *shares*, so the last partitions may find room only at seats
//! that may not take them; then partitions are passed on along a chain until one fits, as in
//! a maximum flow.
//!
//! How the lists are made, a file for each step:
//!
//! 1. `terms`, which all strategies share: who may own, and how many owners of one partition each zone has at least and at
//!    most.
//! 2. `share`: how many partitions each seat shall own, in proportion to weights.
//! 3. `claim`: owners of before stay; empty places go to the nearest with room in its share.
//! 4. `level`: what some own above their shares goes to those below, by `chain`s where it must.
//! 5. `primary`: one of each partition's owners becomes its primary, again by weights.
//! 6. here: the primary, the other owners from near to far, then the fallbacks from near to far,
//!    but first of all the nearest of those whose zone has the fewest of the owners.
//!
//! What is promised, the earlier before the later where both cannot be:
//!
//! - **Lists.** They name distinct seats of members that have a weight. Members, their weights and
//!   zones, and the ring before decide everything.
//! - **Zones.** Owners are spread as evenly as the zones have members: on distinct zones while there
//!   are enough of them. A member without a zone is a zone of its own. The only member of a zone
//!   may so come to own far more than its weight would have it.
//! - **Shares.** No seat could give a partition to another and leave both nearer to their weights
//!   (`(2a - 1) / weight <= (2b + 1) / weight` for any two that own `a` and `b`), unless zones
//!   forbid it or the other owns every partition already. So seats of one weight differ by one
//!   partition at most, in one zone always, and everywhere when no zone is at its limit.
//! - **Primaries.** The same for leads, as far as owning allows: no chain of leads passed on could
//!   bring two seats nearer. Without zones, seats of one weight differ by one lead at most; and
//!   zones seldom stand in the way of that.
//! - **Moves.** The fewest copies by which the shares can be met, but for a rare few: in 960,000
//!   random changes of 64 partitions, one in 3,000 copied more, and none more than 8 more. A member
//!   that joins equals without zones takes its share, and nothing else is copied; when one leaves,
//!   only what it owned is. Primaries are no data and change more freely.

mod chain;
mod claim;
#[cfg(test)]
pub(super) mod laws;
mod level;
mod primary;
pub(super) mod share;
#[cfg(test)]
mod tests;

use crate::ring::terms::Terms;

/// The preference lists, `width` candidates for each partition in order.
pub(super) fn place(terms: &Terms, width: usize) -> Vec<usize> {
    let shares = share::shares(terms);
    let owners = claim::owners(terms, &shares);
    let primaries = primary::primaries(terms, &owners);
    let mut lists = Vec::with_capacity(width * terms.partitions);
    for (partition, (owners, primary)) in owners.into_iter().zip(primaries).enumerate() {
        lists.extend(in_order(terms, partition, owners, primary, width));
    }
    lists
}

/// The owners and fallbacks of one partition.
fn in_order(
    terms: &Terms,
    partition: usize,
    mut owners: Vec<usize>,
    primary: usize,
    width: usize,
) -> Vec<usize> {
    owners.sort_by_key(|&owner| (owner != primary, terms.distance(owner, partition)));
    let outside = (0..terms.candidates.len()).filter(|candidate| !owners.contains(candidate));
    let mut others: Vec<_> = outside.map(|other| terms.distance(other, partition)).collect();
    let apart = |&(distance, other): &(u64, usize)| {
        (terms.crowd(&owners, terms.zone(other)), distance, other)
    };
    let first = others.iter().copied().min_by_key(apart);
    let rank = |other: &(u64, usize)| (Some(*other) != first, *other);
    let room = width - owners.len();
    if room < others.len() {
        others.select_nth_unstable_by_key(room, rank);
        others.truncate(room);
    }
    others.sort_unstable_by_key(rank);
    owners.extend(others.into_iter().map(|(_, other)| other));
    owners
}
