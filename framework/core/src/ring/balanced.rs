//! essay

mod chain;
mod claim;
mod distance;
mod level;
mod primary;
mod share;
mod terms;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

use crate::id::Seat;
use crate::key::Partitions;
use crate::ring::{Member, Ring};
use terms::Terms;

/// The preference lists, `width` seats for each partition in order.
pub(super) fn place(
    members: &[Member],
    partitions: Partitions,
    replicas: u8,
    width: usize,
    previous: Option<&Ring>,
) -> Vec<Seat> {
    let terms = Terms::new(members, partitions, replicas, previous);
    let shares = share::shares(&terms);
    let owners = claim::owners(&terms, &shares);
    let primaries = primary::primaries(&terms, &owners);
    let mut lists = Vec::with_capacity(width * terms.partitions);
    for (partition, (owners, primary)) in owners.into_iter().zip(primaries).enumerate() {
        let list = in_order(&terms, partition, owners, primary, width);
        lists.extend(list.into_iter().map(|candidate| terms.candidates[candidate].seat));
    }
    lists
}

/// The primary, the other owners from near to far, the first fallback, the others from near to far.
fn in_order(
    terms: &Terms,
    partition: usize,
    mut owners: Vec<usize>,
    primary: usize,
    width: usize,
) -> Vec<usize> {
    owners.sort_by_key(|&owner| (owner != primary, terms.distance(owner, partition)));
    let outside = (0..terms.candidates.len()).filter(|candidate| !owners.contains(candidate));
    let mut rest: Vec<_> = outside.map(|candidate| terms.distance(candidate, partition)).collect();
    let apart = |&&(distance, candidate): &&(u64, usize)| {
        (terms.crowd(&owners, terms.zone(candidate)), distance, candidate)
    };
    let Some(&first) = rest.iter().min_by_key(apart) else { return owners };
    rest.retain(|&other| other != first);
    let more = width - owners.len() - 1;
    if more < rest.len() {
        rest.select_nth_unstable(more);
        rest.truncate(more);
    }
    rest.sort_unstable();
    owners.push(first.1);
    owners.extend(rest.into_iter().map(|(_, candidate)| candidate));
    owners
}
